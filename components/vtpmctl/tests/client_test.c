/* SPDX-License-Identifier: MIT */
/* A manager that answers as it should, and ones that do not: what they say is
 * refused, and listing them ends. */
#include "client.h"

#include "bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAGE 254u

/* The manager of these tests. */
static struct fake {
    struct ctl_transport transport;
    uint32_t vtpms;     /* in group 0 */
    uint32_t claimed;   /* how many it says; 0: as many as there are */
    uint32_t page;      /* UUIDs on a page */
    unsigned asked;     /* pages that were asked for */
    unsigned change_at; /* before this page, one is removed; 0: never */
    uint32_t status;    /* refuse with it */
    size_t raw_len;     /* answer with these bytes instead */
    uint8_t raw[VTPMMGR_FRAME_MAX + 1];
} fake;

static struct ctl_client client;
static struct vtpm_error err;

static void uuid_of(uint32_t n, uint8_t uuid[VTPMMGR_UUID_SIZE])
{
    memset(uuid, 0x77, VTPMMGR_UUID_SIZE);
    vtpm_put32(uuid, n * 2654435761u); /* not in the order of n */
}

static size_t answer_list(const struct vtpmmgr_command *command,
                          const struct vtpmmgr_message *request, uint8_t *out)
{
    static uint8_t uuids[PAGE][VTPMMGR_UUID_SIZE];
    struct vtpmmgr_message response = {0};
    uint32_t n = 0;

    fake.asked++;
    if (fake.change_at && fake.asked == fake.change_at)
        fake.vtpms--;
    response.count = fake.claimed ? fake.claimed : fake.vtpms;
    while (n < fake.page && request->offset + n < fake.vtpms) {
        uuid_of(request->offset + n, uuids[n]);
        n++;
    }
    response.uuids =
        (struct vtpmmgr_span){uuids[0], (size_t)n * VTPMMGR_UUID_SIZE};
    return vtpmmgr_response_encode(command, request, fake.status, &response,
                                   out, VTPMMGR_FRAME_MAX);
}

static enum ctl_code exchange(struct ctl_transport *transport,
                              const uint8_t *request, size_t request_len,
                              uint8_t *response, size_t *response_len,
                              struct vtpm_error *error)
{
    const struct vtpmmgr_command *command =
        vtpmmgr_command_find(vtpm_get16(request), vtpm_get32(request + 6));
    struct vtpmmgr_message message;

    (void)transport;
    (void)error;
    assert_non_null(command);
    assert_int_equal(vtpm_get32(request + 2), request_len);
    assert_true(vtpmmgr_request_decode(
        command,
        (struct vtpmmgr_span){request + VTPMMGR_FRAME_HEADER,
                              request_len - VTPMMGR_FRAME_HEADER},
        &message));
    if (fake.raw_len > 0) {
        memcpy(response, fake.raw, fake.raw_len);
        *response_len = fake.raw_len;
        return CTL_OK;
    }
    *response_len = answer_list(command, &message, response);
    assert_true(*response_len > 0);
    return CTL_OK;
}

static void forget(struct ctl_transport *transport)
{
    (void)transport;
}

static int begin(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    fake.transport = (struct ctl_transport){exchange, forget};
    fake.page = PAGE;
    memset(&client, 0, sizeof client);
    client.transport = &fake.transport;
    memset(&err, 0, sizeof err);
    return 0;
}

static enum ctl_code list(uint8_t (**uuids)[VTPMMGR_UUID_SIZE], size_t *count)
{
    return ctl_list_vtpms(&client, 0, uuids, count, &err);
}

static void long_lists_are_whole_and_sorted(void **state)
{
    const uint32_t sizes[] = {0, 1, PAGE, PAGE + 1, 100000};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t(*uuids)[VTPMMGR_UUID_SIZE];
        uint64_t sum = 0, wanted = 0;
        size_t count;

        begin(NULL);
        fake.vtpms = sizes[i];
        assert_int_equal(list(&uuids, &count), CTL_OK);
        assert_int_equal(count, sizes[i]);
        for (uint32_t n = 0; n < count; n++) {
            uint8_t uuid[VTPMMGR_UUID_SIZE];

            uuid_of(n, uuid);
            wanted += vtpm_get32(uuid);
            sum += vtpm_get32(uuids[n]);
            if (n > 0)
                assert_true(memcmp(uuids[n - 1], uuids[n], 16) < 0);
        }
        assert_int_equal(sum, wanted);
        free(uuids);
    }
}

static void a_list_that_changes_is_read_again(void **state)
{
    uint8_t(*uuids)[VTPMMGR_UUID_SIZE];
    size_t count;

    (void)state;
    fake.vtpms = 1000;
    fake.change_at = 3;
    assert_int_equal(list(&uuids, &count), CTL_OK);
    assert_int_equal(count, 999);
    assert_int_equal(fake.asked, 3 + 4);
    free(uuids);
}

static void refused_list(const char *line)
{
    uint8_t(*uuids)[VTPMMGR_UUID_SIZE];
    size_t count;

    assert_int_equal(list(&uuids, &count), CTL_AWAY);
    assert_null(uuids);
    assert_non_null(strstr(err.text, line));
    assert_true(fake.asked < 10);
}

