/* SPDX-License-Identifier: MIT */
#include "tpm_support.h"

#include "blobs.h"
#include "bytes.h"
#include "faults.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INDEX 0x01000001u
#define RC_NV_UNAVAILABLE 0x923u
#define RC_RETRY 0x922u
#define RC_SIZE 0x95u
#define RC_INITIALIZE 0x100u
#define RC_COMMAND_SIZE 0x142u
#define RC_LOCALITY 0x907u
#define PT_LOCKOUT_COUNTER 0x20eu

static void a_new_tpm_works_at_once(void **state)
{
    struct tpm tpm;
    uint8_t pcr[32], before[32];
    uint32_t family = 0;

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    assert_int_equal(tpm_saves(&tpm), 1);
    assert_int_equal(get_random(&tpm, 16), 0);
    assert_int_equal(tpm.response_len, 10 + 2 + 16);
    assert_int_equal(get_property(&tpm, 0x100, &family), 0);
    assert_int_equal(family, 0x322e3000); /* "2.0" */
    assert_int_equal(pcr_read(&tpm, 16, before), 0);
    assert_int_equal(pcr_extend(&tpm, 16, 7), 0);
    assert_int_equal(pcr_read(&tpm, 16, pcr), 0);
    assert_memory_not_equal(before, pcr, 32);
    tpm_end(&tpm);
}

static void state_survives_a_restart(void **state)
{
    struct tpm tpm;
    uint32_t handle = 0;
    uint8_t name[64], bytes[8];

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    assert_int_equal(nv_define(&tpm, INDEX, NV_OWNER_AND_AUTH, 8), 0);
    assert_int_equal(nv_write(&tpm, INDEX, "remember", 8), 0);
    assert_int_equal(create_primary_rsa(&tpm, RH_OWNER, 1, &handle), 0);
    memcpy(name, tpm.response + 100, sizeof name); /* in the modulus */

    tpm_restart(&tpm);
    assert_int_equal(nv_read(&tpm, INDEX, bytes, 8), 0);
    assert_memory_equal(bytes, "remember", 8);
    /* the same seed gives the same key: it is the same TPM */
    assert_int_equal(create_primary_rsa(&tpm, RH_OWNER, 1, &handle), 0);
    assert_memory_equal(name, tpm.response + 100, sizeof name);
    tpm_end(&tpm);
}

/* The guest decides how much there is; whatever it is, the TPM starts again. */
static void full_nv_memory_survives(void **state)
{
    struct tpm tpm;
    uint32_t indexes = 0;
    uint8_t bytes[8];

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    for (uint16_t len = 2048; len >= 8; len /= 2)
        while (nv_define(&tpm, INDEX + indexes, NV_OWNER_AND_AUTH, len) == 0)
            indexes++;
    assert_true(indexes > 60);
    assert_int_equal(nv_write(&tpm, INDEX, "remember", 8), 0);
    tpm_restart(&tpm);
    assert_int_equal(nv_read(&tpm, INDEX, bytes, 8), 0);
    assert_memory_equal(bytes, "remember", 8);
    tpm_end(&tpm);
}

static void two_new_tpms_have_different_seeds(void **state)
{
    struct tpm tpm;
    uint8_t modulus[64];
    uint32_t handle = 0;

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    assert_int_equal(create_primary_rsa(&tpm, RH_OWNER, 1, &handle), 0);
    memcpy(modulus, tpm.response + 100, sizeof modulus);
    tpm_end(&tpm);
    tpm_new(&tpm, VTPM_FAMILY_20);
    assert_int_equal(create_primary_rsa(&tpm, RH_OWNER, 1, &handle), 0);
    assert_memory_not_equal(modulus, tpm.response + 100, sizeof modulus);
    tpm_end(&tpm);
}

