/* SPDX-License-Identifier: MIT */
/* The ways to a TPM that are compared. */
#include "bench.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <libtpms/tpm_error.h>
#include <libtpms/tpm_library.h>
#include <libtpms/tpm_memory.h>
#include <vtpmring/link.h>
#include <vtpmring/port_xen_user.h>

#define TIMEOUT_MS 60000

/* ---- through the chain ---- */

struct chain {
    struct vtpmring_port *port;
    struct vtpmring_front_link link;
};

static size_t chain_exchange(struct bench_target *target,
                             const struct bench_command *command,
                             uint8_t *response)
{
    struct chain *chain = target->state;
    size_t length = 0;
    enum vtpmring_status status =
        vtpmring_front_link_send(&chain->link, command->bytes, command->length);

    if (status == VTPMRING_OK)
        status = vtpmring_front_link_receive(
            &chain->link, response, BENCH_PACKET_MAX, &length, TIMEOUT_MS);
    if (status != VTPMRING_OK) {
        errno = 0;
        bench_die("%s through the chain: %s", command->name,
                  vtpmring_status_text(status));
    }
    return length;
}

void bench_target_chain(struct bench_target *target, const char *where,
                        unsigned device, unsigned poll_us)
{
    struct vtpmring_front_link_config config =
        VTPMRING_FRONT_LINK_CONFIG_DEFAULT;
    struct chain *chain = calloc(1, sizeof(*chain));
    enum vtpmring_status status;

    if (!chain)
        bench_die("no memory");
    config.device = device;
    config.poll_us = poll_us;
    config.connect_timeout_ms = TIMEOUT_MS;
    status = vtpmring_port_xen_user_open(VTPMRING_PORT_XEN_USER_FRONT, NULL,
                                         NULL, "bench", &chain->port);
    if (status == VTPMRING_OK)
        status = vtpmring_front_link_open(&chain->link, chain->port, &config);
    if (status != VTPMRING_OK) {
        errno = 0;
        bench_die("cannot connect device %u: %s", device,
                  vtpmring_status_text(status));
    }
    *target = (struct bench_target){where, chain_exchange, chain};
}

void bench_target_chain_close(struct bench_target *target)
{
    struct chain *chain = target->state;

    vtpmring_front_link_close(&chain->link);
    vtpmring_port_xen_user_close(chain->port);
    free(chain);
}

/* ---- libtpms in this process ---- */

static TPM_RESULT nothing(void)
{
    return TPM_SUCCESS;
}

static TPM_RESULT load_nothing(unsigned char **data, uint32_t *length,
                               uint32_t tpm_number, const char *name)
{
    (void)tpm_number;
    (void)name;
    *data = NULL;
    *length = 0;
    return TPM_RETRY;
}

static TPM_RESULT store_nowhere(const unsigned char *data, uint32_t length,
                                uint32_t tpm_number, const char *name)
{
    (void)data;
    (void)length;
    (void)tpm_number;
    (void)name;
    return TPM_SUCCESS;
}

static TPM_RESULT delete_nothing(uint32_t tpm_number, const char *name,
                                 TPM_BOOL must_exist)
{
    (void)tpm_number;
    (void)name;
    (void)must_exist;
    return TPM_SUCCESS;
}

static TPM_RESULT locality_zero(TPM_MODIFIER_INDICATOR *locality,
                                uint32_t tpm_number)
{
    (void)tpm_number;
    *locality = 0;
    return TPM_SUCCESS;
}

static TPM_RESULT no_presence(TPM_BOOL *presence, uint32_t tpm_number)
{
    (void)tpm_number;
    *presence = FALSE;
    return TPM_SUCCESS;
}

static size_t inprocess_exchange(struct bench_target *target,
                                 const struct bench_command *command,
                                 uint8_t *response)
{
    static unsigned char *buffer;
    static uint32_t buffer_size;
    unsigned char copy[BENCH_PACKET_MAX]; /* libtpms may write to it */
    uint32_t size = 0;

    (void)target;
    (void)response;
    memcpy(copy, command->bytes, command->length);
    if (TPMLIB_Process(&buffer, &size, &buffer_size, copy,
                       (uint32_t)command->length) != TPM_SUCCESS ||
        size > BENCH_PACKET_MAX) {
        errno = 0;
        bench_die("libtpms fails with %s", command->name);
    }
    memcpy(response, buffer, size);
    return size;
}

void bench_target_inprocess(struct bench_target *target)
{
    static const struct bench_command startup = {
        "startup", 12, {0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 0}};
    struct libtpms_callbacks callbacks = {
        .sizeOfStruct = sizeof(callbacks),
        .tpm_nvram_init = nothing,
        .tpm_nvram_loaddata = load_nothing,
        .tpm_nvram_storedata = store_nowhere,
        .tpm_nvram_deletename = delete_nothing,
        .tpm_io_init = nothing,
        .tpm_io_getlocality = locality_zero,
        .tpm_io_getphysicalpresence = no_presence,
    };

    errno = 0;
    if (TPMLIB_ChooseTPMVersion(TPMLIB_TPM_VERSION_2) != TPM_SUCCESS ||
        TPMLIB_RegisterCallbacks(&callbacks) != TPM_SUCCESS ||
        TPMLIB_MainInit() != TPM_SUCCESS)
        bench_die("cannot start libtpms");
    *target = (struct bench_target){"inprocess", inprocess_exchange, NULL};
    bench_expect(target, &startup, 0);
}

/* ---- swtpm ---- */

static size_t swtpm_exchange(struct bench_target *target,
                             const struct bench_command *command,
                             uint8_t *response)
{
    const int fd = (int)(intptr_t)target->state;
    ssize_t n = write(fd, command->bytes, command->length);

    if (n == (ssize_t)command->length)
        n = read(fd, response, BENCH_PACKET_MAX);
    if (n < 10)
        bench_die("swtpm does not answer %s", command->name);
    return (size_t)n;
}

void bench_target_swtpm(struct bench_target *target, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const uint64_t end = bench_now_ns() + 10000000000u;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof(address.sun_path))
        bench_die("too long: %s", path);
    memcpy(address.sun_path, path, strlen(path));
    while (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        if (bench_now_ns() > end)
            bench_die("cannot connect to %s", path);
        (void)poll(NULL, 0, 0);
    }
    *target =
        (struct bench_target){"swtpm", swtpm_exchange, (void *)(intptr_t)fd};
}

void bench_target_swtpm_close(struct bench_target *target)
{
    (void)close((int)(intptr_t)target->state);
}

void bench_expect(struct bench_target *target,
                  const struct bench_command *command, uint32_t code)
{
    uint8_t response[BENCH_PACKET_MAX];
    const size_t length = target->exchange(target, command, response);

    errno = 0;
    if (length < 10 || bench_code(response) != code)
        bench_die("%s/%s: answered with 0x%x, not 0x%x", command->name,
                  target->where, (unsigned)bench_code(response),
                  (unsigned)code);
}
