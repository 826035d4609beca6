/* SPDX-License-Identifier: MIT */
#include "support.h"
#include <tss2/tss2_tpm2_types.h>

struct known {
    uint32_t code;
    const char *name;
};

/* clang-format off */
/* TPM Main Part 2, section 17; without "TPM_" */
static const struct known tpm12[] = {
    {10, "OIAP"}, {11, "OSAP"}, {12, "ChangeAuth"}, {13, "TakeOwnership"},
    {16, "ChangeAuthOwner"}, {17, "DSAP"}, {20, "Extend"}, {21, "PcrRead"},
    {22, "Quote"}, {23, "Seal"}, {24, "Unseal"}, {25, "DirWriteAuth"},
    {26, "DirRead"}, {30, "UnBind"}, {31, "CreateWrapKey"}, {32, "LoadKey"},
    {33, "GetPubKey"}, {34, "EvictKey"}, {35, "KeyControlOwner"},
    {40, "CreateMigrationBlob"}, {42, "ConvertMigrationBlob"},
    {43, "AuthorizeMigrationKey"}, {50, "CertifyKey"}, {51, "CertifyKey2"},
    {60, "Sign"}, {61, "Sealx"}, {62, "Quote2"}, {65, "LoadKey2"},
    {70, "GetRandom"}, {71, "StirRandom"}, {80, "SelfTestFull"},
    {83, "ContinueSelfTest"}, {84, "GetTestResult"}, {91, "OwnerClear"},
    {92, "DisableOwnerClear"}, {93, "ForceClear"}, {94, "DisableForceClear"},
    {101, "GetCapability"}, {102, "GetCapabilityOwner"},
    {110, "OwnerSetDisable"}, {111, "PhysicalEnable"},
    {112, "PhysicalDisable"}, {113, "SetOwnerInstall"},
    {114, "PhysicalSetDeactivated"}, {115, "SetTempDeactivated"},
    {120, "CreateEndorsementKeyPair"}, {121, "MakeIdentity"},
    {122, "ActivateIdentity"}, {124, "ReadPubek"}, {125, "OwnerReadPubek"},
    {126, "DisablePubekRead"}, {151, "Init"}, {152, "SaveState"},
    {153, "Startup"}, {154, "SetRedirection"}, {160, "SHA1Start"},
    {161, "SHA1Update"}, {162, "SHA1Complete"}, {163, "SHA1CompleteExtend"},
    {170, "FieldUpgrade"}, {180, "SaveKeyContext"}, {181, "LoadKeyContext"},
    {182, "SaveAuthContext"}, {183, "LoadAuthContext"}, {184, "SaveContext"},
    {185, "LoadContext"}, {186, "FlushSpecific"}, {200, "PCR_Reset"},
    {204, "NV_DefineSpace"}, {205, "NV_WriteValue"},
    {206, "NV_WriteValueAuth"}, {207, "NV_ReadValue"},
    {208, "NV_ReadValueAuth"}, {220, "CreateCounter"},
    {221, "IncrementCounter"}, {222, "ReadCounter"}, {223, "ReleaseCounter"},
    {224, "ReleaseCounterOwner"}, {230, "EstablishTransport"},
    {231, "ExecuteTransport"}, {232, "ReleaseTransportSigned"},
    {240, "SetTickType"}, {241, "GetTicks"}, {242, "TickStampBlob"},
    {0x4000000a, "TSC_PhysicalPresence"},
};

/* Xen's manager; without "VTPM_" */
static const struct known manager[] = {
    {0x1, "SAVEHASHKEY"}, {0x2, "LOADHASHKEY"}, {0x3, "GET_BOOT_HASH"},
    {0x4, "GET_QUOTE"}, {0x2000101, "GROUP_LIST"}, {0x2000102, "GROUP_NEW"},
    {0x2000103, "GROUP_DEL"}, {0x2000104, "GROUP_ACTIVATE"},
    {0x2000105, "GROUP_REGISTER"}, {0x2000106, "GROUP_UPDATE"},
    {0x2000107, "GROUP_SHOW"}, {0x2000108, "GROUP_QUOTE"},
    {0x2000201, "VTPM_LIST"}, {0x2000202, "VTPM_SHOW"},
    {0x2000203, "VTPM_EDIT"}, {0x2000204, "VTPM_NEW"}, {0x2000205, "VTPM_DEL"},
};

