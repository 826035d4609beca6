/* SPDX-License-Identifier: MIT */
#include "fake_manager.h"

#include "../../vtpmmgr/dispatch.h"

#include <string.h>
#include <vtpmring/link.h>
#include <vtpmring/port_xen_user.h>

struct fake_manager fake_manager;

static uint8_t answer[VTPMMGR_FRAME_MAX];
static size_t answer_len;
static enum { IDLE, ANSWERED, LATE, SILENT, FAILED } page;
static struct vtpmring_port the_port;

void fake_manager_reset(void)
{
    int links = fake_manager.links, ports = fake_manager.ports;

    memset(&fake_manager, 0, sizeof fake_manager);
    fake_manager.links = links;
    fake_manager.ports = ports;
    page = IDLE;
}

void fake_manager_fault(enum fake_fault fault, unsigned times)
{
    fake_manager.fault = fault;
    fake_manager.times = times;
}

static enum fake_fault next_fault(void)
{
    if (fake_manager.times == 0)
        return FAKE_NONE;
    fake_manager.times--;
    return fake_manager.fault;
}

static bool is_next(enum fake_fault fault)
{
    return fake_manager.times > 0 && fake_manager.fault == fault;
}

static uint32_t permit(void *context, enum vtpmmgr_access access)
{
    (void)context;
    return access == VTPMMGR_OWN ? VTPMMGR_SUCCESS : VTPMMGR_AUTHFAIL;
}

static uint32_t save(void *context, const struct vtpmmgr_request *request,
                     struct vtpmmgr_message *response)
{
    const struct vtpmmgr_span *key = &request->message.hash_key;

    (void)context;
    (void)response;
    memset(fake_manager.record, 0, sizeof fake_manager.record);
    memcpy(fake_manager.record, key->at, key->len);
    fake_manager.saves++;
    return VTPMMGR_SUCCESS;
}

static uint32_t load(void *context, const struct vtpmmgr_request *request,
                     struct vtpmmgr_message *response)
{
    (void)context;
    (void)request;
    response->hash_key =
        (struct vtpmmgr_span){fake_manager.record, VTPM_RECORD_SIZE};
    return VTPMMGR_SUCCESS;
}

static void carry_out(const uint8_t *frame, size_t len)
{
    struct vtpmmgr_handlers handlers = {.permit = permit};

    handlers.handle[vtpmmgr_place_of(VTPMMGR_SAVEHASHKEY)] = save;
    handlers.handle[vtpmmgr_place_of(VTPMMGR_LOADHASHKEY)] = load;
    answer_len =
        vtpmmgr_dispatch(&handlers, NULL, frame, len, answer, sizeof answer);
}

static void refuse(void)
{
    const uint32_t code = fake_manager.code;
    const uint8_t frame[] = {1,
                             0xc4,
                             0,
                             0,
                             0,
                             10,
                             (uint8_t)(code >> 24),
                             (uint8_t)(code >> 16),
                             (uint8_t)(code >> 8),
                             (uint8_t)code};

    memcpy(answer, frame, sizeof frame);
    answer_len = sizeof frame;
}

enum vtpmring_status
vtpmring_port_xen_user_open(unsigned roles, vtpmring_port_xen_user_log *log,
                            void *context, const char *prog,
                            struct vtpmring_port **port)
{
    (void)roles;
    (void)log;
    (void)context;
    (void)prog;
    fake_manager.ports++;
    *port = &the_port;
    return VTPMRING_OK;
}

void vtpmring_port_xen_user_close(struct vtpmring_port *port)
{
    fake_manager.ports -= port != NULL;
}

enum vtpmring_status
vtpmring_front_link_open(struct vtpmring_front_link *link,
                         struct vtpmring_port *port,
                         const struct vtpmring_front_link_config *config)
{
    (void)link;
    (void)port;
    if (is_next(FAKE_UNOPENED)) {
        (void)next_fault();
        return fake_manager.status;
    }
    page = IDLE;
    fake_manager.device = config->device;
    fake_manager.opens++;
    fake_manager.links++;
    return VTPMRING_OK;
}

enum vtpmring_status vtpmring_front_link_send(struct vtpmring_front_link *link,
                                              const void *command,
                                              size_t length)
{
    enum fake_fault fault = next_fault();

    (void)link;
    if (page != IDLE)
        return VTPMRING_AGAIN;
    if (fault == FAKE_UNSENT)
        return fake_manager.status;
    fake_manager.sends++;
    page = fault == FAKE_LATE                           ? LATE
           : fault == FAKE_SILENT                       ? SILENT
           : fault == FAKE_STATUS || fault == FAKE_DONE ? FAILED
                                                        : ANSWERED;
    if (fault == FAKE_CODE)
        refuse();
    else if (fault != FAKE_SILENT && fault != FAKE_STATUS)
        carry_out(command, length);
    if (fault == FAKE_BYTES) {
        memcpy(answer, fake_manager.bytes, fake_manager.bytes_len);
        answer_len = fake_manager.bytes_len;
    }
    return VTPMRING_OK;
}

enum vtpmring_status
vtpmring_front_link_receive(struct vtpmring_front_link *link, void *response,
                            size_t size, size_t *length, int timeout_ms)
{
    (void)link;
    (void)timeout_ms;
    *length = 0;
    switch (page) {
    case IDLE:
        return VTPMRING_ESTATE;
    case LATE:
        page = ANSWERED;
        return VTPMRING_AGAIN;
    case SILENT:
        return VTPMRING_AGAIN;
    case FAILED:
        page = IDLE;
        return fake_manager.status;
    default:
        break;
    }
    if (size < answer_len)
        return VTPMRING_ENOBUF;
    page = IDLE;
    memcpy(response, answer, answer_len);
    *length = answer_len;
    return VTPMRING_OK;
}

enum vtpmring_status
vtpmring_front_link_cancel(struct vtpmring_front_link *link)
{
    (void)link;
    fake_manager.cancels++;
    fake_manager.status = VTPMRING_CANCELED;
    if (page == SILENT)
        page = FAILED;
    return VTPMRING_OK;
}

static void end_link(void)
{
    page = IDLE;
    fake_manager.links--;
}

void vtpmring_front_link_abandon(struct vtpmring_front_link *link)
{
    (void)link;
    end_link();
}

void vtpmring_front_link_close(struct vtpmring_front_link *link)
{
    (void)link;
    end_link();
}
