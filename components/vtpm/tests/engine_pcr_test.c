/* SPDX-License-Identifier: MIT */
/* How long PCRs live, in both families. */
#include "tpm_support.h"

#include "blobs.h"
#include "bytes.h"
#include "faults.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PCRS 24u
#define BANKS 4u
#define INDEX 0x01000001u
#define RC_NV_UNAVAILABLE 0x923u
#define PT_LOCKOUT_COUNTER 0x20eu

static const uint16_t bank_algorithm[BANKS] = {0x04, 0x0b, 0x0c, 0x0d};
static const size_t bank_len[BANKS] = {20, 32, 48, 64};

/* All PCRs in all banks. */
struct pcrs {
    uint8_t value[PCRS][BANKS][64];
};

static uint32_t read_bank(struct tpm *tpm, uint32_t pcr, uint16_t algorithm,
                          size_t len, uint8_t *value)
{
    struct packet packet = command(0x8001, 0x17e);
    uint8_t select[3] = {0};
    uint32_t rc;

    select[pcr / 8] = (uint8_t)(1u << pcr % 8);
    add32(&packet, 1);
    add16(&packet, algorithm);
    add8(&packet, 3);
    add_bytes(&packet, select, 3);
    rc = run(tpm, &packet);
    if (rc == 0) {
        assert_int_equal(tpm->response_len, 10 + 4 + 4 + 6 + 4 + 2 + len);
        memcpy(value, tpm->response + tpm->response_len - len, len);
    }
    return rc;
}

static enum vtpm_family family_of(const struct tpm *tpm)
{
    return vtpm_store_family(tpm->store);
}

static struct pcrs read_all(struct tpm *tpm)
{
    struct pcrs pcrs;

    memset(&pcrs, 0, sizeof pcrs);
    for (uint32_t i = 0; i < PCRS; i++)
        if (family_of(tpm) == VTPM_FAMILY_12)
            assert_int_equal(pcr_read_12(tpm, i, pcrs.value[i][0]), 0);
        else
            for (unsigned bank = 0; bank < BANKS; bank++)
                assert_int_equal(read_bank(tpm, i, bank_algorithm[bank],
                                           bank_len[bank], pcrs.value[i][bank]),
                                 0);
    return pcrs;
}

static void assert_same(struct tpm *tpm, const struct pcrs *pcrs)
{
    struct pcrs now = read_all(tpm);

    assert_memory_equal(&now, pcrs, sizeof now);
}

/* Not one PCR, in no bank, has that value. */
static void assert_all_differ(struct tpm *tpm, const struct pcrs *pcrs)
{
    struct pcrs now = read_all(tpm);
    unsigned banks = family_of(tpm) == VTPM_FAMILY_12 ? 1 : BANKS;

    for (unsigned i = 0; i < PCRS; i++)
        for (unsigned bank = 0; bank < banks; bank++)
            assert_memory_not_equal(now.value[i][bank], pcrs->value[i][bank],
                                    20);
}

static void for_both(void (*test)(enum vtpm_family family))
{
    test(VTPM_FAMILY_20);
    test(VTPM_FAMILY_12);
}

/* A TPM whose guest has measured its boot. */
static struct pcrs measured(struct tpm *tpm, enum vtpm_family family,
                            struct pcrs *reset)
{
    tpm_made(tpm, family);
    *reset = read_all(tpm);
    for (uint32_t i = 0; i < 16; i++)
        assert_int_equal(extend(tpm, i, (uint8_t)(i + 1)), 0);
    return read_all(tpm);
}

static void a_new_tpm_is_reset(enum vtpm_family family)
{
    static const uint8_t zeros[20],
        ones[20] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct tpm tpm;
    struct pcrs reset;

    tpm_new(&tpm, family);
    /* the boot that a new TPM is made for costs nothing */
    assert_int_equal(tpm_saves(&tpm), 1);
    faults_reset();
    power_cycle(&tpm);
    assert_int_equal(faults.steps, 0);
    reset = read_all(&tpm);
    for (uint32_t i = 0; i < PCRS; i++)
        assert_memory_equal(reset.value[i][0],
                            i >= 17 && i <= 22 ? ones : zeros, 20);
    assert_int_equal(tpm.logged, 0);
    tpm_end(&tpm);
}