/* codes of another author: tpm2-tss */
#define CC(name) {TPM2_CC_##name, #name}
static const struct known tpm20[] = {
    CC(NV_UndefineSpaceSpecial), CC(EvictControl), CC(HierarchyControl),
    CC(NV_UndefineSpace), CC(ChangeEPS), CC(ChangePPS), CC(Clear),
    CC(ClearControl), CC(ClockSet), CC(HierarchyChangeAuth),
    CC(NV_DefineSpace), CC(PCR_Allocate), CC(PCR_SetAuthPolicy),
    CC(PP_Commands), CC(SetPrimaryPolicy), CC(FieldUpgradeStart),
    CC(ClockRateAdjust), CC(CreatePrimary), CC(NV_GlobalWriteLock),
    CC(GetCommandAuditDigest), CC(NV_Increment), CC(NV_SetBits), CC(NV_Extend),
    CC(NV_Write), CC(NV_WriteLock), CC(DictionaryAttackLockReset),
    CC(DictionaryAttackParameters), CC(NV_ChangeAuth), CC(PCR_Event),
    CC(PCR_Reset), CC(SequenceComplete), CC(SetAlgorithmSet),
    CC(SetCommandCodeAuditStatus), CC(FieldUpgradeData),
    CC(IncrementalSelfTest), CC(SelfTest), CC(Startup), CC(Shutdown),
    CC(StirRandom), CC(ActivateCredential), CC(Certify), CC(PolicyNV),
    CC(CertifyCreation), CC(Duplicate), CC(GetTime), CC(GetSessionAuditDigest),
    CC(NV_Read), CC(NV_ReadLock), CC(ObjectChangeAuth), CC(PolicySecret),
    CC(Rewrap), CC(Create), CC(ECDH_ZGen), CC(HMAC), CC(Import), CC(Load),
    CC(Quote), CC(RSA_Decrypt), CC(HMAC_Start), CC(SequenceUpdate), CC(Sign),
    CC(Unseal), CC(PolicySigned), CC(ContextLoad), CC(ContextSave),
    CC(ECDH_KeyGen), CC(EncryptDecrypt), CC(FlushContext), CC(LoadExternal),
    CC(MakeCredential), CC(NV_ReadPublic), CC(PolicyAuthorize),
    CC(PolicyAuthValue), CC(PolicyCommandCode), CC(PolicyCounterTimer),
    CC(PolicyCpHash), CC(PolicyLocality), CC(PolicyNameHash), CC(PolicyOR),
    CC(PolicyTicket), CC(ReadPublic), CC(RSA_Encrypt), CC(StartAuthSession),
    CC(VerifySignature), CC(ECC_Parameters), CC(FirmwareRead),
    CC(GetCapability), CC(GetRandom), CC(GetTestResult), CC(Hash),
    CC(PCR_Read), CC(PolicyPCR), CC(PolicyRestart), CC(ReadClock),
    CC(PCR_Extend), CC(PCR_SetAuthValue), CC(NV_Certify),
    CC(EventSequenceComplete), CC(HashSequenceStart),
    CC(PolicyPhysicalPresence), CC(PolicyDuplicationSelect),
    CC(PolicyGetDigest), CC(TestParms), CC(Commit), CC(PolicyPassword),
    CC(ZGen_2Phase), CC(EC_Ephemeral), CC(PolicyNvWritten), CC(PolicyTemplate),
    CC(CreateLoaded), CC(PolicyAuthorizeNV), CC(EncryptDecrypt2),
    CC(AC_GetCapability), CC(AC_Send), CC(Policy_AC_SendSelect),
    CC(CertifyX509),
};
/* clang-format on */

static const struct {
    const struct known *names;
    size_t count;
    const char *prefix;
    uint16_t tags[3];
} families[] = {
    {tpm12, sizeof(tpm12) / sizeof(tpm12[0]), "TPM_", {0xc1, 0xc2, 0xc3}},
    {manager, sizeof(manager) / sizeof(manager[0]), "VTPM_", {0x1c1, 0x1c2}},
    {tpm20, sizeof(tpm20) / sizeof(tpm20[0]), "TPM2_", {0x8001, 0x8002}},
};

/* The name that a code has here, or NULL. */
static const char *known_name(size_t family, uint32_t code)
{
    for (size_t i = 0; i < families[family].count; i++)
        if (families[family].names[i].code == code)
            return families[family].names[i].name;
    return NULL;
}

static void check_code(size_t family, uint32_t code)
{
    const char *known = known_name(family, code);

    for (size_t t = 0; t < 3 && families[family].tags[t] != 0; t++) {
        const char *name =
            vtpmring_tpm_command_name(families[family].tags[t], code);
        size_t prefix = strlen(families[family].prefix);

        if (known == NULL) {
            assert_string_equal(name, "?");
        } else {
            assert_int_equal(strncmp(name, families[family].prefix, prefix), 0);
            assert_string_equal(name + prefix, known);
        }
    }
}

/* Every code has its name and its neighbours have none but their own. */
static void test_every_name(void **state)
{
    (void)state;
    for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
        for (size_t i = 0; i < families[f].count; i++) {
            check_code(f, families[f].names[i].code - 1);
            check_code(f, families[f].names[i].code);
            check_code(f, families[f].names[i].code + 1);
        }
        for (uint32_t code = 0; code < 0x400; code++)
            check_code(f, code);
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_name),
        cmocka_unit_test(test_tag_decides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
