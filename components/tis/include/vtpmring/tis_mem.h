/* SPDX-License-Identifier: MIT */
/**
 * @file tis_mem.h
 * The registers of a hardware TPM for a program, mapped from /dev/mem.
 *
 * On Xen, a domain sees them if its configuration has iomem=["fed40,5"]; under
 * a kernel that guards what drivers could use, boot with iomem=relaxed. No
 * other driver may use the TPM at the same time.
 */
#ifndef VTPMRING_TIS_MEM_H
#define VTPMRING_TIS_MEM_H

#include <vtpmring/tis.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of room for the reason of a failure, with its NUL. */
#define VTPMRING_TIS_MEM_ERROR_MAX 256

/** Registers that are mapped; the context of vtpmring_tis_mem_access. */
struct vtpmring_tis_mem {
    void *registers; /**< VTPMRING_TIS_SIZE bytes; NULL: not mapped */
};

/** Access to mapped registers, with the monotonic clock and sleep. */
extern const struct vtpmring_tis_access vtpmring_tis_mem_access;

/**
 * Maps the registers, and reads one byte of them, so that memory that cannot be
 * read is an error here and not a signal later.
 * @param mem gets the mapping
 * @param path "/dev/mem", or a file of registers
 * @param address where they begin in it, a multiple of 4096
 * @param error gets VTPMRING_TIS_MEM_ERROR_MAX bytes after a failure: what is
 *        wrong and what to do, in one line
 * @retval VTPMRING_OK mapped
 * @retval VTPMRING_EINVAL no such address
 * @retval VTPMRING_EPORT refused by the system
 */
enum vtpmring_status
vtpmring_tis_mem_open(struct vtpmring_tis_mem *mem, const char *path,
                      uint64_t address, char error[VTPMRING_TIS_MEM_ERROR_MAX]);

/**
 * Unmaps them.
 * @param mem mapped or not
 */
void vtpmring_tis_mem_close(struct vtpmring_tis_mem *mem);

#ifdef __cplusplus
}
#endif

#endif
