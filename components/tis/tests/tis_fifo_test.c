/* SPDX-License-Identifier: MIT */
/* FIFO without faults: what is found, localities, commands, cancel. */
#include "rig.h"

static enum vtpmring_tis_interface interface_of(void **state)
{
    return *(enum vtpmring_tis_interface *)*state;
}

static void test_is_found(void **state)
{
    struct rig rig;

    rig_begin(&rig, interface_of(state));
    assert_int_equal(rig.tis.family,
                     interface_of(state) == VTPMRING_TIS_FIFO_12 ? 12 : 20);
    assert_int_equal(rig.tis.localities, 5);
    assert_int_equal(rig.tis.did_vid, 0x00011014);
    assert_int_equal(rig.tis.held, VTPMRING_TIS_NO_LOCALITY);
    assert_int_equal(rig.model.active, 0xff);
}

static void test_commands(void **state)
{
    struct rig rig;

    rig_begin(&rig, interface_of(state));
    for (int i = 0; i < 5; i++)
        rig_works(&rig);
    assert_int_equal(rig.model.executed, 5);
    assert_int_equal(rig.model.retries, 0);
    assert_int_equal(rig.tis.held, 0);
    assert_int_equal(rig.model.active, 0);
}

static void test_a_chip_that_is_slow_but_right(void **state)
{
    static const uint32_t bursts[] = {1, 2, 7, 64, 4096, 65535};
    struct rig rig;

    for (size_t i = 0; i < sizeof(bursts) / sizeof(bursts[0]); i++) {
        rig_begin(&rig, interface_of(state));
        rig.model.burst = bursts[i];
        rig.model.settle = 190000; /* C of PTP is 200 ms */
        rig.model.execution = 9000000;
        rig_works(&rig);
        assert_int_equal(rig.model.retries, 0);
    }
}

static void test_an_abort_that_leaves_the_chip_idle_or_ready(void **state)
{
    struct rig rig;

    for (int ready = 0; ready < 2; ready++) {
        rig_begin(&rig, interface_of(state));
        rig.model.ready_at_once = ready;
        rig_submit_random(&rig, 8);
        rig_step_to(&rig, VTPMRING_TIS_SENT);
        assert_status(vtpmring_tis_cancel(&rig.tis), VTPMRING_OK);
        assert_status(vtpmring_tis_run(&rig.tis), VTPMRING_CANCELED);
        assert_int_equal(rig.model.executed, 0);
        assert_true(rig.model.now - rig.began < 1000000);
        rig_works(&rig);
    }
}

static void test_cancel_while_it_runs(void **state)
{
    struct rig rig;

    rig_begin(&rig, interface_of(state));
    rig.model.execution = 9000000;
    rig_submit_random(&rig, 8);
    rig_step_to(&rig, VTPMRING_TIS_RUN);
    assert_status(vtpmring_tis_cancel(&rig.tis), VTPMRING_OK);
    if (interface_of(state) == VTPMRING_TIS_FIFO_20) {
        assert_status(vtpmring_tis_run(&rig.tis), VTPMRING_OK);
        assert_int_equal(rig.tis.length, 10);
        assert_int_equal(rig.response[8] << 8 | rig.response[9], 0x909);
        assert_int_equal(rig.model.cancels, 1);
    } else {
        assert_status(vtpmring_tis_run(&rig.tis), VTPMRING_CANCELED);
        assert_int_equal(rig.model.aborted, 1);
    }
    assert_true(rig.model.now - rig.began < 1000000);
    assert_int_equal(rig.model.executed, 0);
    rig_works(&rig);
}

static void test_localities(void **state)
{
    static const uint8_t random[] = {0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 8};
    unsigned long accesses;
    struct rig rig;

    rig_begin(&rig, interface_of(state));
    for (uint8_t i = 0; i < 5; i++) {
        assert_status(vtpmring_tis_request(&rig.tis, i, false), VTPMRING_OK);
        assert_status(vtpmring_tis_run(&rig.tis), VTPMRING_OK);
        assert_int_equal(rig.tis.held, i);
        assert_int_equal(rig.model.active, i);
    }
    assert_status(vtpmring_tis_request(&rig.tis, 5, false), VTPMRING_EINVAL);
    assert_status(vtpmring_tis_submit(&rig.tis, 5, random, sizeof(random),
                                      rig.response, 4096),
                  VTPMRING_EINVAL);
    assert_status(vtpmring_tis_release(&rig.tis), VTPMRING_OK);
    assert_status(vtpmring_tis_run(&rig.tis), VTPMRING_OK);
    assert_int_equal(rig.tis.held, VTPMRING_TIS_NO_LOCALITY);
    assert_int_equal(rig.model.active, 0xff);
    /* twice is harmless */
    accesses = rig.model.accesses;
    assert_status(vtpmring_tis_release(&rig.tis), VTPMRING_OK);
    assert_status(vtpmring_tis_run(&rig.tis), VTPMRING_OK);
    assert_int_equal(rig.model.accesses, accesses);
    rig_works(&rig);
}

