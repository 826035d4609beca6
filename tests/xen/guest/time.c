/* SPDX-License-Identifier: MIT */
/*
 * What a process of the guest gets from its TPM's device.
 *
 *     tpm_time DEVICE COUNT        how long GetRandom of 16 bytes takes: prints
 *                                  the count, then least, median, 90th
 *                                  percentile and most, in microseconds
 *     tpm_time DEVICE COUNT any    goes on after errors; prints how many right
 *                                  answers, other answers, and errors there
 *                                  were
 *
 * The exit code is 0 if it could do that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COUNT_MAX 100000u
#define RIGHT_SIZE 28

static const uint8_t get_random[12] = {0x80, 1, 0, 0,    0, 12,
                                       0,    0, 1, 0x7b, 0, 16};
static uint32_t took_us[COUNT_MAX];

static uint64_t now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* @return bytes of the response, or -1 */
static ssize_t ask(int fd, uint8_t response[4096])
{
    if (write(fd, get_random, sizeof(get_random)) != sizeof(get_random))
        return -1;
    return read(fd, response, 4096);
}

static bool is_right(const uint8_t *response, ssize_t length)
{
    static const uint8_t head[12] = {0x80, 1, 0, 0, 0, RIGHT_SIZE,
                                     0,    0, 0, 0, 0, 16};

    return length == RIGHT_SIZE && memcmp(response, head, sizeof(head)) == 0;
}

static int compare(const void *a, const void *b)
{
    const uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

    return (one > other) - (one < other);
}

static int measure(int fd, unsigned count)
{
    uint8_t response[4096];

    for (unsigned i = 0; i < count; i++) {
        const uint64_t start = now_us();
        const ssize_t length = ask(fd, response);

        took_us[i] = (uint32_t)(now_us() - start);
        if (!is_right(response, length)) {
            printf("command %u: %s\n", i,
                   length < 0 ? strerror(errno) : "another response");
            return 1;
        }
    }
    qsort(took_us, count, sizeof(took_us[0]), compare);
    printf("%u %u %u %u %u\n", count, took_us[0], took_us[count / 2],
           took_us[count * 9 / 10], took_us[count - 1]);
    return 0;
}

static int take_any(int fd, unsigned count)
{
    unsigned right = 0, other = 0, errors = 0;
    uint8_t response[4096];

    for (unsigned i = 0; i < count; i++) {
        const ssize_t length = ask(fd, response);

        if (length < 0)
            errors++;
        else if (is_right(response, length))
            right++;
        else
            other++;
    }
    printf("%u %u %u\n", right, other, errors);
    return 0;
}

int main(int argc, char **argv)
{
    const unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    int fd;

    if (argc < 3 || count == 0 || count > COUNT_MAX) {
        fprintf(stderr, "usage: tpm_time DEVICE COUNT [any]\n");
        return 2;
    }
    fd = open(argv[1], O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        perror(argv[1]);
        return 1;
    }
    return argc > 3 ? take_any(fd, (unsigned)count)
                    : measure(fd, (unsigned)count);
}
