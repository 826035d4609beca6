/* SPDX-License-Identifier: MIT */
#include "os_memory.h"
#include "fuzz.h"
#include "os.h"

#include <string.h>

struct os_memory os_memory;
static uint64_t random_state;

void os_random_begin(void)
{
    random_state = 0x9e3779b97f4a7c15u;
}

/* Instead of OpenSSL's: a finding must repeat. */
int __wrap_RAND_priv_bytes(unsigned char *to, int n);
int __wrap_RAND_priv_bytes(unsigned char *to, int n)
{
    for (int i = 0; i < n; i++) {
        random_state ^= random_state >> 12;
        random_state ^= random_state << 25;
        random_state ^= random_state >> 27;
        to[i] = (unsigned char)(random_state >> 24);
    }
    return 1;
}

static void take(struct vtpm_os_file *file, const char *path)
{
    *file = (struct vtpm_os_file){
        .fd = 7, .size = os_memory.size, .path = path, .published = true};
    os_memory.opened++;
}

enum vtpm_status vtpm_os_open(struct vtpm_os_file *file, const char *path,
                              enum vtpm_os_mode mode, struct vtpm_error *err)
{
    file->fd = -1;
    if (os_memory.size == SIZE_MAX)
        return vtpm_fail(err, VTPM_EUNPROVISIONED, "%s is not there", path);
    if (mode == VTPM_OS_OWN && os_memory.opened > 0)
        return vtpm_fail(err, VTPM_EBUSY, "%s is busy", path);
    take(file, path);
    return VTPM_OK;
}

enum vtpm_status vtpm_os_create(struct vtpm_os_file *file, const char *path,
                                struct vtpm_error *err)
{
    (void)err;
    os_memory.size = 0;
    take(file, path);
    return VTPM_OK;
}

enum vtpm_status vtpm_os_publish(struct vtpm_os_file *file,
                                 struct vtpm_error *err)
{
    (void)err;
    file->published = true;
    return VTPM_OK;
}

enum vtpm_status vtpm_os_allocate(struct vtpm_os_file *file, uint64_t size,
                                  struct vtpm_error *err)
{
    if (size > OS_DISK_MAX)
        return vtpm_fail(err, VTPM_ENOSPACE, "the disk is full");
    memset(os_memory.disk, 0, sizeof(os_memory.disk));
    os_memory.size = file->size = (size_t)size;
    return VTPM_OK;
}

enum vtpm_status vtpm_os_read(struct vtpm_os_file *file, uint64_t offset,
                              void *to, size_t len, struct vtpm_error *err)
{
    if (offset > file->size || len > file->size - offset)
        return vtpm_fail(err, VTPM_ECORRUPT, "cut off");
    memcpy(to, os_memory.disk + offset, len);
    return VTPM_OK;
}

enum vtpm_status vtpm_os_write(struct vtpm_os_file *file, uint64_t offset,
                               const void *from, size_t len,
                               struct vtpm_error *err)
{
    (void)err;
    fuzz_check(offset <= file->size && len <= file->size - offset,
               "a write beyond the store");
    memcpy(os_memory.disk + offset, from, len);
    os_memory.written++;
    return VTPM_OK;
}

enum vtpm_status vtpm_os_sync(struct vtpm_os_file *file, struct vtpm_error *err)
{
    (void)file;
    (void)err;
    return VTPM_OK;
}

enum vtpm_status vtpm_os_settle(struct vtpm_os_file *file,
                                struct vtpm_error *err)
{
    return vtpm_os_sync(file, err);
}

void vtpm_os_close(struct vtpm_os_file *file)
{
    if (file->fd >= 0)
        os_memory.opened--;
    file->fd = -1;
}

enum vtpm_status vtpm_os_read_secret(const char *path, uint8_t *to, size_t cap,
                                     size_t *len, struct vtpm_error *err)
{
    (void)path;
    (void)err;
    *len = os_memory.secret_len < cap ? os_memory.secret_len : cap;
    memcpy(to, os_memory.secret, *len);
    return VTPM_OK;
}

enum vtpm_status vtpm_os_write_secret(const char *path, const uint8_t *from,
                                      size_t len, struct vtpm_error *err)
{
    (void)path;
    (void)from;
    (void)len;
    return vtpm_fail(err, VTPM_EEXISTS, "the secret is there");
}