static void test_a_locality_that_another_one_holds(void **state)
{
    struct rig rig;

    rig_begin(&rig, interface_of(state));
    model_seize(&rig.model, 2);
    assert_status(rig_random(&rig, 8), VTPMRING_EPEER_TIMEOUT);
    assert_in_range(rig.model.now - rig.began, 750000, 800000);
    /* no request is left behind */
    assert_false(rig.model.asked[0]);
    assert_int_equal(rig.model.active, 2);
    /* a lower one cannot be seized from, a higher one can */
    assert_status(vtpmring_tis_request(&rig.tis, 1, true), VTPMRING_OK);
    assert_status(vtpmring_tis_run(&rig.tis), VTPMRING_EPEER_TIMEOUT);
    assert_int_equal(rig.model.active, 2);
    assert_status(vtpmring_tis_request(&rig.tis, 3, true), VTPMRING_OK);
    assert_status(vtpmring_tis_run(&rig.tis), VTPMRING_OK);
    assert_int_equal(rig.model.active, 3);
    assert_true(rig.model.seized[2]);
}

static void test_a_locality_that_comes_late(void **state)
{
    struct rig rig;

    rig_begin(&rig, interface_of(state));
    model_seize(&rig.model, 2);
    rig_submit_random(&rig, 8);
    rig_step_to(&rig, VTPMRING_TIS_REQUEST);
    for (int i = 0; i < 12; i++) {
        assert_status(vtpmring_tis_step(&rig.tis), VTPMRING_AGAIN);
        rig.model.now += rig.tis.wait_us;
    }
    model_let_go(&rig.model);
    assert_status(vtpmring_tis_run(&rig.tis), VTPMRING_OK);
}

static void test_seized_at_rest(void **state)
{
    struct rig rig;

    rig_begin(&rig, interface_of(state));
    rig_works(&rig);
    model_seize(&rig.model, 4);
    model_let_go(&rig.model);
    rig_works(&rig);
    assert_int_equal(rig.tis.lost, 1);
    assert_false(rig.model.seized[0]);
}

static void test_a_chip_that_a_killed_process_left_running(void **state)
{
    static const enum chip_state states[] = {CHIP_READY, CHIP_TAKES, CHIP_RUNS,
                                             CHIP_HAS};
    struct rig rig;

    for (size_t i = 0; i < 4; i++) {
        rig_begin(&rig, interface_of(state));
        rig.model.active = 0;
        rig.model.state = states[i];
        rig.model.length = 12;
        rig.model.done = UINT64_MAX / 2;
        rig_works(&rig);
        assert_int_equal(rig.model.executed, 1);
    }
}

static void test_large(void **state)
{
    static uint8_t command[4097];
    struct vtpmring_tpm_header header = {0x8001, 4096, 0x17b};
    struct rig rig;

    rig_begin(&rig, interface_of(state));
    vtpmring_tpm_format(&header, command);
    assert_status(rig_execute(&rig, command, 4096), VTPMRING_OK);
    assert_int_equal(rig.tis.length, 10);
    assert_status(
        vtpmring_tis_submit(&rig.tis, 0, command, 4095, rig.response, 4096),
        VTPMRING_EINVAL);
    header.size = 4097;
    vtpmring_tpm_format(&header, command);
    assert_status(
        vtpmring_tis_submit(&rig.tis, 0, command, 4097, rig.response, 4096),
        VTPMRING_ENOBUF);
}

static void test_no_room(void **state)
{
    struct rig rig;
    bool is_20 = interface_of(state) == VTPMRING_TIS_FIFO_20;
    size_t length = is_20 ? 28 : 30;
    uint8_t command[14] = {0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 16};
    static const uint8_t of_12[14] = {0, 0xc1, 0,    0, 0, 14, 0,
                                      0, 0,    0x46, 0, 0, 0,  16};

    rig_begin(&rig, interface_of(state));
    if (!is_20)
        memcpy(command, of_12, sizeof(command));
    for (size_t room = 10; room <= length; room++) {
        memset(rig.response, 0xa5, sizeof(rig.response));
        assert_status(vtpmring_tis_submit(&rig.tis, 0, command, is_20 ? 12 : 14,
                                          rig.response, room),
                      VTPMRING_OK);
        assert_status(vtpmring_tis_run(&rig.tis),
                      room < length ? VTPMRING_ENOBUF : VTPMRING_OK);
        assert_int_equal(rig.tis.length, length);
        assert_int_equal(rig.response[room], 0xa5);
    }
    assert_status(
        vtpmring_tis_submit(&rig.tis, 0, command, 12, rig.response, 9),
        is_20 ? VTPMRING_ENOBUF : VTPMRING_EINVAL);
    rig_works(&rig);
}