static void a_boot_resets(enum vtpm_family family)
{
    struct tpm tpm;
    struct pcrs reset;
    uint64_t saves;

    (void)measured(&tpm, family, &reset);
    for (unsigned i = 0; i < 3; i++) {
        saves = tpm_saves(&tpm);
        power_cycle(&tpm);
        assert_int_equal(tpm_saves(&tpm), saves + 1);
        /* a second boot of a TPM that was not used finds nothing to do */
        power_cycle(&tpm);
        assert_int_equal(tpm_saves(&tpm), saves + 1);
        assert_same(&tpm, &reset);
        assert_int_equal(extend(&tpm, 0, 1), 0);
    }
    assert_int_equal(tpm.logged, 0);
    tpm_end(&tpm);
}

static void a_restart_keeps(enum vtpm_family family)
{
    struct tpm tpm;
    struct pcrs reset, before = measured(&tpm, family, &reset);

    for (unsigned i = 0; i < 3; i++) {
        faults_reset();
        tpm_restart(&tpm);
        /* a save to stop and one to start */
        assert_int_equal(faults.syncs, 2);
        assert_same(&tpm, &before);
        assert_int_equal(extend(&tpm, 3, 9), 0);
        before = read_all(&tpm);
    }
    power_cycle(&tpm);
    assert_same(&tpm, &reset);
    assert_int_equal(tpm.logged, 0);
    tpm_end(&tpm);
}

static void an_unused_tpm_stays_unused(enum vtpm_family family)
{
    struct tpm tpm;
    struct pcrs reset;

    tpm_made(&tpm, family);
    tpm_restart(&tpm);
    power_cycle(&tpm);
    assert_int_equal(tpm_saves(&tpm), 1);
    tpm_restart(&tpm);
    reset = read_all(&tpm);
    assert_int_equal(tpm.logged, 0);
    power_cycle(&tpm);
    assert_same(&tpm, &reset);
    tpm_end(&tpm);
}

static void a_disconnect_keeps(enum vtpm_family family)
{
    struct tpm tpm;
    struct vtpm_error err;
    struct pcrs reset, before = measured(&tpm, family, &reset);

    assert_status(vtpm_engine_shutdown(tpm.engine, &err), VTPM_OK, &err);
    assert_same(&tpm, &before);
    assert_status(vtpm_engine_shutdown(tpm.engine, &err), VTPM_OK, &err);
    tpm_restart(&tpm);
    assert_same(&tpm, &before);
    tpm_end(&tpm);
}

static void a_kill_spoils(enum vtpm_family family)
{
    struct tpm tpm;
    struct pcrs reset, before = measured(&tpm, family, &reset), spoiled;

    tpm_crash_and_restart(&tpm);
    assert_int_equal(tpm.logged, 1);
    assert_non_null(strstr(tpm.log[0], "PCRs are lost"));
    assert_all_differ(&tpm, &before);
    assert_all_differ(&tpm, &reset);

    /* with other bytes each time */
    spoiled = read_all(&tpm);
    tpm_crash_and_restart(&tpm);
    assert_int_equal(tpm.logged, 2);
    assert_all_differ(&tpm, &spoiled);
    assert_all_differ(&tpm, &reset);

    /* a restart does not mend them, a boot does */
    spoiled = read_all(&tpm);
    tpm_restart(&tpm);
    assert_same(&tpm, &spoiled);
    assert_int_equal(tpm.logged, 2);
    power_cycle(&tpm);
    assert_same(&tpm, &reset);
    tpm_restart(&tpm);
    assert_same(&tpm, &reset);
    tpm_end(&tpm);
}

/* What was kept is good for one start. */
static void a_kill_after_a_restart_spoils(enum vtpm_family family)
{
    struct tpm tpm;
    struct pcrs reset, before = measured(&tpm, family, &reset);

    tpm_restart(&tpm);
    tpm_crash_and_restart(&tpm);
    assert_all_differ(&tpm, &before);
    assert_all_differ(&tpm, &reset);
    assert_int_equal(tpm.logged, 1);
    tpm_end(&tpm);
}

