/* SPDX-License-Identifier: MIT */
/*
 * A manager for tests: keeps each vTPM's record in a file of its own, durably,
 * and misbehaves on order.
 *
 *   test_manager FOLDER
 *
 * Before each frame it looks for FOLDER/order, a word and a number:
 *   code N     refuses with status N
 *   bytes N    answers with N bytes of noise behind the header
 *   tag N      answers under tag N
 *   done N     carries it out, then as code N
 *   late N     answers after N ms
 *   silent 0   does not answer until it is cancelled
 */
#include "../../components/vtpm/uuid.h"
#include "../../components/vtpmmgr/dispatch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <vtpmring/link.h>
#include <vtpmring/port_xen_user.h>

#define DEVICES_MAX 16

/* A frontend and the vTPM that it is. */
struct sender {
    char uuid[40];
    bool open;
};

static const char *folder;
static struct vtpmring_back_set *set;
static struct sender senders[DEVICES_MAX];
static struct sender *current;
static atomic_bool aborted;
static uint8_t answer[VTPMMGR_FRAME_MAX];

static int open_record(const char *uuid, int flags)
{
    char path[300];

    (void)snprintf(path, sizeof path, "%s/%s", folder, uuid);
    return open(path, flags | O_CLOEXEC, 0600);
}

/* One vTPM, one domain. */
static uint32_t permit(void *context, enum vtpmmgr_access access)
{
    (void)context;
    if (access != VTPMMGR_OWN)
        return VTPMMGR_AUTHFAIL;
    for (int i = 0; i < DEVICES_MAX; i++)
        if (&senders[i] != current && senders[i].open &&
            strcmp(senders[i].uuid, current->uuid) == 0)
            return VTPMMGR_DISABLED;
    current->open = true;
    return VTPMMGR_SUCCESS;
}

static uint32_t save(void *context, const struct vtpmmgr_request *request,
                     struct vtpmmgr_message *response)
{
    const struct vtpmmgr_span *key = &request->message.hash_key;
    uint8_t record[64] = {0};
    int fd = open_record(current->uuid, O_WRONLY | O_CREAT);
    bool done;

    (void)context;
    (void)response;
    memcpy(record, key->at, key->len);
    done = fd >= 0 && pwrite(fd, record, sizeof record, 0) == sizeof record &&
           fdatasync(fd) == 0;
    (void)close(fd);
    return done ? VTPMMGR_SUCCESS : VTPMMGR_FAIL;
}

static uint32_t load(void *context, const struct vtpmmgr_request *request,
                     struct vtpmmgr_message *response)
{
    static uint8_t record[64];
    int fd = open_record(current->uuid, O_RDONLY);
    ssize_t n = 0;

    (void)context;
    (void)request;
    memset(record, 0, sizeof record);
    if (fd >= 0)
        n = pread(fd, record, sizeof record, 0);
    (void)close(fd);
    response->hash_key = (struct vtpmmgr_span){record, sizeof record};
    return n >= 0 ? VTPMMGR_SUCCESS : VTPMMGR_FAIL;
}

static size_t carry_out(const unsigned char *frame, size_t len)
{
    struct vtpmmgr_handlers handlers = {.permit = permit};

    handlers.handle[vtpmmgr_place_of(VTPMMGR_SAVEHASHKEY)] = save;
    handlers.handle[vtpmmgr_place_of(VTPMMGR_LOADHASHKEY)] = load;
    return vtpmmgr_dispatch(&handlers, NULL, frame, len, answer, sizeof answer);
}

static size_t header(unsigned tag, size_t len, unsigned code)
{
    const uint8_t bytes[] = {(uint8_t)(tag >> 8),
                             (uint8_t)tag,
                             0,
                             0,
                             (uint8_t)(len >> 8),
                             (uint8_t)len,
                             (uint8_t)(code >> 24),
                             (uint8_t)(code >> 16),
                             (uint8_t)(code >> 8),
                             (uint8_t)code};

    memcpy(answer, bytes, sizeof bytes);
    return len;
}

