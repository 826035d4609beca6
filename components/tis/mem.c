/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <vtpmring/tis_mem.h>

static uint8_t *at(void *context, uint32_t offset)
{
    const struct vtpmring_tis_mem *mem = context;

    return (uint8_t *)mem->registers + offset;
}

/* One access each, in the order of the program. */
static uint8_t read8(void *context, uint32_t offset)
{
    return __atomic_load_n(at(context, offset), __ATOMIC_ACQUIRE);
}

static void write8(void *context, uint32_t offset, uint8_t value)
{
    __atomic_store_n(at(context, offset), value, __ATOMIC_RELEASE);
}

static uint32_t *word(void *context, uint32_t offset)
{
    return (uint32_t *)(void *)at(context, offset);
}

static uint32_t read32(void *context, uint32_t offset)
{
    return __atomic_load_n(word(context, offset), __ATOMIC_ACQUIRE);
}

static void write32(void *context, uint32_t offset, uint32_t value)
{
    __atomic_store_n(word(context, offset), value, __ATOMIC_RELEASE);
}

static uint64_t now_us(void *context)
{
    struct timespec t;

    (void)context;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void delay_us(void *context, uint32_t us)
{
    struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};

    (void)context;
    (void)nanosleep(&t, NULL);
}

const struct vtpmring_tis_access vtpmring_tis_mem_access = {
    read8, write8, read32, write32, now_us, delay_us,
};

/* A device has no size; a file that ends too early would be a signal. */
static bool is_long_enough(int fd, uint64_t address)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return false;
    return !S_ISREG(st.st_mode) ||
           (uint64_t)st.st_size >= address + VTPMRING_TIS_SIZE;
}

/* The kernel reads a byte for us: it says EFAULT where we would be killed. */
static bool is_readable(const void *registers)
{
    int ends[2];
    bool readable;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    readable = write(ends[1], registers, 1) == 1;
    (void)close(ends[0]);
    (void)close(ends[1]);
    return readable;
}

static enum vtpmring_status refuse(struct vtpmring_tis_mem *mem, char *error,
                                   const char *path, uint64_t address,
                                   const char *advice)
{
    (void)snprintf(error, VTPMRING_TIS_MEM_ERROR_MAX,
                   "cannot map the TPM's registers at 0x%llx of %s: %s; %s",
                   (unsigned long long)address, path, strerror(errno), advice);
    vtpmring_tis_mem_close(mem);
    return VTPMRING_EPORT;
}

enum vtpmring_status
vtpmring_tis_mem_open(struct vtpmring_tis_mem *mem, const char *path,
                      uint64_t address, char error[VTPMRING_TIS_MEM_ERROR_MAX])
{
    static const char for_kernel[] =
        "boot the kernel with iomem=relaxed and without lockdown";
    int fd;

    mem->registers = NULL;
    if (address % 4096 != 0 || address > INT64_MAX - VTPMRING_TIS_SIZE) {
        (void)snprintf(error, VTPMRING_TIS_MEM_ERROR_MAX,
                       "0x%llx is no address of registers; give a multiple of "
                       "0x1000",
                       (unsigned long long)address);
        return VTPMRING_EINVAL;
    }
    fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return refuse(mem, error, path, address,
                      errno == EACCES ? "be root" : "is there such a file?");
    if (!is_long_enough(fd, address)) {
        (void)close(fd);
        errno = ENXIO;
        return refuse(mem, error, path, address, "the file ends before that");
    }
    mem->registers = mmap(NULL, VTPMRING_TIS_SIZE, PROT_READ | PROT_WRITE,
                          MAP_SHARED, fd, (off_t)address);
    (void)close(fd);
    if (mem->registers == MAP_FAILED) {
        mem->registers = NULL;
        return refuse(mem, error, path, address, for_kernel);
    }
    if (!is_readable(mem->registers))
        return refuse(mem, error, path, address,
                      "give the domain iomem=[\"fed40,5\"]");
    return VTPMRING_OK;
}

void vtpmring_tis_mem_close(struct vtpmring_tis_mem *mem)
{
    if (mem->registers != NULL)
        (void)munmap(mem->registers, VTPMRING_TIS_SIZE);
    mem->registers = NULL;
}
