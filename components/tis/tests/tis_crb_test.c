/* SPDX-License-Identifier: MIT */
/* CRB without faults: what is found, localities, commands, cancel. */
#include "rig.h"

static void test_is_found(void **state)
{
    struct rig rig;

    (void)state;
    rig_begin(&rig, VTPMRING_TIS_CRB);
    assert_int_equal(rig.tis.family, 20);
    assert_int_equal(rig.tis.localities, 5);
    assert_int_equal(rig.tis.did_vid, 0x00018086);
    assert_int_equal(rig.model.active, 0xff);
}

static void test_commands(void **state)
{
    struct rig rig;

    (void)state;
    rig_begin(&rig, VTPMRING_TIS_CRB);
    for (int i = 0; i < 5; i++)
        rig_works(&rig);
    assert_int_equal(rig.model.executed, 5);
    assert_int_equal(rig.model.retries, 0);
    assert_int_equal(rig.tis.held, 0);
    /* idle between commands, so that a chip may save power */
    assert_int_equal(rig.model.state, CHIP_IDLE);
}

static void test_a_chip_that_is_slow_but_right(void **state)
{
    struct rig rig;

    (void)state;
    rig_begin(&rig, VTPMRING_TIS_CRB);
    rig.model.settle = 190000;
    rig.model.execution = 9000000;
    rig_works(&rig);
    rig_works(&rig);
    assert_int_equal(rig.model.executed, 2);
}

static void test_buffers_that_begin_anywhere(void **state)
{
    struct rig rig;

    (void)state;
    for (unsigned count = 1; count < 48; count++) {
        rig_begin(&rig, VTPMRING_TIS_CRB);
        rig.model.fault = FAULT_UNALIGNED;
        assert_status(rig_random(&rig, count), VTPMRING_OK);
        assert_int_equal(rig.tis.length, 12 + count);
    }
}

static void test_cancel_while_it_runs(void **state)
{
    struct rig rig;

    (void)state;
    rig_begin(&rig, VTPMRING_TIS_CRB);
    rig.model.execution = 9000000;
    rig_submit_random(&rig, 8);
    rig_step_to(&rig, VTPMRING_TIS_RUN);
    assert_status(vtpmring_tis_cancel(&rig.tis), VTPMRING_OK);
    assert_status(vtpmring_tis_run(&rig.tis), VTPMRING_OK);
    assert_int_equal(rig.tis.length, 10);
    assert_int_equal(rig.response[8] << 8 | rig.response[9], 0x909);
    assert_true(rig.model.now - rig.began < 1000000);
    assert_int_equal(rig.model.executed, 0);
    /* else the next command would be cancelled, too */
    assert_false(rig.model.crb_cancel);
    rig_works(&rig);
}

static void test_cancel_before_it_runs(void **state)
{
    static const enum vtpmring_tis_phase phases[] = {
        VTPMRING_TIS_READY, VTPMRING_TIS_WAKE, VTPMRING_TIS_SEND};
    struct rig rig;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        rig_begin(&rig, VTPMRING_TIS_CRB);
        rig_submit_random(&rig, 8);
        rig_step_to(&rig, phases[i]);
        assert_status(vtpmring_tis_cancel(&rig.tis), VTPMRING_OK);
        assert_status(vtpmring_tis_run(&rig.tis), VTPMRING_CANCELED);
        assert_int_equal(rig.model.executed, 0);
        rig_works(&rig);
    }
}