/* What was answered is there after a kill. */
static void answered_is_durable(void **state)
{
    struct tpm tpm;
    uint8_t bytes[8];

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    assert_int_equal(nv_define(&tpm, INDEX, NV_OWNER_AND_AUTH, 8), 0);
    for (unsigned i = 0; i < 5; i++) {
        uint8_t value[8] = {(uint8_t)(i + 1)};

        assert_int_equal(nv_write(&tpm, INDEX, value, 8), 0);
        tpm_crash_and_restart(&tpm);
        assert_int_equal(nv_read(&tpm, INDEX, bytes, 8), 0);
        assert_memory_equal(bytes, value, 8);
    }
    tpm_end(&tpm);
}

static void only_changes_cause_io(void **state)
{
    struct tpm tpm;
    uint8_t pcr[32];
    uint32_t value;

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    faults_reset();
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(get_random(&tpm, 32), 0);
        assert_int_equal(pcr_read(&tpm, i % 24, pcr), 0);
        assert_int_equal(get_property(&tpm, 0x100 + i % 8, &value), 0);
        assert_int_equal(pcr_extend(&tpm, i % 17, (uint8_t)i), 0);
    }
    assert_int_equal(faults.steps, 0);

    /* a change costs one save: a write, a sync, an erasure */
    assert_int_equal(nv_define(&tpm, INDEX, NV_OWNER_AND_AUTH, 8), 0);
    assert_int_equal(faults.syncs, 1);
    assert_int_equal(nv_write(&tpm, INDEX, "12345678", 8), 0);
    assert_int_equal(faults.syncs, 2);
    assert_int_equal(faults.writes, 4);
    assert_int_equal(tpm_saves(&tpm), 3);

    /* after an orderly shutdown, going on is a change, once */
    assert_int_equal(shutdown_20(&tpm, 0), 0);
    assert_int_equal(faults.syncs, 3);
    assert_int_equal(get_random(&tpm, 8), 0);
    assert_int_equal(faults.syncs, 3);
    assert_int_equal(pcr_extend(&tpm, 0, 1), 0);
    assert_int_equal(faults.syncs, 4);
    assert_int_equal(pcr_extend(&tpm, 0, 1), 0);
    assert_int_equal(faults.syncs, 4);
    tpm_end(&tpm);
}

static void break_disk(int error)
{
    faults_reset();
    faults.mode = FAULT_ERROR;
    faults.at = 1;
    faults.stays = true;
    faults.error = error;
}

/* Defect 9: a save that failed is no detail. */
static void unsaved_is_never_answered(void **state)
{
    struct tpm tpm;
    uint8_t bytes[8] = {0}, pcr[32], zeros[32] = {0};

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    assert_int_equal(nv_define(&tpm, INDEX, NV_OWNER_AND_AUTH, 8), 0);
    assert_int_equal(nv_write(&tpm, INDEX, "12345678", 8), 0);

    break_disk(EIO);
    /* what needs no saving goes on */
    assert_int_equal(get_random(&tpm, 8), 0);
    assert_int_equal(nv_write(&tpm, INDEX, "abcdefgh", 8), RC_NV_UNAVAILABLE);
    assert_int_equal(tpm.response_len, 10);
    assert_int_equal(tpm.logged, 1);
    /* from here on nothing is executed */
    assert_int_equal(nv_read(&tpm, INDEX, bytes, 8), RC_NV_UNAVAILABLE);
    assert_int_equal(get_random(&tpm, 8), RC_NV_UNAVAILABLE);
    assert_int_equal(pcr_extend(&tpm, 0, 1), RC_NV_UNAVAILABLE);
    assert_int_equal(tpm.logged, 1);
    assert_non_null(strstr(tpm.log[0], "cannot be saved"));
    /* another cause is another line */
    break_disk(ENOSPC);
    assert_int_equal(get_random(&tpm, 8), RC_NV_UNAVAILABLE);
    assert_int_equal(get_random(&tpm, 8), RC_NV_UNAVAILABLE);
    assert_int_equal(tpm.logged, 2);

    faults_reset();
    assert_int_equal(nv_read(&tpm, INDEX, bytes, 8), 0);
    assert_memory_equal(bytes, "abcdefgh", 8);
    assert_int_equal(tpm.logged, 3);
    assert_non_null(strstr(tpm.log[2], "saved again"));
    assert_int_equal(pcr_read(&tpm, 0, pcr), 0);
    assert_memory_equal(pcr, zeros, 32);
    tpm_crash_and_restart(&tpm);
    assert_int_equal(nv_read(&tpm, INDEX, bytes, 8), 0);
    assert_memory_equal(bytes, "abcdefgh", 8);
    tpm_end(&tpm);
}

