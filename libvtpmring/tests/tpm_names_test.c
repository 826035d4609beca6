/* SPDX-License-Identifier: MIT */
#include "support.h"
#include <tss2/tss2_tpm2_types.h>

static void test_known_names(void **state)
{
    static const struct {
        uint16_t tag;
        uint32_t code;
        const char *name;
    } known[] = {
        {0x00c1, 0x0a, "TPM_OIAP"},
        {0x00c1, 0x14, "TPM_Extend"},
        {0x00c2, 0x18, "TPM_Unseal"},
        {0x00c3, 0x1f, "TPM_CreateWrapKey"},
        {0x00c1, 0x99, "TPM_Startup"},
        {0x00c1, 0xa0, "TPM_SHA1Start"},
        {0x00c1, 0xa3, "TPM_SHA1CompleteExtend"},
        {0x00c1, 0xaa, "TPM_FieldUpgrade"},
        {0x00c1, 0xb4, "TPM_SaveKeyContext"},
        {0x00c1, 0xb9, "TPM_LoadContext"},
        {0x00c1, 0xba, "TPM_FlushSpecific"},
        {0x00c2, 0xcf, "TPM_NV_ReadValue"},
        {0x00c1, 0xf1, "TPM_GetTicks"},
        {0x00c1, 0x4000000a, "TPM_TSC_PhysicalPresence"},
        {0x01c1, 1, "VTPM_SAVEHASHKEY"},
        {0x01c1, 2, "VTPM_LOADHASHKEY"},
        {0x01c2, 0x02000201, "VTPM_VTPM_LIST"},
        {0x01c2, 0x02000107, "VTPM_GROUP_SHOW"},
        {0x8001, TPM2_CC_GetRandom, "TPM2_GetRandom"},
        {0x8002, TPM2_CC_Unseal, "TPM2_Unseal"},
        {0x8001, TPM2_CC_NV_UndefineSpaceSpecial,
         "TPM2_NV_UndefineSpaceSpecial"},
        {0x8002, TPM2_CC_CertifyX509, "TPM2_CertifyX509"},
        {0x8001, TPM2_CC_PCR_Extend, "TPM2_PCR_Extend"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        assert_string_equal(
            vtpmring_tpm_command_name(known[i].tag, known[i].code),
            known[i].name);
}

/* The tag decides whose code it is. */
static void test_tag_decides(void **state)
{
    (void)state;
    assert_string_equal(vtpmring_tpm_command_name(0x8001, 0x14), "?");
    assert_string_equal(vtpmring_tpm_command_name(0x00c1, 0x17b), "?");
    assert_string_equal(vtpmring_tpm_command_name(0x01c1, 0x14), "?");
    assert_string_equal(vtpmring_tpm_command_name(0x00c4, 0x14), "?");
    assert_string_equal(vtpmring_tpm_command_name(0, 0), "?");
    assert_string_equal(vtpmring_tpm_command_name(0x8001, 0xffffffff), "?");
}

/* An unsorted table would lose names: the search must find as many of the
 * specification's codes as there are. */
static void test_no_name_is_lost_or_doubled(void **state)
{
    static const uint16_t tags[] = {0x00c1, 0x01c2, 0x8001};
    static const unsigned least[] = {80, 4, 110};
    const char *names[256];

    (void)state;
    for (size_t t = 0; t < 3; t++) {
        unsigned count = 0;

        for (uint32_t code = 0; code < 0x400; code++) {
            const char *name = vtpmring_tpm_command_name(tags[t], code);

            if (strcmp(name, "?") == 0)
                continue;
            for (unsigned i = 0; i < count; i++)
                assert_string_not_equal(names[i], name);
            names[count++] = name;
            assert_true(count < 256);
        }
        assert_true(count >= least[t]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_names),
        cmocka_unit_test(test_tag_decides),
        cmocka_unit_test(test_no_name_is_lost_or_doubled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