static void test_localities(void **state)
{
    struct rig rig;

    (void)state;
    rig_begin(&rig, VTPMRING_TIS_CRB);
    for (uint8_t i = 0; i < 5; i++) {
        assert_status(vtpmring_tis_request(&rig.tis, i, false), VTPMRING_OK);
        assert_status(vtpmring_tis_run(&rig.tis), VTPMRING_OK);
        assert_int_equal(rig.model.active, i);
    }
    assert_status(vtpmring_tis_release(&rig.tis), VTPMRING_OK);
    assert_status(vtpmring_tis_run(&rig.tis), VTPMRING_OK);
    assert_int_equal(rig.model.active, 0xff);
    model_seize(&rig.model, 2);
    assert_status(rig_random(&rig, 8), VTPMRING_EPEER_TIMEOUT);
    assert_false(rig.model.asked[0]);
    assert_status(vtpmring_tis_request(&rig.tis, 3, true), VTPMRING_OK);
    assert_status(vtpmring_tis_run(&rig.tis), VTPMRING_OK);
    assert_int_equal(rig.model.active, 3);
    assert_true(rig.model.seized[2]);
    rig_works(&rig);
    model_seize(&rig.model, 4);
    model_let_go(&rig.model);
    rig_works(&rig);
    assert_int_equal(rig.tis.lost, 1);
}

static void test_one_locality(void **state)
{
    struct rig rig;

    (void)state;
    memset(&rig, 0, sizeof(rig));
    model_begin(&rig.model, VTPMRING_TIS_CRB);
    rig.model.one_locality = true;
    assert_status(vtpmring_tis_init(&rig.tis, &model_access, &rig.model, NULL),
                  VTPMRING_OK);
    assert_status(vtpmring_tis_probe(&rig.tis), VTPMRING_OK);
    assert_status(vtpmring_tis_run(&rig.tis), VTPMRING_OK);
    assert_int_equal(rig.tis.localities, 1);
    assert_status(vtpmring_tis_request(&rig.tis, 1, false), VTPMRING_EINVAL);
    rig_works(&rig);
}

static void test_a_chip_that_a_killed_process_left_running(void **state)
{
    static const enum chip_state states[] = {CHIP_READY, CHIP_TAKES, CHIP_RUNS,
                                             CHIP_HAS};
    struct rig rig;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        rig_begin(&rig, VTPMRING_TIS_CRB);
        rig.model.active = 0;
        rig.model.state = states[i];
        rig.model.length = 12;
        rig.model.done = UINT64_MAX / 2;
        rig_works(&rig);
        assert_int_equal(rig.model.executed, 1);
    }
}

/* The buffer of CRB has less room than a TPM 2.0 can use. */
static void test_large(void **state)
{
    static uint8_t command[4096];
    struct vtpmring_tpm_header header = {0x8001, 0xf80, 0x17b};
    struct rig rig;

    (void)state;
    rig_begin(&rig, VTPMRING_TIS_CRB);
    vtpmring_tpm_format(&header, command);
    assert_status(rig_execute(&rig, command, 0xf80), VTPMRING_OK);
    header.size = 0xf81;
    vtpmring_tpm_format(&header, command);
    assert_status(rig_execute(&rig, command, 0xf81), VTPMRING_ENOBUF);
    assert_int_equal(rig.tis.length, 0xf81);
    assert_int_equal(rig.model.executed, 1);
    rig_works(&rig);
}

static void test_no_room(void **state)
{
    static const uint8_t command[12] = {0x80, 1, 0, 0,    0, 12,
                                        0,    0, 1, 0x7b, 0, 16};
    struct rig rig;

    (void)state;
    rig_begin(&rig, VTPMRING_TIS_CRB);
    for (size_t room = 10; room <= 28; room++) {
        memset(rig.response, 0xa5, sizeof(rig.response));
        assert_status(
            vtpmring_tis_submit(&rig.tis, 0, command, 12, rig.response, room),
            VTPMRING_OK);
        assert_status(vtpmring_tis_run(&rig.tis),
                      room < 28 ? VTPMRING_ENOBUF : VTPMRING_OK);
        assert_int_equal(rig.tis.length, 28);
        assert_int_equal(rig.response[room], 0xa5);
    }
    rig_works(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_found),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_a_chip_that_is_slow_but_right),
        cmocka_unit_test(test_buffers_that_begin_anywhere),
        cmocka_unit_test(test_cancel_while_it_runs),
        cmocka_unit_test(test_cancel_before_it_runs),
        cmocka_unit_test(test_localities),
        cmocka_unit_test(test_one_locality),
        cmocka_unit_test(test_a_chip_that_a_killed_process_left_running),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
