/* SPDX-License-Identifier: MIT */
#include "tpm_support.h"

#include "bytes.h"
#include "faults.h"

#include <errno.h>
#include <string.h>

#define TAG TAG_12
#define BAD_PARAM_SIZE 25u
#define BAD_LOCALITY 61u
#define BAD_ORDINAL 10u
#define INVALID_POSTINIT 38u
#define RETRY 0x800u

static uint32_t get_capability(struct tpm *tpm, uint32_t area, uint32_t sub)
{
    struct packet packet = command(TAG, 0x65);

    add32(&packet, area);
    add32(&packet, 4);
    add32(&packet, sub);
    return run(tpm, &packet);
}

static uint32_t read_ek(struct tpm *tpm, uint8_t modulus[256])
{
    struct packet packet = command(TAG, 0x7c); /* TPM_ReadPubek */
    uint8_t nonce[20] = {0};
    uint32_t rc;

    add_bytes(&packet, nonce, sizeof nonce);
    rc = run(tpm, &packet);
    if (rc == 0) {
        assert_int_equal(tpm->response_len, 314);
        memcpy(modulus, tpm->response + 38, 256);
    }
    return rc;
}

/* Defines an index of 8 bytes; without an owner nothing guards it. */
static uint32_t define_12(struct tpm *tpm)
{
    struct packet packet = command(TAG, 0xcc);
    uint8_t zeros[20] = {0};

    add16(&packet, 0x0018); /* TPM_NV_DATA_PUBLIC */
    add32(&packet, 0x00010001);
    for (unsigned i = 0; i < 2; i++) {
        add16(&packet, 3);
        add8(&packet, 0);
        add8(&packet, 0);
        add8(&packet, 0);
        add8(&packet, 0x1f);
        add_bytes(&packet, zeros, 20);
    }
    add16(&packet, 0x0017); /* TPM_NV_ATTRIBUTES */
    add32(&packet, 0x00000002);
    add8(&packet, 0);
    add8(&packet, 0);
    add8(&packet, 0);
    add32(&packet, 8);
    add_bytes(&packet, zeros, 20);
    return run(tpm, &packet);
}

static void a_new_tpm_is_enabled_and_active(void **state)
{
    struct tpm tpm;
    uint8_t before[20], after[20];

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_12);
    assert_int_equal(tpm_saves(&tpm), 1);
    assert_int_equal(get_capability(&tpm, 4, 0x108), 0); /* flags */
    /* TPM_PERMANENT_FLAGS: tag, disable, ownership, deactivated */
    assert_int_equal(vtpm_get16(tpm.response + 14), 0x001f);
    assert_int_equal(tpm.response[16], 0);
    assert_int_equal(tpm.response[17], 1);
    assert_int_equal(tpm.response[18], 0);
    assert_int_equal(get_capability(&tpm, 5, 0x101), 0); /* PCR count */
    assert_int_equal(vtpm_get32(tpm.response + 14), 24);
    assert_int_equal(pcr_read_12(&tpm, 10, before), 0);
    assert_int_equal(extend_12(&tpm, 10, 3), 0);
    assert_int_equal(pcr_read_12(&tpm, 10, after), 0);
    assert_memory_not_equal(before, after, 20);
    tpm_end(&tpm);
}

static void its_key_and_its_nv_survive(void **state)
{
    struct tpm tpm;
    uint8_t before[256], after[256];

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_12);
    assert_int_equal(read_ek(&tpm, before), 0);
    assert_int_equal(define_12(&tpm), 0);
    tpm_restart(&tpm);
    assert_int_equal(vtpm_store_family(tpm.store), VTPM_FAMILY_12);
    assert_int_equal(read_ek(&tpm, after), 0);
    assert_memory_equal(before, after, 256);
    assert_int_equal(get_capability(&tpm, 0x11, 0x00010001), 0); /* index */
    tpm_crash_and_restart(&tpm);
    assert_int_equal(read_ek(&tpm, after), 0);
    assert_memory_equal(before, after, 256);
    tpm_end(&tpm);
}

