/* SPDX-License-Identifier: MIT */
/*
 * An application of Mini-OS that serves frontends by the entry points of
 * tpmback. It is no TPM, but answers like one:
 *
 *     GetRandom of n bytes    n bytes, each the domain's number
 *     0x20000001              after half a second: an empty response
 *     0x20000002              a response that is too long to be sent
 *     0x20000003              no response at all
 *     0x20000004              UUID, number of commands of this connection
 *                             (u32), and of frontends (u32)
 *     0x20000005              an empty response; then it ends in order
 *     0x20000006              how many commands there have been (u32)
 *     all else                TPM_RC_COMMAND_CODE
 *
 * On stdout it says who comes and goes.
 */
#include "hosted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mini-os/sched.h>
#include <mini-os/tpmback.h>
#include <vtpmring/minios_back.h>

#define HEADER 10u
#define UUID_SIZE 16u

static uint8_t response[20000];
static uint32_t commands;
static bool over;

static void put32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * (3 - i));
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
           (uint32_t)at[2] << 8 | at[3];
}

static void opened(domid_t domid, unsigned handle)
{
    printf("open %u/%u\n", domid, handle);
    (void)fflush(stdout);
}

static void closed(domid_t domid, unsigned handle)
{
    printf("close %u/%u\n", domid, handle);
    free(tpmback_get_opaque(domid, handle));
    (void)tpmback_set_opaque(domid, handle, NULL);
    (void)fflush(stdout);
}

static unsigned answer(uint32_t code, unsigned length)
{
    response[0] = 0x80;
    response[1] = 1;
    put32(response + 2, length);
    put32(response + 6, code);
    return length;
}

static unsigned about(const tpmcmd_t *command)
{
    const unsigned char *uuid =
        tpmback_get_uuid(command->domid, command->handle);

    memcpy(response + HEADER, uuid, UUID_SIZE);
    put32(response + HEADER + UUID_SIZE, *(uint32_t *)command->opaque);
    put32(response + HEADER + UUID_SIZE + 4, (uint32_t)tpmback_num_frontends());
    return answer(0, HEADER + UUID_SIZE + 8);
}

static unsigned random_bytes(const tpmcmd_t *command)
{
    unsigned count =
        command->req_len == HEADER + 2
            ? (unsigned)command->req[HEADER] << 8 | command->req[HEADER + 1]
            : 0;

    if (count > 4096 - HEADER - 2)
        return answer(0x1d5, HEADER);
    response[HEADER] = (uint8_t)(count >> 8);
    response[HEADER + 1] = (uint8_t)count;
    memset(response + HEADER + 2, command->domid, count);
    return answer(0, HEADER + 2 + count);
}

static unsigned execute(const tpmcmd_t *command)
{
    switch (get32(command->req + 6)) {
    case 0x17b:
        return random_bytes(command);
    case 0x20000001:
        msleep(500);
        return answer(0, HEADER);
    case 0x20000002:
        return answer(0, sizeof(response));
    case 0x20000004:
        return about(command);
    case 0x20000005:
        over = true;
        return answer(0, HEADER);
    case 0x20000006:
        put32(response + HEADER, commands);
        return answer(0, HEADER + 4);
    default:
        return answer(0x143, HEADER);
    }
}

static void count(tpmcmd_t *command)
{
    if (command->opaque == NULL) {
        command->opaque = calloc(1, sizeof(uint32_t));
        (void)tpmback_set_opaque(command->domid, command->handle,
                                 command->opaque);
    }
    ++*(uint32_t *)command->opaque;
}

static int app(void *nothing)
{
    tpmcmd_t *command;

    (void)nothing;
    vtpmring_tpmback_family = VTPMRING_TPM_20;
    init_tpmback(opened, closed);
    while (!over && (command = tpmback_req_any()) != NULL) {
        commands++;
        count(command);
        if (get32(command->req + 6) != 0x20000003) {
            command->resp = response;
            command->resp_len = execute(command);
        }
        tpmback_resp(command);
    }
    /* the answer to the last one is on its way */
    msleep(50);
    shutdown_tpmback();
    puts("ended");
    return 0;
}

int main(void)
{
    return minios_run(app, NULL);
}
