/* SPDX-License-Identifier: MIT */
/* Who may ask for what, and that every frame is answered, once and in form. */
#include "dispatch.h"

#include "bytes.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static struct {
    uint32_t own, admin; /* what permit() answers */
    unsigned asked_own, asked_admin;
    unsigned handled;
    const struct vtpmmgr_command *command;
    uint32_t status;
    struct vtpmmgr_message response;
    size_t room;
} fake;

static uint32_t permit(void *context, enum vtpmmgr_access access)
{
    assert_ptr_equal(context, &fake);
    if (access == VTPMMGR_OWN) {
        fake.asked_own++;
        return fake.own;
    }
    assert_int_equal(access, VTPMMGR_ADMIN);
    fake.asked_admin++;
    return fake.admin;
}

static uint32_t handle(void *context, const struct vtpmmgr_request *request,
                       struct vtpmmgr_message *response)
{
    assert_ptr_equal(context, &fake);
    fake.handled++;
    fake.command = request->command;
    fake.room = request->room;
    *response = fake.response;
    return fake.status;
}

static struct vtpmmgr_handlers handlers;

static int setup(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    handlers.permit = permit;
    for (size_t i = 0; i < VTPMMGR_COMMANDS; i++)
        handlers.handle[i] = handle;
    return 0;
}

/* Sends a frame that claims to be as long as it is. */
static uint32_t send_body(uint16_t tag, uint32_t ordinal, const uint8_t *body,
                          size_t len, uint16_t *answer_tag)
{
    uint8_t frame[VTPMMGR_FRAME_MAX] = {0}, out[VTPMMGR_FRAME_MAX];
    size_t done;

    vtpm_put16(frame, tag);
    vtpm_put32(frame + 2, (uint32_t)(10 + len));
    vtpm_put32(frame + 6, ordinal);
    if (len > 0)
        memcpy(frame + 10, body, len);
    done = vtpmmgr_dispatch(&handlers, &fake, frame, 10 + len, out, sizeof out);
    assert_true(done >= 10);
    assert_int_equal(vtpm_get32(out + 2), done);
    *answer_tag = vtpm_get16(out);
    if (vtpm_get32(out + 6) != 0)
        assert_int_equal(done, 10);
    return vtpm_get32(out + 6);
}

static void management_is_for_administrators(void **state)
{
    uint8_t body[600] = {0};
    uint16_t tag;

    (void)state;
    fake.admin = VTPMMGR_AUTHFAIL;
    /* whatever is asked for, malformed and unknown things too */
    for (uint32_t ordinal = 0x02000100; ordinal < 0x02000310; ordinal++)
        for (size_t len = 0; len <= 600; len += 300) {
            assert_int_equal(send_body(0x01c2, ordinal, body, len, &tag),
                             VTPMMGR_AUTHFAIL);
            assert_int_equal(tag, 0x01c5);
        }
    assert_int_equal(fake.handled, 0);
    fake.admin = VTPMMGR_SUCCESS;
    assert_int_equal(send_body(0x01c2, VTPMMGR_GROUP_LIST, NULL, 0, &tag), 0);
    assert_int_equal(tag, 0x01c4);
    assert_int_equal(fake.handled, 1);
    assert_int_equal(fake.asked_own, 0);
}

static void a_vtpm_is_served_for_itself(void **state)
{
    uint8_t key[64] = {1};
    uint16_t tag;

    (void)state;
    fake.own = VTPMMGR_DISABLED;
    assert_int_equal(send_body(0x01c1, VTPMMGR_SAVEHASHKEY, key, 64, &tag),
                     VTPMMGR_DISABLED);
    assert_int_equal(tag, 0x01c4);
    fake.own = VTPMMGR_BAD_PARAMETER;
    assert_int_equal(send_body(0x01c1, VTPMMGR_LOADHASHKEY, NULL, 0, &tag), 3);
    assert_int_equal(fake.handled, 0);
    /* not about itself: nobody asks */
    fake.response.digest = (struct vtpmmgr_span){key, 20};
    assert_int_equal(send_body(0x01c1, VTPMMGR_GET_BOOT_HASH, NULL, 0, &tag),
                     0);
    assert_int_equal(fake.handled, 1);
    assert_int_equal(fake.asked_own, 2);
    assert_int_equal(fake.asked_admin, 0);
    /* an administrator's ordinal under a vTPM's tag is none */
    assert_int_equal(send_body(0x01c1, VTPMMGR_GROUP_LIST, NULL, 0, &tag),
                     VTPMMGR_BAD_ORDINAL);
    assert_int_equal(send_body(0x01c2, VTPMMGR_LOADHASHKEY, NULL, 0, &tag),
                     VTPMMGR_BAD_ORDINAL);
    assert_int_equal(tag, 0x01c5);
    assert_int_equal(fake.handled, 1);
}

