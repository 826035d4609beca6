/* SPDX-License-Identifier: MIT */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vtpmring/xenbus.h>

/* More than any store holds: beyond it, the manager makes them up. */
#define VTPMS_MAX (1u << 24)
#define GROUPS_MAX (1u << 20)
#define LIST_TRIES 5

enum ctl_code ctl_client_open(struct ctl_client *client,
                              const struct ctl_args *args,
                              struct vtpm_error *err)
{
    const char *via = args->via ? args->via : CTL_VIA_DEFAULT;
    uint32_t number;

    client->status = VTPMMGR_SUCCESS;
    if (strncmp(via, "unix:", 5) == 0 && via[5])
        return ctl_socket_open(&client->transport, via + 5, args->timeout_ms,
                               err);
    if (strncmp(via, "device:", 7) == 0 &&
        vtpmring_xenbus_parse_number(via + 7, strlen(via + 7), UINT16_MAX,
                                     &number) == VTPMRING_OK)
        return ctl_device_open(&client->transport, number, args->timeout_ms,
                               err);
    return ctl_mistake(err, "--via takes unix:PATH or device:N: %s", via);
}

void ctl_client_close(struct ctl_client *client)
{
    client->transport->close(client->transport);
}

/* What the administrator can do about it. */
static const char *reason_of(uint32_t status)
{
    switch (status) {
    case VTPMMGR_AUTHFAIL:
        return "you are not an administrator; use the manager's socket, or a "
               "vTPM with the flag admin";
    case VTPMMGR_BADINDEX:
        return "there is no such group; see vtpmctl group list";
    case VTPMMGR_BAD_PARAMETER:
        return "it does not take that: no such vTPM, or one that is there "
               "already; see vtpmctl vtpm list";
    case VTPMMGR_DISABLED:
        return "the vTPM is in use, or its label is not allowed; end the "
               "domain that uses it first";
    case VTPMMGR_FAIL:
        return "it did not work; the manager's log says why";
    case VTPMMGR_BAD_ORDINAL:
        return "this manager does not know the command; it is of another "
               "version, or has no hardware TPM";
    case VTPMMGR_NOSPACE:
        return "its store is full; remove vTPMs, or make a bigger store";
    case VTPMMGR_SIZE:
        return "the answer is too long for one frame";
    case VTPMMGR_BADTAG:
        return "what answers is not the manager; check --via";
    case VTPMMGR_RETRY:
        return "not now; try again";
    default:
        return "the manager's log says why";
    }
}

enum ctl_code ctl_ask(struct ctl_client *client, enum vtpmmgr_ordinal ordinal,
                      const struct vtpmmgr_message *request,
                      struct vtpmmgr_message *response, struct vtpm_error *err)
{
    const struct vtpmmgr_command *command =
        vtpmmgr_command_find(VTPMMGR_TAG_REQ2, ordinal);
    uint8_t frame[VTPMMGR_FRAME_MAX];
    size_t len, answered = 0;
    enum ctl_code code;

    memset(response, 0, sizeof *response);
    len = vtpmmgr_request_encode(command, request, frame, sizeof frame);
    if (len == 0)
        return ctl_mistake(err, "that does not fit the manager's protocol");
    code = client->transport->exchange(client->transport, frame, len,
                                       client->frame, &answered, err);
    if (code != CTL_OK)
        return code;
    if (!vtpmmgr_response_decode(command, request,
                                 (struct vtpmmgr_span){client->frame, answered},
                                 &client->status, response))
        return ctl_fail(err, CTL_AWAY,
                        "the manager answers with nonsense; is it of another "
                        "version, or is --via wrong?");
    if (client->status != VTPMMGR_SUCCESS)
        return ctl_fail(err, CTL_FAILED, "the manager refuses (%u): %s",
                        (unsigned)client->status, reason_of(client->status));
    return CTL_OK;
}

static enum ctl_code made_up(struct vtpm_error *err)
{
    return ctl_fail(err, CTL_AWAY,
                    "the manager's list makes no sense; see its log");
}

/* One pass over the pages. @return CTL_OK with *changed if it is to be read
 * again */
static enum ctl_code list_once(struct ctl_client *client, uint32_t group,
                               uint8_t (**uuids)[VTPMMGR_UUID_SIZE],
                               size_t *count, bool *changed,
                               struct vtpm_error *err)
{
    uint32_t total = 0, have = 0;

    *changed = false;
    do {
        struct vtpmmgr_message request = {.group = group, .offset = have};
        struct vtpmmgr_message page;
        enum ctl_code code =
            ctl_ask(client, VTPMMGR_VTPM_LIST, &request, &page, err);
        size_t n = page.uuids.len / VTPMMGR_UUID_SIZE;

        if (code != CTL_OK)
            return code;
        if (have > 0 && page.count != total) {
            *changed = true;
            return CTL_OK;
        }
        total = page.count;
        if (total > VTPMS_MAX || n > total - have || (n == 0 && have < total))
            return made_up(err);
        if (have == 0) {
            free(*uuids);
            *uuids = calloc(total ? total : 1, VTPMMGR_UUID_SIZE);
            if (!*uuids)
                return ctl_fail(err, CTL_FAILED,
                                "out of memory; end other programs");
        }
        if (n > 0)
            memcpy((*uuids)[have], page.uuids.at, page.uuids.len);
        have += (uint32_t)n;
    } while (have < total);
    *count = total;
    return CTL_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, VTPMMGR_UUID_SIZE);
}

enum ctl_code ctl_list_vtpms(struct ctl_client *client, uint32_t group,
                             uint8_t (**uuids)[VTPMMGR_UUID_SIZE],
                             size_t *count, struct vtpm_error *err)
{
    enum ctl_code code = CTL_OK;
    bool changed = true;

    *uuids = NULL;
    for (int i = 0; i < LIST_TRIES && changed && code == CTL_OK; i++) {
        code = list_once(client, group, uuids, count, &changed, err);
        if (code != CTL_OK || changed)
            continue;
        qsort(*uuids, *count, VTPMMGR_UUID_SIZE, by_bytes);
        /* one that was removed makes another one move */
        for (size_t k = 1; k < *count && !changed; k++)
            changed = by_bytes((*uuids)[k - 1], (*uuids)[k]) == 0;
    }
    if (code == CTL_OK && changed)
        code = ctl_fail(err, CTL_FAILED,
                        "the list changes faster than it can be read; try "
                        "again");
    if (code == CTL_OK)
        return CTL_OK;
    free(*uuids);
    *uuids = NULL;
    return code;
}

enum ctl_code ctl_count_groups(struct ctl_client *client, uint32_t *count,
                               struct vtpm_error *err)
{
    const struct vtpmmgr_message nothing = {0};
    struct vtpmmgr_message response;
    enum ctl_code code =
        ctl_ask(client, VTPMMGR_GROUP_LIST, &nothing, &response, err);

    *count = response.count;
    if (code == CTL_OK && *count > GROUPS_MAX)
        return made_up(err);
    return code;
}