static void test_order_of_calls(void **state)
{
    static const uint8_t random[] = {0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 8};
    struct vtpmring_tis_config config = VTPMRING_TIS_CONFIG_DEFAULT;
    struct vtpmring_tis tis;
    struct rig rig;

    rig_begin(&rig, interface_of(state));
    assert_status(vtpmring_tis_cancel(&rig.tis), VTPMRING_ESTATE);
    rig_submit_random(&rig, 8);
    assert_status(vtpmring_tis_probe(&rig.tis), VTPMRING_ESTATE);
    assert_status(vtpmring_tis_release(&rig.tis), VTPMRING_ESTATE);
    assert_status(vtpmring_tis_request(&rig.tis, 0, false), VTPMRING_ESTATE);
    assert_status(vtpmring_tis_submit(&rig.tis, 0, random, sizeof(random),
                                      rig.response, 4096),
                  VTPMRING_ESTATE);
    /* too early to have begun */
    assert_status(vtpmring_tis_cancel(&rig.tis), VTPMRING_OK);
    assert_status(vtpmring_tis_run(&rig.tis), VTPMRING_CANCELED);
    assert_status(vtpmring_tis_step(&rig.tis), VTPMRING_CANCELED);
    assert_int_equal(rig.model.executed, 0);
    rig_works(&rig);
    assert_status(vtpmring_tis_step(&rig.tis), VTPMRING_OK);

    assert_status(vtpmring_tis_init(&tis, &model_access, &rig.model, NULL),
                  VTPMRING_OK);
    assert_status(
        vtpmring_tis_submit(&tis, 0, random, sizeof(random), rig.response, 99),
        VTPMRING_ESTATE);
    config.poll_us = 0;
    assert_status(vtpmring_tis_init(&tis, &model_access, &rig.model, &config),
                  VTPMRING_EINVAL);
}

static void test_options(void **state)
{
    struct vtpmring_tis_config config = VTPMRING_TIS_CONFIG_DEFAULT;
    struct rig rig;

    config.limit_us[VTPMRING_TIS_A] = 5000;
    config.limit_us[VTPMRING_TIS_SHORT] = 20000;
    config.interface = (uint8_t)interface_of(state);
    rig_begin_with(&rig, interface_of(state), &config);
    model_seize(&rig.model, 2);
    assert_status(rig_random(&rig, 8), VTPMRING_EPEER_TIMEOUT);
    assert_in_range(rig.model.now - rig.began, 5000, 6000);
    model_let_go(&rig.model);
    rig.model.execution = 100000;
    assert_status(rig_random(&rig, 8), VTPMRING_EPEER_TIMEOUT);
    rig.model.execution = 15000;
    rig_works(&rig);
}

static void test_durations(void **state)
{
    (void)state;
    assert_int_equal(vtpmring_tis_duration(0x8001, 0x17b), VTPMRING_TIS_SHORT);
    assert_int_equal(vtpmring_tis_duration(0x8002, 0x131), VTPMRING_TIS_LONG);
    assert_int_equal(vtpmring_tis_duration(0x8001, 0x143), VTPMRING_TIS_MEDIUM);
    assert_int_equal(vtpmring_tis_duration(0x8001, 0x10131),
                     VTPMRING_TIS_MEDIUM);
    assert_int_equal(vtpmring_tis_duration(0x00c1, 0x46), VTPMRING_TIS_SHORT);
    assert_int_equal(vtpmring_tis_duration(0x00c2, 0x1f), VTPMRING_TIS_LONG);
    assert_int_equal(vtpmring_tis_duration(0x00c1, 0x131), VTPMRING_TIS_MEDIUM);
    assert_string_equal(vtpmring_tis_interface_name(VTPMRING_TIS_CRB), "CRB");
    assert_string_equal(
        vtpmring_tis_interface_name(VTPMRING_TIS_INTERFACE_COUNT), "?");
}

#define BOTH(test)                                                             \
    {#test " FIFO_12", test, NULL, NULL, &fifo_12},                            \
    {                                                                          \
#test " FIFO_20", test, NULL, NULL, &fifo_20                           \
    }

int main(void)
{
    static enum vtpmring_tis_interface fifo_12 = VTPMRING_TIS_FIFO_12;
    static enum vtpmring_tis_interface fifo_20 = VTPMRING_TIS_FIFO_20;
    const struct CMUnitTest tests[] = {
        BOTH(test_is_found),
        BOTH(test_commands),
        BOTH(test_a_chip_that_is_slow_but_right),
        BOTH(test_an_abort_that_leaves_the_chip_idle_or_ready),
        BOTH(test_cancel_while_it_runs),
        BOTH(test_localities),
        BOTH(test_a_locality_that_another_one_holds),
        BOTH(test_a_locality_that_comes_late),
        BOTH(test_seized_at_rest),
        BOTH(test_a_chip_that_a_killed_process_left_running),
        BOTH(test_large),
        BOTH(test_no_room),
        BOTH(test_order_of_calls),
        BOTH(test_options),
        cmocka_unit_test(test_durations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