/* A guest that went left its TPM shut down, unsaved. That is nobody's to see:
 * the next one is served, without a try for each command. */
static void what_owes_nothing_goes_on(void **state)
{
    struct tpm tpm;
    struct vtpm_error err;
    uint8_t bytes[8], pcr[32];
    unsigned steps;

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    assert_int_equal(nv_define(&tpm, INDEX, NV_OWNER_AND_AUTH, 8), 0);
    assert_int_equal(nv_write(&tpm, INDEX, "12345678", 8), 0);
    break_disk(EIO);
    assert_status(vtpm_engine_shutdown(tpm.engine, &err), VTPM_EIO, &err);
    steps = faults.steps;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(get_random(&tpm, 8), 0);
        assert_int_equal(pcr_read(&tpm, 0, pcr), 0);
    }
    assert_int_equal(faults.steps, steps);
    /* these could show it, or change more */
    assert_int_equal(nv_read(&tpm, INDEX, bytes, 8), RC_NV_UNAVAILABLE);
    assert_int_equal(nv_write(&tpm, INDEX, "abcdefgh", 8), RC_NV_UNAVAILABLE);
    assert_int_equal(pcr_extend(&tpm, 0, 1), RC_NV_UNAVAILABLE);
    assert_int_equal(get_random(&tpm, 8), 0);
    faults_reset();
    assert_int_equal(nv_read(&tpm, INDEX, bytes, 8), 0);
    assert_memory_equal(bytes, "12345678", 8);
    /* a change that was not saved is another matter */
    break_disk(EIO);
    assert_int_equal(nv_write(&tpm, INDEX, "abcdefgh", 8), RC_NV_UNAVAILABLE);
    (void)vtpm_engine_shutdown(tpm.engine, &err);
    assert_int_equal(get_random(&tpm, 8), RC_NV_UNAVAILABLE);
    faults_reset();
    tpm_crash_and_restart(&tpm);
    tpm_end(&tpm);
}

static void a_kill_while_unsaved_keeps_the_old(void **state)
{
    struct tpm tpm;
    struct image durable;
    uint8_t bytes[8];
    struct vtpm_error err;

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    assert_int_equal(nv_define(&tpm, INDEX, NV_OWNER_AND_AUTH, 8), 0);
    assert_int_equal(nv_write(&tpm, INDEX, "12345678", 8), 0);
    break_disk(EIO);
    assert_int_equal(nv_write(&tpm, INDEX, "abcdefgh", 8), RC_NV_UNAVAILABLE);
    durable = image_read(tpm.path);
    assert_status(vtpm_engine_stop(tpm.engine, &err), VTPM_EIO, &err);
    tpm.engine = NULL;
    vtpm_store_close(tpm.store);
    faults_reset();
    assert_unchanged(tpm.path, &durable);
    image_free(&durable);
    assert_status(tpm_start(&tpm, &err), VTPM_OK, &err);
    assert_int_equal(nv_read(&tpm, INDEX, bytes, 8), 0);
    assert_memory_equal(bytes, "12345678", 8);
    tpm_end(&tpm);
}

static uint32_t lockout_counter(struct tpm *tpm)
{
    uint32_t value = UINT32_MAX;

    assert_int_equal(get_property(tpm, PT_LOCKOUT_COUNTER, &value), 0);
    return value;
}

/* Uses something that the dictionary-attack logic protects. The first use
 * after a start is noted in NV and answered with "retry", by design. */
