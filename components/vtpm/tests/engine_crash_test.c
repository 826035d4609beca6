/* SPDX-License-Identifier: MIT */
/* PCRs when the process dies at each step of each save, or the power goes: a
 * guest never sees reset values without a boot, nor values of an earlier time.
 */
#define _GNU_SOURCE
#include "tpm_support.h"

#include "faults.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PCR 5u

/* How far a process has come. */
enum stage {
    NOTHING,  /* the memory that was kept may have been taken back or not */
    STARTED,  /* it was, and a guest may have seen it */
    MEASURED, /* the guest has extended the PCR */
    BOOTED,   /* and booted */
    AGAIN,    /* and extended it */
    STOPPED   /* all that is kept for the next process */
};

struct value {
    uint8_t bytes[32];
};

/* What the PCR was at each stage. */
struct values {
    struct value at[STOPPED + 1];
};

static struct value read_pcr(struct tpm *tpm)
{
    struct value value = {{0}};
    uint32_t rc = vtpm_store_family(tpm->store) == VTPM_FAMILY_12
                      ? pcr_read_12(tpm, PCR, value.bytes)
                      : pcr_read(tpm, PCR, value.bytes);

    assert_int_equal(rc, 0);
    return value;
}

static bool same(const struct value *a, const struct value *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static void tell(int to, enum stage stage)
{
    const uint8_t byte = (uint8_t)stage;

    if (write(to, &byte, 1) != 1)
        _exit(1);
}

/* A life: starts, is extended, boots, is extended, stops. */
static void live(struct tpm *tpm, int to)
{
    struct vtpm_error err;

    if (tpm_start(tpm, &err) != VTPM_OK)
        _exit(1);
    tell(to, STARTED);
    if (extend(tpm, PCR, 2) != 0)
        _exit(1);
    tell(to, MEASURED);
    if (vtpm_engine_power_cycle(tpm->engine, &err) != VTPM_OK)
        _exit(1);
    tell(to, BOOTED);
    if (extend(tpm, PCR, 3) != 0)
        _exit(1);
    tell(to, AGAIN);
    if (vtpm_engine_stop(tpm->engine, &err) != VTPM_OK)
        _exit(1);
    tell(to, STOPPED);
    _exit(0);
}

/* The same life without faults, and with a look at the PCR. */
static struct values expect(struct tpm *tpm)
{
    struct values values;
    struct vtpm_error err;

    assert_status(tpm_start(tpm, &err), VTPM_OK, &err);
    values.at[NOTHING] = values.at[STARTED] = read_pcr(tpm);
    assert_int_equal(extend(tpm, PCR, 2), 0);
    values.at[MEASURED] = read_pcr(tpm);
    power_cycle(tpm);
    values.at[BOOTED] = read_pcr(tpm);
    assert_int_equal(extend(tpm, PCR, 3), 0);
    values.at[AGAIN] = values.at[STOPPED] = read_pcr(tpm);
    tpm_stop(tpm);
    return values;
}

/* @return whether the process died of the fault */
static bool live_once(struct tpm *tpm, enum stage *stage)
{
    int fds[2], status;
    uint8_t byte;
    pid_t child;

    assert_int_equal(pipe(fds), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        live(tpm, fds[1]);
    (void)close(fds[1]);
    *stage = NOTHING;
    while (read(fds[0], &byte, 1) == 1)
        *stage = (enum stage)byte;
    (void)close(fds[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == FAULT_EXIT)
        return true;
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

/* What the next process may find after one that came so far. */
static void judge(struct tpm *tpm, const struct values *values,
                  enum stage stage)
{
    struct vtpm_error err;
    struct value found;
    bool kept, spoiled = true;

    tpm->logged = 0;
    assert_status(tpm_start(tpm, &err), VTPM_OK, &err);
    found = read_pcr(tpm);
    for (unsigned i = NOTHING; i <= STOPPED; i++)
        spoiled = spoiled && !same(&found, &values->at[i]);
    kept = (stage == NOTHING && same(&found, &values->at[NOTHING])) ||
           (stage >= AGAIN && same(&found, &values->at[STOPPED]));
    assert_true(kept || (spoiled && stage != STOPPED));
    assert_true(spoiled ==
                (tpm->logged > 0 &&
                 strstr(tpm->log[tpm->logged - 1], "PCRs are lost") != NULL));
    power_cycle(tpm);
    found = read_pcr(tpm);
    assert_memory_equal(&found, &values->at[BOOTED], sizeof found);
    tpm_stop(tpm);
}

static unsigned walk(struct tpm *tpm, const struct image *start,
                     const struct values *values, enum fault_mode mode,
                     uint32_t power_cut)
{
    for (unsigned at = 1;; at++) {
        enum stage stage;
        bool died;

        image_write(tpm->path, start);
        faults_reset();
        if (power_cut != 0)
            faults_watch(tpm->path);
        faults.mode = mode;
        faults.at = at;
        faults.power_cut = power_cut + (power_cut ? at : 0);
        died = live_once(tpm, &stage);
        faults_reset();
        judge(tpm, values, stage);
        if (!died) {
            assert_int_equal(stage, STOPPED);
            return at - 1;
        }
    }
}

/* How a process dies. */
struct death {
    enum fault_mode mode;
    uint32_t power_cut;
};

static void die_at_each_step(enum vtpm_family family, unsigned saves,
                             const struct death *deaths, size_t count)
{
    struct tpm tpm;
    struct image start;
    struct values values;

    tpm_made(&tpm, family);
    assert_int_equal(extend(&tpm, PCR, 1), 0);
    tpm_stop(&tpm);
    start = image_read(tpm.path);
    values = expect(&tpm);
    /* each save: write, sync, erase */
    for (size_t i = 0; i < count; i++)
        assert_int_equal(
            walk(&tpm, &start, &values, deaths[i].mode, deaths[i].power_cut),
            3 * saves);
    image_free(&start);
    tpm_end(&tpm);
}

/* The saves: start, the first change after an orderly stop, boot, stop. */
static void a_tpm_20_dies_at_each_step(void **state)
{
    static const struct death deaths[] = {
        {FAULT_CRASH_BEFORE, 0},    {FAULT_CRASH_DURING, 0},
        {FAULT_CRASH_AFTER, 0},     {FAULT_CRASH_BEFORE, 1000},
        {FAULT_CRASH_DURING, 2000}, {FAULT_CRASH_AFTER, 3000},
    };

    (void)state;
    die_at_each_step(VTPM_FAMILY_20, 4, deaths,
                     sizeof deaths / sizeof deaths[0]);
}

/* The saves: start, boot, stop. A TPM 1.2 makes an RSA key whenever it gets
 * power, so it dies less often here. */
static void a_tpm_12_dies_at_each_step(void **state)
{
    static const struct death deaths[] = {{FAULT_CRASH_DURING, 0}};

    (void)state;
    die_at_each_step(VTPM_FAMILY_12, 3, deaths, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tpm_20_dies_at_each_step),
        cmocka_unit_test(a_tpm_12_dies_at_each_step),
    };

    return cmocka_run_group_tests_name("vtpm engine, crashes", tests,
                                       folder_setup, folder_teardown);
}
