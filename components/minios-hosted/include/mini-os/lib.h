/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_LIB_H
#define MINIOS_HOSTED_LIB_H

#include <mini-os/console.h>
#include <mini-os/types.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

domid_t get_domid(void);

struct file {
    unsigned int type;
    bool read; /* there is something to read */
    off_t offset;
    union {
        int fd;
        void *dev;
        void *filedata;
    };
};

struct file_ops {
    const char *name;
    int (*read)(struct file *file, void *buf, size_t nbytes);
    int (*write)(struct file *file, const void *buf, size_t nbytes);
    off_t (*lseek)(struct file *file, off_t offset, int whence);
    int (*close)(struct file *file);
    int (*fstat)(struct file *file, struct stat *buf);
    int (*fcntl)(struct file *file, int cmd, va_list args);
    bool (*select_rd)(struct file *file);
    bool (*select_wr)(struct file *file);
};

unsigned int alloc_file_type(const struct file_ops *ops);
int alloc_fd(unsigned int type);
struct file *get_file_from_fd(int fd);
off_t lseek_default(struct file *file, off_t offset, int whence);
bool select_yes(struct file *file);
bool select_read_flag(struct file *file);

#endif