static void only_changes_cause_io(void **state)
{
    struct tpm tpm;
    uint8_t pcr[20];

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_12);
    faults_reset();
    for (uint32_t i = 0; i < 50; i++) {
        assert_int_equal(pcr_read_12(&tpm, i % 24, pcr), 0);
        assert_int_equal(get_capability(&tpm, 5, 0x101), 0);
        assert_int_equal(extend_12(&tpm, i % 16, 3), 0);
    }
    assert_int_equal(faults.steps, 0);
    assert_int_equal(define_12(&tpm), 0);
    assert_int_equal(faults.syncs, 1);
    tpm_end(&tpm);
}

static void unsaved_is_never_answered(void **state)
{
    struct tpm tpm;
    uint8_t pcr[20];

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_12);
    faults_reset();
    faults.mode = FAULT_ERROR;
    faults.at = 1;
    faults.stays = true;
    faults.error = ENOSPC;
    assert_int_equal(define_12(&tpm), RETRY);
    assert_int_equal(vtpm_get16(tpm.response), 0x00c4);
    assert_int_equal(pcr_read_12(&tpm, 0, pcr), RETRY);
    faults_reset();
    assert_int_equal(pcr_read_12(&tpm, 0, pcr), 0);
    assert_int_equal(get_capability(&tpm, 0x11, 0x00010001), 0);
    tpm_end(&tpm);
}

static void shutdown_saves_the_state_and_goes_on(void **state)
{
    struct tpm tpm;
    struct vtpm_error err;
    uint8_t before[20], after[20];
    uint64_t saves;

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_12);
    assert_int_equal(extend_12(&tpm, 0, 3), 0);
    assert_int_equal(pcr_read_12(&tpm, 0, before), 0);
    assert_status(vtpm_engine_shutdown(tpm.engine, &err), VTPM_OK, &err);
    saves = tpm_saves(&tpm);
    assert_status(vtpm_engine_shutdown(tpm.engine, &err), VTPM_OK, &err);
    assert_int_equal(tpm_saves(&tpm), saves);
    assert_int_equal(pcr_read_12(&tpm, 0, after), 0);
    assert_memory_equal(before, after, 20);
    tpm_end(&tpm);
}

static void bad_packets_are_answered(void **state)
{
    struct tpm tpm;
    struct packet packet = command(TAG, 0x15);
    struct packet startup = command(TAG, 0x99);

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_12);
    add32(&packet, 0);
    vtpm_put32(packet.bytes + 2, 14);
    for (size_t len = 0; len < 14; len++) {
        assert_int_equal(run_raw(&tpm, packet.bytes, len, 0), BAD_PARAM_SIZE);
        assert_int_equal(vtpm_get16(tpm.response), 0x00c4);
    }
    assert_int_equal(run_raw(&tpm, packet.bytes, 14, 4), 0);
    assert_int_equal(run_raw(&tpm, packet.bytes, 14, 5), BAD_LOCALITY);
    add16(&startup, 1);
    assert_int_equal(run(&tpm, &startup), INVALID_POSTINIT);
    assert_int_equal(vtpm_engine_cancel(tpm.engine, 1), VTPM_EUNSUPPORTED);
    tpm_end(&tpm);
}

/* They would hand the storage root key to whoever makes the TPM. */
static void there_are_no_maintenance_commands(void **state)
{
    struct tpm tpm;

    (void)state;
    tpm_made(&tpm, VTPM_FAMILY_12);
    for (uint32_t ordinal = 0x2c; ordinal <= 0x30; ordinal++) {
        struct packet packet = command(TAG, ordinal);

        for (size_t len = 0; len < 300; len += 20) {
            packet.len = 10 + len;
            memset(packet.bytes + 10, 0, len);
            assert_int_equal(run(&tpm, &packet), BAD_ORDINAL);
        }
    }
    tpm_end(&tpm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_tpm_is_enabled_and_active),
        cmocka_unit_test(its_key_and_its_nv_survive),
        cmocka_unit_test(only_changes_cause_io),
        cmocka_unit_test(unsaved_is_never_answered),
        cmocka_unit_test(shutdown_saves_the_state_and_goes_on),
        cmocka_unit_test(bad_packets_are_answered),
        cmocka_unit_test(there_are_no_maintenance_commands),
    };

    return cmocka_run_group_tests_name("vtpm engine, TPM 1.2", tests,
                                       folder_setup, folder_teardown);
}
