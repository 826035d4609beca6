/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sealed.h"

#include "../wire.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

int sealed_page(int more_seals)
{
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    int error;
    int fd = memfd_create("simxen", flags | MFD_NOEXEC_SEAL);

    if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
        fd = memfd_create("simxen", flags);
    if (fd < 0)
        return -errno;
    if (ftruncate(fd, (off_t)SIMXEN_PAGE_SIZE) == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | more_seals) == 0)
        return fd;
    error = -errno;
    close(fd);
    return error;
}

void *sealed_map(int fd)
{
    void *page =
        mmap(NULL, SIMXEN_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    return page == MAP_FAILED ? NULL : page;
}

int fd_reopen(int fd, int flags)
{
    char path[32];
    int again;

    if (fd < 0)
        return -EBADF;
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    again = open(path, flags | O_CLOEXEC);
    return again < 0 ? -errno : again;
}