static void lists_that_are_made_up_end(void **state)
{
    (void)state;
    /* never ends */
    fake.vtpms = 10;
    fake.claimed = 1000000;
    refused_list("makes no sense");
    /* would take all memory */
    begin(NULL);
    fake.vtpms = fake.claimed = 0xffffffff;
    refused_list("makes no sense");
    /* more than it says */
    begin(NULL);
    fake.vtpms = 10;
    fake.claimed = 9;
    refused_list("makes no sense");
}

/* Each of these UUIDs comes twice, on every pass. */
static void a_list_that_never_settles_is_given_up(void **state)
{
    uint8_t(*uuids)[VTPMMGR_UUID_SIZE];
    size_t count;
    size_t len = VTPMMGR_FRAME_HEADER + 4 + 2 * VTPMMGR_UUID_SIZE;

    (void)state;
    vtpm_put16(fake.raw, VTPMMGR_TAG_RSP);
    vtpm_put32(fake.raw + 2, (uint32_t)len);
    vtpm_put32(fake.raw + VTPMMGR_FRAME_HEADER, 2);
    fake.raw_len = len;
    assert_int_equal(list(&uuids, &count), CTL_FAILED);
    assert_null(uuids);
    assert_non_null(strstr(err.text, "faster than it can be read"));
}

static enum ctl_code ask_list(void)
{
    const struct vtpmmgr_message request = {0};
    struct vtpmmgr_message response;

    return ctl_ask(&client, VTPMMGR_VTPM_LIST, &request, &response, &err);
}

static void a_refusal_says_what_to_do(void **state)
{
    static const struct {
        uint32_t status;
        const char *line;
    } refusals[] = {
        {VTPMMGR_AUTHFAIL, "not an administrator"},
        {VTPMMGR_BADINDEX, "no such group"},
        {VTPMMGR_DISABLED, "in use"},
        {VTPMMGR_NOSPACE, "store is full"},
        {VTPMMGR_BAD_ORDINAL, "does not know the command"},
        {0xdeadbeef, "log"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        fake.status = refusals[i].status;
        assert_int_equal(ask_list(), CTL_FAILED);
        assert_int_equal(client.status, refusals[i].status);
        assert_non_null(strstr(err.text, refusals[i].line));
    }
}

/* A good answer, cut off, made longer, and with each byte of its head another
 * one: none is taken for an answer unless it is one. */
static void nonsense_is_refused(void **state)
{
    uint8_t good[VTPMMGR_FRAME_MAX];
    const struct vtpmmgr_command *command =
        vtpmmgr_command_find(VTPMMGR_TAG_REQ2, VTPMMGR_VTPM_LIST);
    const struct vtpmmgr_message request = {0};
    size_t len;

    (void)state;
    fake.vtpms = 3;
    len = answer_list(command, &request, good);
    memcpy(fake.raw, good, len);
    fake.raw_len = len;
    assert_int_equal(ask_list(), CTL_OK);
    for (size_t cut = 1; cut < len; cut++) {
        fake.raw_len = cut;
        assert_int_equal(ask_list(), CTL_AWAY);
        assert_non_null(strstr(err.text, "nonsense"));
    }
    fake.raw_len = len + 1;
    assert_int_equal(ask_list(), CTL_AWAY);
    fake.raw_len = len;
    for (size_t at = 0; at < VTPMMGR_FRAME_HEADER; at++) {
        memcpy(fake.raw, good, len);
        fake.raw[at] ^= 0x40;
        assert_int_equal(ask_list(), CTL_AWAY);
    }
}

/* ---- --via ---- */

static void via(const char *where, enum ctl_code code, const char *line)
{
    struct ctl_args args = {.via = where, .timeout_ms = 1000};

    assert_int_equal(ctl_client_open(&client, &args, &err), code);
    assert_non_null(strstr(err.text, line));
}

static void what_cannot_be_reached_is_said(void **state)
{
    char path[200] = "unix:/";

    (void)state;
    via("unix:/nonexistent/socket", CTL_AWAY, "no manager at /nonexistent");
    via("unix:/dev/null", CTL_AWAY, "/dev/null");
    via("unix:", CTL_USAGE, "--via takes");
    via("device:", CTL_USAGE, "--via takes");
    via("device:1x", CTL_USAGE, "--via takes");
    via("device:65536", CTL_USAGE, "--via takes");
    via("/run/socket", CTL_USAGE, "--via takes");
    memset(path + 6, 'a', 150);
    via(path, CTL_USAGE, "too long a path");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_lists_are_whole_and_sorted),
        cmocka_unit_test_setup(a_list_that_changes_is_read_again, begin),
        cmocka_unit_test_setup(lists_that_are_made_up_end, begin),
        cmocka_unit_test_setup(a_list_that_never_settles_is_given_up, begin),
        cmocka_unit_test_setup(a_refusal_says_what_to_do, begin),
        cmocka_unit_test_setup(nonsense_is_refused, begin),
        cmocka_unit_test_setup(what_cannot_be_reached_is_said, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