/* Nobody looks whether the guest has begun: that would cost a save. */
static void a_kill_of_an_unused_tpm_spoils(enum vtpm_family family)
{
    struct tpm tpm;
    struct pcrs reset;

    tpm_made(&tpm, family);
    reset = read_all(&tpm);
    power_cycle(&tpm);
    tpm_crash_and_restart(&tpm);
    assert_all_differ(&tpm, &reset);
    tpm_end(&tpm);
}

static void a_boot_without_a_disk(enum vtpm_family family)
{
    const uint32_t refused =
        family == VTPM_FAMILY_12 ? 0x800u : RC_NV_UNAVAILABLE;
    struct tpm tpm;
    struct pcrs reset;

    (void)measured(&tpm, family, &reset);
    faults_reset();
    faults.mode = FAULT_ERROR;
    faults.at = 1;
    faults.stays = true;
    faults.error = EIO;
    power_cycle(&tpm);
    assert_int_equal(extend(&tpm, 0, 1), refused);
    faults_reset();
    assert_same(&tpm, &reset);
    tpm_crash_and_restart(&tpm);
    assert_all_differ(&tpm, &reset);
    tpm_end(&tpm);
}

static void a_stop_without_a_disk(enum vtpm_family family)
{
    struct tpm tpm;
    struct vtpm_error err;
    struct pcrs reset, before = measured(&tpm, family, &reset);

    faults_reset();
    faults.mode = FAULT_ERROR;
    faults.at = 1;
    faults.stays = true;
    faults.error = EIO;
    assert_status(vtpm_engine_stop(tpm.engine, &err), VTPM_EIO, &err);
    tpm.engine = NULL;
    vtpm_store_close(tpm.store);
    faults_reset();
    assert_status(tpm_start(&tpm, &err), VTPM_OK, &err);
    assert_all_differ(&tpm, &before);
    assert_all_differ(&tpm, &reset);
    tpm_end(&tpm);
}

/* The durable state as it is in the store, for looking into it. */
static struct vtpm_blobs open_blobs(struct tpm *tpm)
{
    struct vtpm_state state;
    struct vtpm_blobs blobs;

    assert_int_equal(
        vtpm_store_open(&tpm->store, tpm->path, test_uuid, tpm->keys, NULL),
        VTPM_OK);
    assert_int_equal(vtpm_store_load(tpm->store, &state, NULL), VTPM_OK);
    assert_int_equal(vtpm_blobs_adopt(&blobs, state.bytes, state.len, NULL),
                     VTPM_OK);
    return blobs;
}

static void close_blobs(struct tpm *tpm, struct vtpm_blobs *blobs)
{
    assert_int_equal(
        vtpm_store_save(tpm->store, blobs->bytes, blobs->len, NULL), VTPM_OK);
    vtpm_store_close(tpm->store);
    tpm->store = NULL;
    vtpm_blobs_free(blobs);
}

/* One that was written before there were marks: nothing is known. */
static void a_state_without_marks_spoils(enum vtpm_family family)
{
    struct tpm tpm;
    struct vtpm_blobs blobs;
    struct vtpm_error err;
    struct pcrs reset;

    (void)measured(&tpm, family, &reset);
    tpm_stop(&tpm);
    blobs = open_blobs(&tpm);
    assert_true(vtpm_blobs_remove(&blobs, VTPM_BLOB_VOLATILE));
    assert_false(vtpm_blobs_remove(&blobs, VTPM_BLOB_PRISTINE));
    close_blobs(&tpm, &blobs);
    assert_status(tpm_start(&tpm, &err), VTPM_OK, &err);
    assert_int_equal(tpm.logged, 1);
    assert_all_differ(&tpm, &reset);
    tpm_end(&tpm);
}

static void assert_start_fails(struct tpm *tpm, const uint8_t *memory,
                               size_t len)
{
    struct vtpm_blobs blobs = open_blobs(tpm);
    struct vtpm_error err;
    struct image before;
    bool changed;

    assert_int_equal(
        vtpm_blobs_put(&blobs, VTPM_BLOB_VOLATILE, memory, len, &changed),
        VTPM_OK);
    close_blobs(tpm, &blobs);
    before = image_read(tpm->path);
    assert_status(tpm_start(tpm, &err), VTPM_ETPM, &err);
    assert_unchanged(tpm->path, &before);
    image_free(&before);
}

