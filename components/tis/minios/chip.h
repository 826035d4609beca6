/* SPDX-License-Identifier: MIT */
/**
 * @file chip.h
 * Between tpm_tis.c and its descriptors.
 */
#ifndef VTPMRING_MINIOS_CHIP_H
#define VTPMRING_MINIOS_CHIP_H

#include <vtpmring/minios_tis.h>
#include <vtpmring/tis.h>

struct tpm_chip {
    struct vtpmring_tis tis;
    void *registers;
    uint8_t allowed; /* localities, by bit */
    uint8_t locality;
    struct semaphore one; /* command at a time */
    uint8_t response[VTPMRING_TPM_COMMAND_MAX];
    int fd;          /* -1: there is none */
    uint8_t *answer; /* that it reads; NULL: there is none */
    size_t answer_length;
};

/**
 * Sends a command and waits for the response, which becomes the answer; that of
 * before is gone.
 * @return 0, or -1: then there is no answer
 */
int vtpmring_tpm_tis_keep(struct tpm_chip *chip, const void *command,
                          size_t length);

#endif
