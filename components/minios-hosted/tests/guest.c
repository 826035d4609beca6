/* SPDX-License-Identifier: MIT */
/*
 * An application of Mini-OS that uses its vTPM by the entry points of tpmfront.
 *
 *     minios_guest
 *
 * It reads lines from stdin and answers each with one on stdout:
 *
 *     open [NODE]     open | failed
 *     send HEX        response HEX | failed
 *     locality N      ok | failed
 *     limit MS        ok; longer commands are cancelled
 *     busy            how often another thread ran during the last command
 *     write HEX       written | failed: to a descriptor of the device
 *     read N          read HEX, from it
 *     size            what fstat() says of it
 *     close           closed; the descriptor, if there is one
 */
#include "hosted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mini-os/lib.h>
#include <mini-os/sched.h>
#include <mini-os/tpmfront.h>
#include <vtpmring/minios_front.h>

static struct tpmfront_dev *dev;
static unsigned turns, before;
static bool over;

/* The rest of the domain, which must not stand still while the TPM works. */
static void others(void *nothing)
{
    (void)nothing;
    while (!over) {
        turns++;
        msleep(1);
    }
}

static size_t bytes_of(const char *hex, uint8_t *bytes, size_t room)
{
    size_t length = 0;
    unsigned byte;

    while (length < room && sscanf(hex, "%2x", &byte) == 1) {
        bytes[length++] = (uint8_t)byte;
        hex += 2;
    }
    return length;
}

static void do_open(const char *node)
{
    dev = init_tpmfront(node[0] == '\0' ? NULL : node);
    puts(dev != NULL ? "open" : "failed");
}

static void print_bytes(const char *what, const uint8_t *bytes, size_t size)
{
    fputs(what, stdout);
    for (size_t i = 0; i < size; i++)
        printf("%02x", bytes[i]);
    puts("");
}

static void do_send(const char *hex)
{
    static uint8_t command[8192];
    const size_t length = bytes_of(hex, command, sizeof(command));
    uint8_t *response;
    size_t size;

    before = turns;
    if (tpmfront_cmd(dev, command, length, &response, &size) != 0) {
        puts("failed");
        return;
    }
    print_bytes("response ", response, size);
}

static void do_write(const char *hex)
{
    static uint8_t command[8192];
    const size_t length = bytes_of(hex, command, sizeof(command));
    const int fd = tpmfront_open(dev);
    const bool written = minios_write(fd, command, length) == (int)length;

    puts(written && tpmfront_open(dev) == fd ? "written" : "failed");
}

static void do_read(size_t count)
{
    static uint8_t bytes[8192];
    const int size = minios_read(tpmfront_open(dev), bytes, count);

    print_bytes("read ", bytes, size > 0 ? (size_t)size : 0);
}

static void do_size(void)
{
    struct stat about;

    (void)minios_fstat(tpmfront_open(dev), &about);
    printf("%ld\n", (long)about.st_size);
}

static void do_close(void)
{
    if (dev != NULL && dev->fd != -1)
        (void)minios_close(dev->fd);
    else
        shutdown_tpmfront(dev);
    dev = NULL;
    puts("closed");
}

static void do_line(char *line)
{
    char *rest = line + strcspn(line, " ");

    if (*rest != '\0')
        *rest++ = '\0';
    if (strcmp(line, "open") == 0) {
        do_open(rest);
    } else if (strcmp(line, "send") == 0) {
        do_send(rest);
    } else if (strcmp(line, "locality") == 0) {
        puts(tpmfront_set_locality(dev, atoi(rest)) == 0 ? "ok" : "failed");
    } else if (strcmp(line, "limit") == 0) {
        vtpmring_tpmfront_limit_ms = (unsigned)atoi(rest);
        puts("ok");
    } else if (strcmp(line, "busy") == 0) {
        printf("%u\n", turns - before);
    } else if (strcmp(line, "write") == 0) {
        do_write(rest);
    } else if (strcmp(line, "read") == 0) {
        do_read((size_t)atoi(rest));
    } else if (strcmp(line, "size") == 0) {
        do_size();
    } else {
        do_close();
    }
    (void)fflush(stdout);
}

static int app(void *nothing)
{
    static char line[20000];

    (void)nothing;
    (void)create_thread("others", others, NULL);
    while (fgets(line, sizeof(line), stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        do_line(line);
    }
    shutdown_tpmfront(dev);
    over = true;
    msleep(5);
    return 0;
}

int main(void)
{
    return minios_run(app, NULL);
}