static void use_protected(struct tpm *tpm)
{
    uint8_t bytes[8];
    uint32_t rc = nv_read(tpm, INDEX, bytes, 8);

    if (rc == RC_RETRY)
        rc = nv_read(tpm, INDEX, bytes, 8);
    assert_int_equal(rc, 0);
}

static void define_protected(struct tpm *tpm)
{
    uint32_t rc;

    assert_int_equal(nv_define(tpm, INDEX, NV_PROTECTED, 8), 0);
    rc = nv_write(tpm, INDEX, "12345678", 8);
    if (rc == RC_RETRY)
        rc = nv_write(tpm, INDEX, "12345678", 8);
    assert_int_equal(rc, 0);
}

/* Stops in order, starts, and dies before the guest has done anything. */
static void stop_and_crash(struct tpm *tpm)
{
    tpm_restart(tpm);
    tpm_crash_and_restart(tpm);
}

/* Without TPM2_Shutdown the dictionary-attack counter locks the user out. */
static void a_stop_is_orderly_and_a_kill_is_not(void **state)
{
    struct tpm tpm;

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    define_protected(&tpm);
    for (unsigned i = 0; i < 5; i++) {
        use_protected(&tpm);
        stop_and_crash(&tpm);
        assert_true(startup_clear(&tpm) & ORDERLY);
        assert_int_equal(lockout_counter(&tpm), 0);
    }
    /* the control: without it the counter goes up */
    use_protected(&tpm);
    tpm_crash_and_restart(&tpm);
    assert_false(startup_clear(&tpm) & ORDERLY);
    assert_int_equal(lockout_counter(&tpm), 1);
    tpm_end(&tpm);
}

static void a_disconnect_protects_from_a_later_kill(void **state)
{
    struct tpm tpm;
    struct vtpm_error err;
    uint8_t before[32], after[32];

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    define_protected(&tpm);
    use_protected(&tpm);
    assert_int_equal(pcr_extend(&tpm, 0, 1), 0);
    assert_int_equal(pcr_read(&tpm, 0, before), 0);
    assert_status(vtpm_engine_shutdown(tpm.engine, &err), VTPM_OK, &err);
    /* the guest connects again: PCRs are kept, everything works */
    assert_int_equal(pcr_read(&tpm, 0, after), 0);
    assert_memory_equal(before, after, 32);
    use_protected(&tpm);
    assert_status(vtpm_engine_shutdown(tpm.engine, &err), VTPM_OK, &err);
    tpm_crash_and_restart(&tpm);
    assert_true(startup_clear(&tpm) & ORDERLY);
    assert_int_equal(lockout_counter(&tpm), 0);
    tpm_end(&tpm);
}

static void a_guests_own_shutdown_is_enough(void **state)
{
    struct tpm tpm;
    struct vtpm_error err;
    uint64_t saves;

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    assert_int_equal(shutdown_20(&tpm, 0), 0);
    saves = tpm_saves(&tpm);
    assert_status(vtpm_engine_shutdown(tpm.engine, &err), VTPM_OK, &err);
    assert_status(vtpm_engine_shutdown(tpm.engine, &err), VTPM_OK, &err);
    assert_int_equal(tpm_saves(&tpm), saves);
    /* with STATE too: the engine must not replace it by CLEAR */
    assert_int_equal(shutdown_20(&tpm, 1), 0);
    stop_and_crash(&tpm);
    assert_true(startup_clear(&tpm) & ORDERLY);
    tpm_end(&tpm);
}

static void firmware_has_started_the_tpm(void **state)
{
    struct tpm tpm;
    struct packet startup = command(0x8001, 0x144);
    struct packet self_test = command(0x8001, 0x143);

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    add16(&startup, 0);
    assert_int_equal(run(&tpm, &startup), RC_INITIALIZE);
    assert_int_equal(get_random(&tpm, 8), 0);
    add8(&self_test, 1);
    assert_int_equal(run(&tpm, &self_test), 0);
    tpm_end(&tpm);
}