static void malformed_bodies_reach_nobody(void **state)
{
    uint8_t body[64] = {0};
    uint16_t tag;

    (void)state;
    assert_int_equal(send_body(0x01c1, VTPMMGR_SAVEHASHKEY, body, 51, &tag),
                     VTPMMGR_BAD_PARAMETER);
    assert_int_equal(tag, 0x01c4);
    assert_int_equal(send_body(0x01c2, VTPMMGR_GROUP_DEL, body, 5, &tag),
                     VTPMMGR_BAD_PARAMETER);
    assert_int_equal(tag, 0x01c4);
    assert_int_equal(fake.handled, 0);
}

static void each_ordinal_has_its_handler(void **state)
{
    (void)state;
    for (size_t i = 0; i < VTPMMGR_COMMANDS; i++) {
        const struct vtpmmgr_command *command = &vtpmmgr_commands[i];
        uint16_t tag;

        assert_int_equal(vtpmmgr_place_of(command->ordinal), i);
        handlers.handle[i] = NULL;
        assert_int_equal(
            send_body(command->tag, command->ordinal, NULL, 0, &tag),
            VTPMMGR_BAD_ORDINAL);
        assert_int_equal(tag, command->tag + 3);
        handlers.handle[i] = handle;
    }
    assert_int_equal(vtpmmgr_place_of(77), VTPMMGR_COMMANDS);
}

static void headers(void **state)
{
    uint8_t frame[VTPMMGR_FRAME_MAX + 1] = {0x01, 0xc1}, out[4096];

    (void)state;
    for (size_t len = 0; len < 10; len++) {
        assert_int_equal(
            vtpmmgr_dispatch(&handlers, &fake, frame, len, out, 10), 10);
        assert_int_equal(vtpm_get16(out), 0x01c4);
        assert_int_equal(vtpm_get32(out + 6), VTPMMGR_BAD_PARAM_SIZE);
    }
    vtpm_put32(frame + 6, VTPMMGR_LOADHASHKEY);
    for (uint32_t claim = 0; claim < 20; claim++) {
        vtpm_put32(frame + 2, claim);
        assert_int_equal(vtpmmgr_dispatch(&handlers, &fake, frame, 10, out, 10),
                         10);
        if (claim != 10)
            assert_int_equal(vtpm_get32(out + 6), VTPMMGR_BAD_PARAM_SIZE);
    }
    assert_int_equal(fake.handled, 1);
    vtpm_put32(frame + 2, sizeof frame);
    (void)vtpmmgr_dispatch(&handlers, &fake, frame, sizeof frame, out, 10);
    assert_int_equal(vtpm_get32(out + 6), VTPMMGR_BAD_PARAM_SIZE);
    vtpm_put32(frame + 2, 10);
    vtpm_put16(frame, 0x00c1);
    (void)vtpmmgr_dispatch(&handlers, &fake, frame, 10, out, 10);
    assert_int_equal(vtpm_get32(out + 6), VTPMMGR_BADTAG);
    assert_int_equal(vtpm_get16(out), 0x00c4);
    assert_false(vtpmmgr_is_ours(frame, 10));
    assert_false(vtpmmgr_is_ours(frame, 1));
    assert_int_equal(fake.handled, 1);
}

static void what_does_not_fit_is_said(void **state)
{
    uint8_t frame[10] = {0x01, 0xc1, 0, 0, 0, 10, 0, 0, 0, 2}, out[128];
    uint8_t key[64];

    (void)state;
    memset(key, 0xee, sizeof key);
    memset(out, 0x77, sizeof out);
    fake.response.hash_key = (struct vtpmmgr_span){key, 64};
    assert_int_equal(vtpmmgr_dispatch(&handlers, &fake, frame, 10, out, 74),
                     74);
    assert_int_equal(fake.room, 74);
    assert_int_equal(out[74], 0x77);
    memset(out, 0x77, sizeof out);
    assert_int_equal(vtpmmgr_dispatch(&handlers, &fake, frame, 10, out, 73),
                     10);
    assert_int_equal(vtpm_get32(out + 6), VTPMMGR_SIZE);
    assert_int_equal(out[73], 0x77);
    /* nor does a handler's nonsense leave */
    fake.response.hash_key.len = 3;
    assert_int_equal(vtpmmgr_dispatch(&handlers, &fake, frame, 10, out, 128),
                     10);
    assert_int_equal(vtpm_get32(out + 6), VTPMMGR_SIZE);
    fake.status = VTPMMGR_FAIL;
    assert_int_equal(vtpmmgr_dispatch(&handlers, &fake, frame, 10, out, 128),
                     10);
    assert_int_equal(vtpm_get32(out + 6), VTPMMGR_FAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(management_is_for_administrators, setup),
        cmocka_unit_test_setup(a_vtpm_is_served_for_itself, setup),
        cmocka_unit_test_setup(malformed_bodies_reach_nobody, setup),
        cmocka_unit_test_setup(each_ordinal_has_its_handler, setup),
        cmocka_unit_test_setup(headers, setup),
        cmocka_unit_test_setup(what_does_not_fit_is_said, setup),
    };

    return cmocka_run_group_tests_name("manager's dispatch", tests, NULL, NULL);
}
