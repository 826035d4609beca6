/* SPDX-License-Identifier: MIT */
/* A table of faults of the chip; each row is a test for each interface that can
 * have it. What must hold: the driver says what is wrong, in time, writes
 * nothing beyond a response, and works again once the chip does. */
#include <stdio.h>
#include <stdlib.h>

#include "rig.h"

#define F12 (1u << VTPMRING_TIS_FIFO_12)
#define F20 (1u << VTPMRING_TIS_FIFO_20)
#define FIFO (F12 | F20)
#define CRB (1u << VTPMRING_TIS_CRB)
#define ALL (FIFO | CRB)

/* limits of the default options, in microseconds */
#define A 750000u
#define B 2000000u
#define C 750000u
#define D 750000u
#define RUN 10000000u
#define SLACK 20000u

struct row {
    const char *name;
    enum fault fault;
    unsigned times;      /* 0: until it is repaired */
    unsigned interfaces; /* that it is tried with */
    enum vtpmring_status status;
    uint32_t at_least, at_most; /* microseconds until that is said */
    unsigned retries;           /* at least so many */
    unsigned stuck;             /* whether the driver has to give up */
};

/* The response stays right; how long a slow chip takes is its own affair. */
#define GOOD VTPMRING_OK, 0, RUN

static const struct row rows[] = {
    {"no locality is granted", FAULT_NO_LOCALITY, 0, ALL,
     VTPMRING_EPEER_TIMEOUT, A, A + SLACK, 0, 0},
    {"it is never ready", FAULT_NEVER_READY, 0, FIFO, VTPMRING_EPEER_TIMEOUT,
     2 * B, 2 * B + A + SLACK, 0, 1},
    {"it is never ready", FAULT_NEVER_READY, 0, CRB, VTPMRING_EPEER_TIMEOUT, C,
     C + SLACK, 0, 0},
    {"burst count 0", FAULT_NO_BURST, 0, FIFO, VTPMRING_EPEER_TIMEOUT, D,
     D + B + SLACK, 0, 0},
    {"burst count 0 at times", FAULT_NO_BURST, 7, FIFO, GOOD, 0, 0},
    {"burst count 0 for the response", FAULT_NO_BURST_LATER, 0, FIFO,
     VTPMRING_EPEER_TIMEOUT, 4 * D, 4 * D + B + SLACK, 3, 0},
    {"burst count 0 for the response at times", FAULT_NO_BURST_LATER, 7, FIFO,
     GOOD, 0, 0},
    {"burst count 1", FAULT_ONE_BURST, 0, FIFO, GOOD, 0, 0},
    {"burst count 65535", FAULT_HUGE_BURST, 0, FIFO, GOOD, 0, 0},
    {"stsValid is never set", FAULT_NEVER_VALID, 0, FIFO,
     VTPMRING_EPEER_TIMEOUT, D, D + B + SLACK, 0, 0},
    {"Expect is never cleared", FAULT_WANTS_MORE, 0, FIFO, VTPMRING_EPEER_STATE,
     C, C + B + SLACK, 0, 0},
    {"Expect is cleared too early", FAULT_WANTS_LESS, 0, FIFO,
     VTPMRING_EPEER_STATE, 0, B + SLACK, 0, 0},
    {"a command takes too long", FAULT_BUSY, 1, ALL, VTPMRING_EPEER_TIMEOUT,
     RUN, RUN + B + SLACK, 0, 0},
    {"a command hangs until the locality is let go of", FAULT_HANGS, 1, ALL,
     VTPMRING_EPEER_TIMEOUT, RUN, RUN + 2 * B + SLACK, 0, 0},
    {"a command hangs for ever", FAULT_DEAD, 0, ALL, VTPMRING_EPEER_TIMEOUT,
     RUN, RUN + 2 * B + 2 * A + SLACK, 0, 1},
    {"size 0", FAULT_SIZE_0, 0, ALL, VTPMRING_EPEER_LENGTH, 0, B + 4 * C, 0, 0},
    {"size 9", FAULT_SIZE_9, 0, ALL, VTPMRING_EPEER_LENGTH, 0, B + 4 * C, 0, 0},
    {"size 4097", FAULT_SIZE_4097, 0, ALL, VTPMRING_EPEER_LENGTH, 0, B + 4 * C,
     0, 0},
    {"size 4294967295", FAULT_SIZE_ONES, 0, ALL, VTPMRING_EPEER_LENGTH, 0,
     B + 4 * C, 0, 0},
    {"size one too many", FAULT_SIZE_MORE, 0, FIFO, VTPMRING_EPEER_LENGTH, 0,
     B + 4 * C, 3, 0},
    {"size one too few", FAULT_SIZE_LESS, 0, FIFO, VTPMRING_EPEER_LENGTH, C,
     B + 5 * C, 3, 0},
    {"a tag that there is not", FAULT_TAG, 0, ALL, VTPMRING_EPEER_HEADER, 0,
     B + 4 * C, 0, 0},
    {"size 0 at first", FAULT_SIZE_0, 3, FIFO, GOOD, 3, 0},
    {"size 4097 at first", FAULT_SIZE_4097, 1, FIFO, GOOD, 1, 0},
    {"size one too many at first", FAULT_SIZE_MORE, 2, FIFO, GOOD, 2, 0},
    {"size one too few at first", FAULT_SIZE_LESS, 2, FIFO, GOOD, 2, 0},
    {"a tag that there is not at first", FAULT_TAG, 1, FIFO, GOOD, 1, 0},
    {"size 9 once more often than there are retries", FAULT_SIZE_9, 4, FIFO,
     VTPMRING_EPEER_LENGTH, 0, B + 4 * C, 3, 0},
    {"a byte is missing, and no retry helps", FAULT_NO_RETRY, 0, FIFO,
     VTPMRING_EPEER_TIMEOUT, C, C + B + SLACK, 1, 0},
    {"the locality is lost while sending", FAULT_LOST_SENDING, 1, ALL,
     VTPMRING_EPEER_GONE, 0, SLACK, 0, 0},
    {"the locality is lost while it runs", FAULT_LOST_RUNNING, 1, ALL,
     VTPMRING_EPEER_GONE, 0, SLACK, 0, 0},
    {"the locality is lost while receiving", FAULT_LOST_RECEIVING, 1, ALL,
     VTPMRING_EPEER_GONE, 0, SLACK, 0, 0},
    {"the locality is lost at the end", FAULT_LOST_LATE, 1, ALL,
     VTPMRING_EPEER_GONE, 0, SLACK, 0, 0},
    {"the locality is lost at the end, and the next one's registers show",
     FAULT_LOST_SHARED, 1, CRB, VTPMRING_EPEER_GONE, 0, SLACK, 0, 0},
    {"a status that is valid at times", FAULT_VALID_AT_TIMES, 0, FIFO, GOOD, 0,
     0},
    {"bytes trickle", FAULT_TRICKLES, 0, FIFO, VTPMRING_EPEER_TIMEOUT, 4 * RUN,
     5 * RUN + 3 * B, 3, 0},
    {"the chip vanishes", FAULT_VANISHES, 0, ALL, VTPMRING_EPEER_GONE, 0, SLACK,
     0, 0},
    {"it says that it is in error", FAULT_ERROR, 0, CRB, VTPMRING_EPEER_STATE,
     C, C + B + SLACK, 0, 0},
    {"it does not go idle", FAULT_NEVER_IDLE, 0, CRB, VTPMRING_EPEER_TIMEOUT, 0,
     2 * C + SLACK, 0, 1},
    {"it stays idle", FAULT_STAYS_IDLE, 0, CRB, VTPMRING_EPEER_STATE, C,
     C + SLACK, 0, 0},
    {"the command's buffer is over registers", FAULT_COMMAND_BELOW, 0, CRB,
     VTPMRING_EUNSUPPORTED, 0, SLACK, 0, 0},
    {"the command's buffer is at the end of memory", FAULT_COMMAND_FAR, 0, CRB,
     VTPMRING_EUNSUPPORTED, 0, SLACK, 0, 0},
    {"the command's buffer is right but for its high half", FAULT_COMMAND_HIGH,
     0, CRB, VTPMRING_EUNSUPPORTED, 0, SLACK, 0, 0},
    {"the command's buffer is longer than the registers", FAULT_COMMAND_LONG, 0,
     CRB, VTPMRING_EPEER_LENGTH, 0, SLACK, 0, 0},
    {"the command's buffer has no room for it", FAULT_COMMAND_SHORT, 0, CRB,
     VTPMRING_ENOBUF, 0, SLACK, 0, 0},
    {"the command's buffer is empty", FAULT_COMMAND_EMPTY, 0, CRB,
     VTPMRING_EPEER_LENGTH, 0, SLACK, 0, 0},
    {"the response's buffer is in the next locality", FAULT_RESPONSE_FAR, 0,
     CRB, VTPMRING_EUNSUPPORTED, 0, SLACK, 0, 0},
    {"the response's buffer is longer than the registers", FAULT_RESPONSE_LONG,
     0, CRB, VTPMRING_EPEER_LENGTH, 0, SLACK, 0, 0},
    {"the response's buffer is empty", FAULT_RESPONSE_EMPTY, 0, CRB,
     VTPMRING_EPEER_LENGTH, 0, SLACK, 0, 0},
    {"the response is longer than its buffer", FAULT_RESPONSE_11, 0, CRB,
     VTPMRING_EPEER_LENGTH, 0, SLACK, 0, 0},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

struct one {
    const struct row *row;
    enum vtpmring_tis_interface interface;
};

static void repair(struct rig *rig)
{
    rig->model.fault = FAULT_NONE;
    if (rig->model.active == 4)
        model_let_go(&rig->model);
}

static void test_fault(void **state)
{
    const struct one *one = *state;
    const struct row *row = one->row;
    enum vtpmring_status status;
    struct rig rig;
    uint64_t took;

    rig_begin(&rig, one->interface);
    rig.model.fault = row->fault;
    rig.model.faults = row->times;
    status = rig_random(&rig, 16);
    took = rig.model.now - rig.began;
    check_status(status, row->status, row->name, 0);
    assert_in_range(took, row->at_least, row->at_most);
    assert_true(rig.model.retries >= row->retries);
    assert_int_equal(rig.tis.stuck, row->stuck);
    assert_int_equal(rig.tis.lost, status == VTPMRING_EPEER_GONE);
    if (status != VTPMRING_OK)
        assert_int_equal(rig.tis.length, status == VTPMRING_ENOBUF ? 12 : 0);
    /* a command is executed once at most, whatever is retried */
    assert_true(rig.model.executed <= 1);
    repair(&rig);
    rig_works(&rig);
    rig_works(&rig);
}

/* A chip that is not one. */
static void probes(enum vtpmring_tis_interface interface, enum fault fault,
                   enum vtpmring_status wanted)
{
    struct rig rig;

    memset(&rig, 0, sizeof(rig));
    model_begin(&rig.model, interface);
    rig.model.fault = fault;
    assert_status(vtpmring_tis_init(&rig.tis, &model_access, &rig.model, NULL),
                  VTPMRING_OK);
    assert_status(vtpmring_tis_probe(&rig.tis), VTPMRING_OK);
    assert_status(vtpmring_tis_run(&rig.tis), wanted);
    assert_int_equal(rig.tis.interface, VTPMRING_TIS_UNKNOWN);
    assert_true(rig.model.now < 2000000);
    assert_status(vtpmring_tis_request(&rig.tis, 0, false), VTPMRING_ESTATE);
    /* and it may come */
    rig.model.fault = FAULT_NONE;
    assert_status(vtpmring_tis_probe(&rig.tis), VTPMRING_OK);
    assert_status(vtpmring_tis_run(&rig.tis), VTPMRING_OK);
    rig_works(&rig);
}

static void test_no_chip(void **state)
{
    (void)state;
    for (int i = VTPMRING_TIS_FIFO_12; i < VTPMRING_TIS_INTERFACE_COUNT; i++) {
        if (!rig_tries((enum vtpmring_tis_interface)i))
            continue;
        probes((enum vtpmring_tis_interface)i, FAULT_ABSENT,
               VTPMRING_EPEER_GONE);
        probes((enum vtpmring_tis_interface)i, FAULT_ZEROS,
               VTPMRING_EPEER_GONE);
        probes((enum vtpmring_tis_interface)i, FAULT_UNKNOWN,
               VTPMRING_EUNSUPPORTED);
    }
}

static void test_a_locality_that_is_not_taken_back(void **state)
{
    struct rig rig;

    (void)state;
    for (int i = VTPMRING_TIS_FIFO_12; i < VTPMRING_TIS_INTERFACE_COUNT; i++) {
        if (!rig_tries((enum vtpmring_tis_interface)i))
            continue;
        rig_begin(&rig, (enum vtpmring_tis_interface)i);
        rig_works(&rig);
        rig.model.fault = FAULT_KEEPS_LOCALITY;
        rig.began = rig.model.now;
        assert_status(vtpmring_tis_release(&rig.tis), VTPMRING_OK);
        assert_status(vtpmring_tis_run(&rig.tis), VTPMRING_EPEER_TIMEOUT);
        assert_in_range(rig.model.now - rig.began, A, A + SLACK);
        repair(&rig);
        rig_works(&rig);
    }
}

/* Lost while an abort is waited for: it is not ours because it says ready. */
static void test_a_locality_lost_in_an_abort(void **state)
{
    struct rig rig;

    (void)state;
    for (int i = VTPMRING_TIS_FIFO_12; i < VTPMRING_TIS_INTERFACE_COUNT; i++) {
        if (!rig_tries((enum vtpmring_tis_interface)i))
            continue;
        rig_begin(&rig, (enum vtpmring_tis_interface)i);
        rig_submit_random(&rig, 8);
        rig_step_to(&rig, VTPMRING_TIS_SEND);
        assert_status(vtpmring_tis_cancel(&rig.tis), VTPMRING_OK);
        rig_step_to(&rig, VTPMRING_TIS_ABORT);
        model_seize(&rig.model, 4);
        assert_status(vtpmring_tis_run(&rig.tis), VTPMRING_EPEER_GONE);
        assert_int_equal(rig.tis.held, VTPMRING_TIS_NO_LOCALITY);
        repair(&rig);
        rig_works(&rig);
    }
}

/* A cancel that the chip does not heed ends in time all the same. */
static void test_cancel_of_a_chip_that_hangs(void **state)
{
    struct rig rig;

    (void)state;
    for (int i = VTPMRING_TIS_FIFO_12; i < VTPMRING_TIS_INTERFACE_COUNT; i++) {
        for (int dead = 0; dead < 2; dead++) {
            if (!rig_tries((enum vtpmring_tis_interface)i))
                continue;
            rig_begin(&rig, (enum vtpmring_tis_interface)i);
            rig.model.fault = dead ? FAULT_DEAD : FAULT_HANGS;
            rig.model.faults = dead ? 0 : 1;
            rig_submit_random(&rig, 8);
            rig_step_to(&rig, VTPMRING_TIS_RUN);
            assert_status(vtpmring_tis_cancel(&rig.tis), VTPMRING_OK);
            assert_status(vtpmring_tis_run(&rig.tis),
                          dead ? VTPMRING_EPEER_TIMEOUT : VTPMRING_CANCELED);
            assert_true(rig.model.now - rig.began < 3 * B + 2 * A + SLACK);
            repair(&rig);
            rig_works(&rig);
        }
    }
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[ROWS * 3 + 4];
    static struct one ones[ROWS * 3];
    static char names[ROWS * 3][128];
    size_t count = 0;

    rig_only(argc > 1 ? argv[1] : NULL);
    for (size_t i = 0; i < ROWS; i++) {
        for (int j = VTPMRING_TIS_FIFO_12; j < VTPMRING_TIS_INTERFACE_COUNT;
             j++) {
            enum vtpmring_tis_interface interface =
                (enum vtpmring_tis_interface)j;

            if ((rows[i].interfaces & 1u << j) == 0 || !rig_tries(interface))
                continue;
            ones[count] = (struct one){&rows[i], interface};
            (void)snprintf(names[count], sizeof(names[count]), "%s: %s",
                           vtpmring_tis_interface_name(interface),
                           rows[i].name);
            tests[count] = (struct CMUnitTest){names[count], test_fault, NULL,
                                               NULL, &ones[count]};
            count++;
        }
    }
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_no_chip);
    tests[count++] =
        (struct CMUnitTest)cmocka_unit_test(test_cancel_of_a_chip_that_hangs);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(
        test_a_locality_that_is_not_taken_back);
    tests[count++] =
        (struct CMUnitTest)cmocka_unit_test(test_a_locality_lost_in_an_abort);
    return _cmocka_run_group_tests("faults", tests, count, NULL, NULL);
}