static void bad_packets_are_answered(void **state)
{
    struct tpm tpm;
    struct packet packet = command(0x8001, 0x17b);
    uint8_t zeros[64] = {0};

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    add16(&packet, 8);
    vtpm_put32(packet.bytes + 2, 12);
    for (size_t len = 0; len < 12; len++)
        assert_int_equal(run_raw(&tpm, packet.bytes, len, 0), RC_COMMAND_SIZE);
    assert_int_equal(run_raw(&tpm, packet.bytes, 13, 0), RC_COMMAND_SIZE);
    assert_int_equal(run_raw(&tpm, zeros, sizeof zeros, 0), RC_COMMAND_SIZE);
    vtpm_put32(packet.bytes + 2, UINT32_MAX);
    assert_int_equal(run_raw(&tpm, packet.bytes, 12, 0), RC_COMMAND_SIZE);
    vtpm_put32(packet.bytes + 2, 4097);
    assert_int_equal(run_raw(&tpm, packet.bytes, 4097, 0), RC_COMMAND_SIZE);

    vtpm_put32(packet.bytes + 2, 12);
    for (unsigned locality = 0; locality < 256; locality++)
        assert_int_equal(run_raw(&tpm, packet.bytes, 12, (uint8_t)locality),
                         locality <= 4 ? 0 : RC_LOCALITY);
    tpm_end(&tpm);
}

static void noise_never_breaks_it(void **state)
{
    struct tpm tpm;
    struct packet packet = {.len = 0};
    uint32_t random = 12345;

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    for (unsigned i = 0; i < 4000; i++) {
        packet.len = 0;
        add16(&packet, i % 2 ? 0x8001 : 0x8002);
        add32(&packet, 0);
        add32(&packet, 0x11f + i % 0x80);
        for (unsigned j = 0; j < i % 61; j++) {
            random = random * 1664525u + 1013904223u;
            add8(&packet, (uint8_t)(random >> 24) & (i % 3 ? 0x0f : 0xff));
        }
        /* the header of the response is checked in there */
        (void)run(&tpm, &packet);
    }
    assert_int_equal(get_random(&tpm, 8), 0);
    tpm_end(&tpm);
}

static void the_longest_command_passes(void **state)
{
    struct tpm tpm;
    struct packet packet = command(0x8001, 0x17d); /* TPM2_Hash */

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    add16(&packet, 1024);
    for (unsigned i = 0; i < 1024; i++)
        add8(&packet, (uint8_t)i);
    add16(&packet, 0x000b);
    add32(&packet, RH_NULL);
    assert_int_equal(run(&tpm, &packet), 0);
    /* exactly 4096 bytes reach the TPM, which finds too many */
    while (packet.len < VTPM_COMMAND_MAX)
        add8(&packet, 0);
    assert_int_equal(run(&tpm, &packet), RC_SIZE);
    assert_int_equal(get_random(&tpm, 8), 0);
    tpm_end(&tpm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_tpm_works_at_once),
        cmocka_unit_test(state_survives_a_restart),
        cmocka_unit_test(full_nv_memory_survives),
        cmocka_unit_test(two_new_tpms_have_different_seeds),
        cmocka_unit_test(answered_is_durable),
        cmocka_unit_test(only_changes_cause_io),
        cmocka_unit_test(unsaved_is_never_answered),
        cmocka_unit_test(what_owes_nothing_goes_on),
        cmocka_unit_test(a_kill_while_unsaved_keeps_the_old),
        cmocka_unit_test(a_stop_is_orderly_and_a_kill_is_not),
        cmocka_unit_test(a_disconnect_protects_from_a_later_kill),
        cmocka_unit_test(a_guests_own_shutdown_is_enough),
        cmocka_unit_test(firmware_has_started_the_tpm),
        cmocka_unit_test(bad_packets_are_answered),
        cmocka_unit_test(noise_never_breaks_it),
        cmocka_unit_test(the_longest_command_passes),
    };

    return cmocka_run_group_tests_name("vtpm engine", tests, folder_setup,
                                       folder_teardown);
}