static void bad_memory_is_refused(enum vtpm_family family)
{
    struct tpm tpm;
    struct vtpm_blobs blobs;
    struct vtpm_error err;
    struct pcrs reset, before = measured(&tpm, family, &reset);
    uint8_t *memory;
    size_t len = 0;
    const uint8_t *blob;

    tpm_stop(&tpm);
    blobs = open_blobs(&tpm);
    blob = vtpm_blobs_get(&blobs, VTPM_BLOB_VOLATILE, &len);
    assert_non_null(blob);
    memory = malloc(len);
    assert_non_null(memory);
    memcpy(memory, blob, len);
    close_blobs(&tpm, &blobs);

    for (size_t cut = 0; cut < len; cut += len / 7 + 1)
        assert_start_fails(&tpm, memory, cut);
    for (size_t i = 0; i < len; i += len / 7 + 1) {
        memory[i] ^= 0x40;
        assert_start_fails(&tpm, memory, len);
        memory[i] ^= 0x40;
    }
    /* and nothing was lost on the way */
    blobs = open_blobs(&tpm);
    assert_int_equal(
        vtpm_blobs_put(&blobs, VTPM_BLOB_VOLATILE, memory, len, &(bool){false}),
        VTPM_OK);
    close_blobs(&tpm, &blobs);
    assert_status(tpm_start(&tpm, &err), VTPM_OK, &err);
    assert_same(&tpm, &before);
    free(memory);
    tpm_end(&tpm);
}

/* A guest that leaves next to no PCRs, from the next power on. */
static uint32_t allocate(struct tpm *tpm, uint32_t bitmap)
{
    struct packet packet = command(0x8002, 0x12b); /* TPM2_PCR_Allocate */

    add32(&packet, 0x4000000c); /* platform */
    add_password(&packet);
    add32(&packet, BANKS);
    for (unsigned bank = 0; bank < BANKS; bank++) {
        add16(&packet, bank_algorithm[bank]);
        add8(&packet, 3);
        for (unsigned i = 0; i < 3; i++)
            add8(&packet, (uint8_t)((bank == 1 ? bitmap : 0) >> 8 * i));
    }
    return run(tpm, &packet);
}

/* What a guest may set does not keep its TPM from starting after a kill. */
static void a_tpm_with_one_pcr_starts(void **state)
{
    static const uint8_t zeros[32];
    uint8_t pcr[32];
    struct tpm tpm;

    (void)state;
    tpm_made(&tpm, VTPM_FAMILY_20);
    assert_int_equal(allocate(&tpm, 0x020001), 0);
    assert_int_equal(tpm.response[14], 1); /* it will */
    tpm_crash_and_restart(&tpm);
    assert_int_equal(tpm.logged, 1);
    assert_int_equal(pcr_read(&tpm, 0, pcr), 0);
    assert_memory_not_equal(pcr, zeros, sizeof pcr);
    tpm_end(&tpm);
}

static void a_disabled_tpm_starts(void **state)
{
    static const uint8_t zeros[20];
    struct packet disable = command(TAG_12, 0x70); /* TPM_PhysicalDisable */
    struct packet enable = command(TAG_12, 0x6f);  /* TPM_PhysicalEnable */
    struct packet presence = command(TAG_12, 0x4000000a);
    uint8_t pcr[20];
    struct tpm tpm;

    (void)state;
    tpm_made(&tpm, VTPM_FAMILY_12);
    add16(&presence, 0x08); /* present */
    assert_int_equal(run(&tpm, &presence), 0);
    assert_int_equal(run(&tpm, &disable), 0);
    tpm_crash_and_restart(&tpm);
    assert_int_equal(tpm.logged, 1);
    assert_int_equal(run(&tpm, &presence), 0);
    assert_int_equal(run(&tpm, &enable), 0);
    assert_int_equal(pcr_read_12(&tpm, 0, pcr), 0);
    assert_memory_not_equal(pcr, zeros, sizeof pcr);
    tpm_end(&tpm);
}

#define BOTH(name)                                                             \
    static void name##_in_both(void **state)                                   \
    {                                                                          \
        (void)state;                                                           \
        for_both(name);                                                        \
    }

