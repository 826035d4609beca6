/* SPDX-License-Identifier: MIT */
/*
 * An application of Mini-OS that has the hardware TPM, by the entry points of
 * tpm_tis: it asks for random bytes, makes a key, and counts how often another
 * thread runs meanwhile. Prints what went wrong; the exit code is 0 if nothing
 * did.
 */
#include "hosted.h"

#include <stdio.h>
#include <string.h>

#include <mini-os/lib.h>
#include <mini-os/sched.h>
#include <mini-os/tpm_tis.h>
#include <vtpmring/minios_tis.h>

static const uint8_t get_random[12] = {0x80, 1, 0, 0,    0, 12,
                                       0,    0, 1, 0x7b, 0, 16};
/* TPM2_CreatePrimary of an RSA 2048 storage key: takes its time */
static const uint8_t create_primary[67] = {
    0x80, 0x02, 0, 0, 0,  67, 0, 0, 1,    0x31, 0x40, 0, 0, 7, 0,   0, 0,
    9,    0x40, 0, 0, 9,  0,  0, 0, 0,    0,    0,    4, 0, 0, 0,   0, 0,
    26,   0,    1, 0, 11, 0,  3, 0, 0x72, 0,    0,    0, 6, 0, 128, 0, 67,
    0,    16,   8, 0, 0,  0,  0, 0, 0,    0,    0,    0, 0, 0, 0,   0};
static unsigned turns;
static bool over;

static void others(void *nothing)
{
    (void)nothing;
    while (!over) {
        turns++;
        msleep(1);
    }
}

static int failed(const char *what)
{
    printf("%s\n", what);
    return 1;
}

static int ask(struct tpm_chip *chip, const uint8_t *command, size_t length,
               size_t *size)
{
    uint8_t copy[128], *response;
    int code;

    memcpy(copy, command, length);
    if (tpm_tis_cmd(chip, copy, length, &response, size) != 0)
        return -1;
    code = response[8] << 8 | response[9];
    free(response);
    return code;
}

static int use(struct tpm_chip *chip)
{
    unsigned before;
    size_t size;

    if (ask(chip, get_random, sizeof(get_random), &size) != 0 || size != 28)
        return failed("no random bytes");
    if (tpm_tis_request_locality(chip, 0) != 0)
        return failed("no locality 0");
    if (tpm_tis_request_locality(chip, 2) >= 0)
        return failed("a locality that was not allowed");
    before = turns;
    if (ask(chip, create_primary, sizeof(create_primary), &size) != 0)
        return failed("no key");
    if (turns - before < 2)
        return failed("the other thread stood still");
    if (ask(chip, get_random, 11, &size) != -1)
        return failed("a command that is none was sent");
    return ask(chip, get_random, sizeof(get_random), &size) != 0
               ? failed("no random bytes after that")
               : 0;
}

/* The descriptor ends the use of the chip. */
static int use_file(struct tpm_chip *chip)
{
    const int fd = tpm_tis_open(chip);
    uint8_t response[64];
    struct stat about;
    bool good;

    good = minios_read(fd, response, sizeof(response)) == 0 &&
           minios_write(fd, get_random, sizeof(get_random)) ==
               (int)sizeof(get_random) &&
           minios_fstat(fd, &about) == 0 && about.st_size == 28 &&
           minios_read(fd, response, 10) == 10 && response[5] == 28 &&
           minios_read(fd, response, sizeof(response)) == 18 &&
           minios_read(fd, response, sizeof(response)) == 0 &&
           minios_write(fd, get_random, 11) == -1 &&
           minios_read(fd, response, sizeof(response)) == 0 &&
           tpm_tis_open(chip) == fd;
    (void)minios_close(fd);
    return good ? 0 : failed("the descriptor");
}

static int app(void *nothing)
{
    struct tpm_chip *chip;
    int code;

    (void)nothing;
    if (init_tpm_tis(0x100000, TPM_TIS_EN_LOCL0, 0) != NULL)
        return failed("a TPM where there is none");
    chip = init_tpm2_tis(0, TPM_TIS_EN_LOCL0, 0);
    if (chip == NULL)
        return failed("no TPM");
    (void)create_thread("others", others, NULL);
    code = use(chip);
    if (code == 0)
        code = use_file(chip);
    else
        shutdown_tpm_tis(chip);
    over = true;
    msleep(5);
    return code;
}

int main(void)
{
    return minios_run(app, NULL);
}
