/* SPDX-License-Identifier: MIT */
/* A real TPM behind the registers, the same one behind FIFO and CRB. */
#include "rig.h"

static uint32_t code(const struct rig *rig)
{
    return (uint32_t)rig->response[6] << 24 | (uint32_t)rig->response[7] << 16 |
           (uint32_t)rig->response[8] << 8 | rig->response[9];
}

/* TPM2_PCR_Extend of a PCR with SHA-256. */
static void extend(struct rig *rig, uint8_t pcr, uint8_t locality)
{
    static uint8_t command[65] = {
        0x80, 0x02, 0, 0, 0, 65, 0, 0, 1, 0x82, 0, 0, 0, 0, 0, 0,   0,
        9,    0x40, 0, 0, 9, 0,  0, 0, 0, 0,    0, 0, 0, 1, 0, 0x0b};

    command[13] = pcr;
    memset(rig->response, 0xa5, sizeof(rig->response));
    assert_status(vtpmring_tis_submit(&rig->tis, locality, command,
                                      sizeof(command), rig->response, 4096),
                  VTPMRING_OK);
    assert_status(vtpmring_tis_run(&rig->tis), VTPMRING_OK);
}

static void read_pcr_16(struct rig *rig, uint8_t value[32])
{
    static const uint8_t command[] = {0x80, 1, 0, 0, 0, 20,   0, 0, 1, 0x7e,
                                      0,    0, 0, 1, 0, 0x0b, 3, 0, 0, 1};

    assert_status(rig_execute(rig, command, sizeof(command)), VTPMRING_OK);
    assert_int_equal(code(rig), 0);
    assert_int_equal(rig->tis.length, 62);
    memcpy(value, rig->response + 30, 32);
}

/* Owner hierarchy, ECC P-256 storage key. */
static uint32_t create_primary(struct rig *rig)
{
    static const uint8_t command[] = {
        0x80, 0x02, 0, 0, 0,    67, 0,    0, 1,    0x31, 0x40, 0, 0, 1,
        0,    0,    0, 9, 0x40, 0,  0,    9, 0,    0,    0,    0, 0, 0,
        4,    0,    0, 0, 0,    0,  26,   0, 0x23, 0,    0x0b, 0, 3, 0,
        0x72, 0,    0, 0, 6,    0,  0x80, 0, 0x43, 0,    0x10, 0, 3, 0,
        0x10, 0,    0, 0, 0,    0,  0,    0, 0,    0,    0};

    assert_status(rig_execute(rig, command, sizeof(command)), VTPMRING_OK);
    return code(rig);
}

static void test_a_tpm_2(void **state)
{
    static const enum vtpmring_tis_interface interfaces[] = {
        VTPMRING_TIS_FIFO_20, VTPMRING_TIS_CRB};
    uint8_t before[32], after[32], again[32];
    struct rig rig;

    (void)state;
    for (int i = 0; i < 2; i++) {
        rig_begin(&rig, interfaces[i]);
        rig_works(&rig);
        read_pcr_16(&rig, before);
        extend(&rig, 16, 0);
        assert_int_equal(code(&rig), 0);
        read_pcr_16(&rig, after);
        assert_memory_not_equal(before, after, 32);
        /* the same TPM over the other interface */
        rig_begin(&rig, interfaces[1 - i]);
        read_pcr_16(&rig, again);
        assert_memory_equal(after, again, 32);
    }
}

static void test_a_key(void **state)
{
    static uint8_t flush[14] = {0x80, 1, 0, 0, 0, 14, 0, 0, 1, 0x65};
    struct rig rig;

    (void)state;
    for (int i = 0; i < 2; i++) {
        rig_begin(&rig, i == 0 ? VTPMRING_TIS_FIFO_20 : VTPMRING_TIS_CRB);
        assert_int_equal(create_primary(&rig), 0);
        assert_true(rig.tis.length > 200);
        memcpy(flush + 10, rig.response + 10, 4);
        assert_status(rig_execute(&rig, flush, sizeof(flush)), VTPMRING_OK);
        assert_int_equal(code(&rig), 0);
    }
}

/* PCR 17 belongs to locality 2 and up: the TPM must see who asks. */
static void test_localities_reach_the_tpm(void **state)
{
    struct rig rig;

    (void)state;
    for (int i = 0; i < 2; i++) {
        rig_begin(&rig, i == 0 ? VTPMRING_TIS_FIFO_20 : VTPMRING_TIS_CRB);
        extend(&rig, 17, 0);
        assert_int_equal(code(&rig), 0x907); /* TPM_RC_LOCALITY */
        extend(&rig, 17, 3);
        assert_int_equal(code(&rig), 0);
    }
}

static void test_a_tpm_12(void **state)
{
    static const uint8_t read_pcr[] = {0, 0xc1, 0,    0, 0, 14, 0,
                                       0, 0,    0x15, 0, 0, 0,  10};
    struct rig rig;

    (void)state;
    rig_begin(&rig, VTPMRING_TIS_FIFO_12);
    rig_works(&rig);
    assert_status(rig_execute(&rig, read_pcr, sizeof(read_pcr)), VTPMRING_OK);
    assert_int_equal(rig.tis.length, 30);
    assert_int_equal(code(&rig), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest of_20[] = {
        cmocka_unit_test(test_a_tpm_2),
        cmocka_unit_test(test_a_key),
        cmocka_unit_test(test_localities_reach_the_tpm),
    };
    const struct CMUnitTest of_12[] = {
        cmocka_unit_test(test_a_tpm_12),
    };

    if (argc > 1 && strcmp(argv[1], "12") == 0)
        return cmocka_run_group_tests(of_12, NULL, NULL);
    return cmocka_run_group_tests(of_20, NULL, NULL);
}