static bool read_order(char word[16], unsigned *n)
{
    char path[300];
    FILE *file;
    int fields;

    (void)snprintf(path, sizeof path, "%s/order", folder);
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    fields = fscanf(file, "%15s %u", word, n);
    (void)fclose(file);
    return fields == 2;
}

static void rest(unsigned ms)
{
    const struct timespec pause = {ms / 1000, (long)(ms % 1000) * 1000000};

    (void)nanosleep(&pause, NULL);
}

static size_t misbehave(const char *word, unsigned n,
                        const unsigned char *frame, size_t len)
{
    size_t done;

    if (strcmp(word, "code") == 0)
        return header(VTPMMGR_TAG_RSP, 10, n);
    if (strcmp(word, "silent") == 0) {
        while (!atomic_load(&aborted))
            rest(5);
        return header(VTPMMGR_TAG_RSP, 10, VTPMMGR_FAIL);
    }
    if (strcmp(word, "late") == 0)
        rest(n);
    done = carry_out(frame, len);
    if (strcmp(word, "done") == 0)
        return header(VTPMMGR_TAG_RSP, 10, n);
    if (strcmp(word, "tag") == 0)
        return header(n, done, 0);
    if (strcmp(word, "bytes") == 0) {
        memset(answer, 0x5a, sizeof answer);
        return header(VTPMMGR_TAG_RSP, 10 + n, 0);
    }
    return done;
}

static bool accept_device(void *context, struct vtpmring_back_device *device,
                          const char *text)
{
    uint8_t uuid[VTPM_UUID_SIZE];
    int i = 0;

    (void)context;
    while (i < DEVICES_MAX && senders[i].uuid[0] != '\0')
        i++;
    if (i == DEVICES_MAX || !vtpm_uuid_parse(text, uuid))
        return false;
    (void)snprintf(senders[i].uuid, sizeof senders[i].uuid, "%s", text);
    *vtpmring_back_device_user(device) = &senders[i];
    return true;
}

static size_t execute(void *context, struct vtpmring_back_device *device,
                      unsigned char *command, size_t length, uint8_t locality,
                      const unsigned char **response)
{
    char word[16];
    unsigned n;

    (void)context;
    (void)locality;
    current = *vtpmring_back_device_user(device);
    atomic_store(&aborted, false);
    *response = answer;
    return read_order(word, &n) ? misbehave(word, n, command, length)
                                : carry_out(command, length);
}

static void abort_command(void *context, struct vtpmring_back_device *device)
{
    (void)context;
    (void)device;
    atomic_store(&aborted, true);
}

static void disconnected(void *context, struct vtpmring_back_device *device)
{
    struct sender *sender = *vtpmring_back_device_user(device);

    (void)context;
    sender->open = false;
}

static void *control(void *context)
{
    (void)context;
    (void)vtpmring_back_set_control(set);
    return NULL;
}

static void on_signal(int number)
{
    (void)number;
    atomic_store(&aborted, true);
    vtpmring_back_set_stop(set);
}

int main(int argc, char **argv)
{
    static const struct vtpmring_back_set_ops ops = {
        .accept = accept_device,
        .execute = execute,
        .abort = abort_command,
        .disconnected = disconnected,
    };
    const struct vtpmring_back_set_config config = {
        .family = VTPMRING_TPM_12,
        .command_max = VTPMMGR_FRAME_MAX,
        .max_devices = DEVICES_MAX,
        .ops = &ops,
    };
    struct vtpmring_port *port;
    pthread_t thread;

    if (argc != 2)
        return 2;
    folder = argv[1];
    if (vtpmring_port_xen_user_open(VTPMRING_PORT_XEN_USER_BACK, NULL, NULL,
                                    "test_manager", &port) != VTPMRING_OK ||
        vtpmring_back_set_new(port, &config, &set) != VTPMRING_OK)
        return 1;
    (void)signal(SIGTERM, on_signal);
    if (pthread_create(&thread, NULL, control, NULL) != 0)
        return 1;
    (void)vtpmring_back_set_serve(set);
    (void)pthread_join(thread, NULL);
    vtpmring_back_set_free(set);
    vtpmring_port_xen_user_close(port);
    return 0;
}
