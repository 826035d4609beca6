/* SPDX-License-Identifier: MIT */
/*
 * Starts another kernel in a guest:
 *
 *     xen_kexec KERNEL INITRD CMDLINE
 *
 * By kexec_file_load(2), which needs no more than the files; kexec-tools are of
 * no use in a guest of Xen.
 */
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_file(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        perror(path);
    return fd;
}

int main(int argc, char **argv)
{
    int kernel, initrd;

    if (argc != 4) {
        fprintf(stderr, "usage: xen_kexec KERNEL INITRD CMDLINE\n");
        return 2;
    }
    kernel = open_file(argv[1]);
    initrd = open_file(argv[2]);
    if (kernel < 0 || initrd < 0)
        return 1;
    if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[3]) + 1,
                argv[3], 0ul) != 0) {
        perror("kexec_file_load");
        return 1;
    }
    (void)syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
                  LINUX_REBOOT_CMD_KEXEC, NULL);
    perror("reboot");
    return 1;
}
