/* SPDX-License-Identifier: MIT */
/* Memory of a device: the file that MINIOS_IOMEM names. */
#include "hosted.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mini-os/ioremap.h>
#include <mini-os/iorw.h>

/* Where there is no device, all bits are read as ones. */
static void *nothing(unsigned long size)
{
    void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return mapped == MAP_FAILED ? NULL : memset(mapped, 0xff, size);
}

void *ioremap_nocache(unsigned long phys_addr, unsigned long size)
{
    const char *path = getenv("MINIOS_IOMEM");
    void *mapped = MAP_FAILED;
    struct stat status;
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;

    if (fd >= 0 && fstat(fd, &status) == 0 &&
        phys_addr + size <= (unsigned long)status.st_size)
        mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                      (off_t)phys_addr);
    if (fd >= 0)
        (void)close(fd);
    return mapped == MAP_FAILED ? nothing(size) : mapped;
}

void iounmap(void *address, unsigned long size)
{
    (void)munmap(address, size);
}

uint8_t ioread8(volatile void *address)
{
    return __atomic_load_n((volatile uint8_t *)address, __ATOMIC_SEQ_CST);
}

uint32_t ioread32(volatile void *address)
{
    return __atomic_load_n((volatile uint32_t *)address, __ATOMIC_SEQ_CST);
}

void iowrite8(volatile void *address, uint8_t value)
{
    __atomic_store_n((volatile uint8_t *)address, value, __ATOMIC_SEQ_CST);
}

void iowrite32(volatile void *address, uint32_t value)
{
    __atomic_store_n((volatile uint32_t *)address, value, __ATOMIC_SEQ_CST);
}