BOTH(a_new_tpm_is_reset)
BOTH(a_boot_resets)
BOTH(a_restart_keeps)
BOTH(an_unused_tpm_stays_unused)
BOTH(a_disconnect_keeps)
BOTH(a_kill_spoils)
BOTH(a_kill_after_a_restart_spoils)
BOTH(a_kill_of_an_unused_tpm_spoils)
BOTH(a_boot_without_a_disk)
BOTH(a_stop_without_a_disk)
BOTH(a_state_without_marks_spoils)
BOTH(bad_memory_is_refused)

/* Objects and sessions are kept with the PCRs. */
static void a_restart_keeps_objects(void **state)
{
    struct tpm tpm;
    uint32_t handle = 0;

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    assert_int_equal(create_primary_rsa(&tpm, RH_OWNER, 1, &handle), 0);
    tpm_restart(&tpm);
    assert_int_equal(flush(&tpm, handle), 0);
    assert_int_not_equal(flush(&tpm, handle), 0);

    assert_int_equal(create_primary_rsa(&tpm, RH_OWNER, 1, &handle), 0);
    power_cycle(&tpm);
    assert_int_not_equal(flush(&tpm, handle), 0);
    tpm_end(&tpm);
}

/* NV memory without room left and every slot taken: it fits. */
static void the_fullest_tpm_is_kept(void **state)
{
    static uint8_t bytes[2048];
    struct tpm tpm;
    struct pcrs before;
    uint32_t handle, indexes = 0, objects = 0;

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    for (uint16_t len = sizeof bytes; len >= 8; len /= 2)
        while (nv_define(&tpm, INDEX + indexes, NV_OWNER_AND_AUTH, len) == 0)
            indexes++;
    assert_true(indexes > 8);
    while (create_primary_rsa(&tpm, RH_NULL, objects, &handle) == 0)
        objects++;
    assert_int_equal(objects, 3);
    before = read_all(&tpm);
    tpm_restart(&tpm);
    assert_same(&tpm, &before);
    assert_int_equal(flush(&tpm, handle), 0);
    tpm_end(&tpm);
}

/* A power cycle is no attack on the dictionary-attack logic, a kill is. */
static void a_boot_counts_no_try(void **state)
{
    struct tpm tpm;
    uint8_t bytes[8];
    uint32_t tries = 1;

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    assert_int_equal(nv_define(&tpm, INDEX, NV_PROTECTED, 8), 0);
    while (nv_write(&tpm, INDEX, "12345678", 8) != 0)
        ;
    for (unsigned i = 0; i < 3; i++) {
        while (nv_read(&tpm, INDEX, bytes, 8) != 0)
            ;
        power_cycle(&tpm);
        assert_true(startup_clear(&tpm) & ORDERLY);
        assert_int_equal(get_property(&tpm, PT_LOCKOUT_COUNTER, &tries), 0);
        assert_int_equal(tries, 0);
    }
    while (nv_read(&tpm, INDEX, bytes, 8) != 0)
        ;
    tpm_crash_and_restart(&tpm);
    assert_int_equal(get_property(&tpm, PT_LOCKOUT_COUNTER, &tries), 0);
    assert_int_equal(tries, 1);
    tpm_end(&tpm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_tpm_is_reset_in_both),
        cmocka_unit_test(a_boot_resets_in_both),
        cmocka_unit_test(a_restart_keeps_in_both),
        cmocka_unit_test(an_unused_tpm_stays_unused_in_both),
        cmocka_unit_test(a_disconnect_keeps_in_both),
        cmocka_unit_test(a_kill_spoils_in_both),
        cmocka_unit_test(a_kill_after_a_restart_spoils_in_both),
        cmocka_unit_test(a_kill_of_an_unused_tpm_spoils_in_both),
        cmocka_unit_test(a_boot_without_a_disk_in_both),
        cmocka_unit_test(a_stop_without_a_disk_in_both),
        cmocka_unit_test(a_state_without_marks_spoils_in_both),
        cmocka_unit_test(bad_memory_is_refused_in_both),
        cmocka_unit_test(a_tpm_with_one_pcr_starts),
        cmocka_unit_test(a_disabled_tpm_starts),
        cmocka_unit_test(a_restart_keeps_objects),
        cmocka_unit_test(the_fullest_tpm_is_kept),
        cmocka_unit_test(a_boot_counts_no_try),
    };

    return cmocka_run_group_tests_name("vtpm engine, PCRs", tests, folder_setup,
                                       folder_teardown);
}
