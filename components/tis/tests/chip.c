/* SPDX-License-Identifier: MIT */
/* tis_chip [--stay] FILE: a TPM 2.0 that has its CRB registers in a file, which
 * programs map as they would /dev/mem. Address 0 of the file is that of locality
 * 0. Prints a line when the registers are valid; ends with its parent, or stays. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <libtpms/tpm_library.h>

#include "model.h"

#define AT(offset) ((_Atomic uint32_t *)(void *)(registers + (offset)))
#define ROOM 0xf80u

static uint8_t *registers;
static atomic_bool running;

static void nap(void)
{
    const struct timespec t = {0, 20000};

    (void)nanosleep(&t, NULL);
}

/* TPM_LOC_CTRL: what is asked for is granted, as there is nobody else. */
static void locality(void)
{
    uint32_t asked = atomic_exchange(AT(0x08), 0);

    if ((asked & 1) != 0) {
        atomic_store(AT(0x0c), 1);
        atomic_store(AT(0x00), 0x83);
    }
    if ((asked & 2) != 0) {
        atomic_store(AT(0x0c), 0);
        atomic_store(AT(0x00), 0x81);
        atomic_store(AT(0x44), 2);
    }
}

/* TPM_CRB_CTRL_REQ */
static void power(void)
{
    uint32_t asked = atomic_load(AT(0x40));

    if (asked == 0)
        return;
    atomic_store(AT(0x44), asked == 1 ? 0 : 2);
    atomic_store(AT(0x40), 0);
}

/* TPM_CRB_CTRL_START */
static void run(void)
{
    uint8_t command[ROOM], response[4096];
    size_t size;

    if (atomic_load(AT(0x4c)) != 1)
        return;
    memcpy(command, registers + 0x80, sizeof(command));
    size = (size_t)command[2] << 24 | (size_t)command[3] << 16 |
           (size_t)command[4] << 8 | command[5];
    if (size > ROOM || atomic_load(AT(0x44)) != 0) {
        (void)fprintf(stderr, "tis_chip: a driver does not know CRB\n");
        _exit(1);
    }
    atomic_store(&running, true);
    size = engine_execute(command, size, response, 0);
    atomic_store(&running, false);
    memcpy(registers + 0x80, response, size < ROOM ? size : ROOM);
    atomic_store(AT(0x4c), 0);
}

/* TPM_CRB_CTRL_CANCEL, while the other thread executes. */
static void *cancel(void *nothing)
{
    for (;;) {
        if (atomic_load(&running) && atomic_load(AT(0x48)) == 1)
            (void)TPMLIB_CancelCommand();
        nap();
    }
    return nothing;
}

static void power_on(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || ftruncate(fd, VTPMRING_TIS_SIZE) != 0)
        goto failed;
    registers = mmap(NULL, VTPMRING_TIS_SIZE, PROT_READ | PROT_WRITE,
                     MAP_SHARED, fd, 0);
    if (registers == MAP_FAILED)
        goto failed;
    (void)close(fd);
    memset(registers, 0, VTPMRING_TIS_SIZE);
    atomic_store(AT(0x30), 0x4011);
    atomic_store(AT(0x34), 0x12345678);
    atomic_store(AT(0x44), 2);
    atomic_store(AT(0x58), ROOM);
    atomic_store(AT(0x5c), 0x80);
    atomic_store(AT(0x64), ROOM);
    atomic_store(AT(0x68), 0x80);
    engine_begin(VTPMRING_TPM_20);
    atomic_store(AT(0x00), 0x81);
    return;
failed:
    perror(path);
    exit(1);
}

int main(int argc, char **argv)
{
    const bool stay = argc == 3 && strcmp(argv[1], "--stay") == 0;
    pthread_t thread;

    if (argc != 2 && !stay) {
        (void)fprintf(stderr, "usage: tis_chip [--stay] FILE\n");
        return 2;
    }
    if (!stay)
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    power_on(argv[argc - 1]);
    if (pthread_create(&thread, NULL, cancel, NULL) != 0)
        return 1;
    (void)puts("on");
    (void)fflush(stdout);
    for (;;) {
        locality();
        power();
        run();
        nap();
    }
}
