/* SPDX-License-Identifier: MIT */
/* Names of commands, for logs. Sorted by code. TPM 2.0 Part 2, 6.5.2; TPM 1.2
 * Part 2, 17; Xen's vtpm_manager.h for the manager's. */
#include <vtpmring/tpm.h>

struct name {
    uint32_t code;
    const char *name;
};

static const struct name tpm12[] = {
    {0xa, "TPM_OIAP"},
    {0xb, "TPM_OSAP"},
    {0xc, "TPM_ChangeAuth"},
    {0xd, "TPM_TakeOwnership"},
    {0x10, "TPM_ChangeAuthOwner"},
    {0x11, "TPM_DSAP"},
    {0x14, "TPM_Extend"},
    {0x15, "TPM_PcrRead"},
    {0x16, "TPM_Quote"},
    {0x17, "TPM_Seal"},
    {0x18, "TPM_Unseal"},
    {0x19, "TPM_DirWriteAuth"},
    {0x1a, "TPM_DirRead"},
    {0x1e, "TPM_UnBind"},
    {0x1f, "TPM_CreateWrapKey"},
    {0x20, "TPM_LoadKey"},
    {0x21, "TPM_GetPubKey"},
    {0x22, "TPM_EvictKey"},
    {0x23, "TPM_KeyControlOwner"},
    {0x28, "TPM_CreateMigrationBlob"},
    {0x2a, "TPM_ConvertMigrationBlob"},
    {0x2b, "TPM_AuthorizeMigrationKey"},
    {0x32, "TPM_CertifyKey"},
    {0x33, "TPM_CertifyKey2"},
    {0x3c, "TPM_Sign"},
    {0x3d, "TPM_Sealx"},
    {0x3e, "TPM_Quote2"},
    {0x41, "TPM_LoadKey2"},
    {0x46, "TPM_GetRandom"},
    {0x47, "TPM_StirRandom"},
    {0x50, "TPM_SelfTestFull"},
    {0x53, "TPM_ContinueSelfTest"},
    {0x54, "TPM_GetTestResult"},
    {0x5b, "TPM_OwnerClear"},
    {0x5c, "TPM_DisableOwnerClear"},
    {0x5d, "TPM_ForceClear"},
    {0x5e, "TPM_DisableForceClear"},
    {0x65, "TPM_GetCapability"},
    {0x66, "TPM_GetCapabilityOwner"},
    {0x6e, "TPM_OwnerSetDisable"},
    {0x6f, "TPM_PhysicalEnable"},
    {0x70, "TPM_PhysicalDisable"},
    {0x71, "TPM_SetOwnerInstall"},
    {0x72, "TPM_PhysicalSetDeactivated"},
    {0x73, "TPM_SetTempDeactivated"},
    {0x78, "TPM_CreateEndorsementKeyPair"},
    {0x79, "TPM_MakeIdentity"},
    {0x7a, "TPM_ActivateIdentity"},
    {0x7c, "TPM_ReadPubek"},
    {0x7d, "TPM_OwnerReadPubek"},
    {0x7e, "TPM_DisablePubekRead"},
    {0x97, "TPM_Init"},
    {0x98, "TPM_SaveState"},
    {0x99, "TPM_Startup"},
    {0x9a, "TPM_SetRedirection"},
    {0xa0, "TPM_SHA1Start"},
    {0xa1, "TPM_SHA1Update"},
    {0xa2, "TPM_SHA1Complete"},
    {0xa3, "TPM_SHA1CompleteExtend"},
    {0xaa, "TPM_FieldUpgrade"},
    {0xb4, "TPM_SaveKeyContext"},
    {0xb5, "TPM_LoadKeyContext"},
    {0xb6, "TPM_SaveAuthContext"},
    {0xb7, "TPM_LoadAuthContext"},
    {0xb8, "TPM_SaveContext"},
    {0xb9, "TPM_LoadContext"},
    {0xba, "TPM_FlushSpecific"},
    {0xc8, "TPM_PCR_Reset"},
    {0xcc, "TPM_NV_DefineSpace"},
    {0xcd, "TPM_NV_WriteValue"},
    {0xce, "TPM_NV_WriteValueAuth"},
    {0xcf, "TPM_NV_ReadValue"},
    {0xd0, "TPM_NV_ReadValueAuth"},
    {0xdc, "TPM_CreateCounter"},
    {0xdd, "TPM_IncrementCounter"},
    {0xde, "TPM_ReadCounter"},
    {0xdf, "TPM_ReleaseCounter"},
    {0xe0, "TPM_ReleaseCounterOwner"},
    {0xe6, "TPM_EstablishTransport"},
    {0xe7, "TPM_ExecuteTransport"},
    {0xe8, "TPM_ReleaseTransportSigned"},
    {0xf0, "TPM_SetTickType"},
    {0xf1, "TPM_GetTicks"},
    {0xf2, "TPM_TickStampBlob"},
    {0x4000000a, "TPM_TSC_PhysicalPresence"},
};

static const struct name manager[] = {
    {0x1, "VTPM_SAVEHASHKEY"},          {0x2, "VTPM_LOADHASHKEY"},
    {0x3, "VTPM_GET_BOOT_HASH"},        {0x4, "VTPM_GET_QUOTE"},
    {0x2000101, "VTPM_GROUP_LIST"},     {0x2000102, "VTPM_GROUP_NEW"},
    {0x2000103, "VTPM_GROUP_DEL"},      {0x2000104, "VTPM_GROUP_ACTIVATE"},
    {0x2000105, "VTPM_GROUP_REGISTER"}, {0x2000106, "VTPM_GROUP_UPDATE"},
    {0x2000107, "VTPM_GROUP_SHOW"},     {0x2000108, "VTPM_GROUP_QUOTE"},
    {0x2000201, "VTPM_VTPM_LIST"},      {0x2000202, "VTPM_VTPM_SHOW"},
    {0x2000203, "VTPM_VTPM_EDIT"},      {0x2000204, "VTPM_VTPM_NEW"},
    {0x2000205, "VTPM_VTPM_DEL"},
};

static const struct name tpm20[] = {
    {0x11f, "TPM2_NV_UndefineSpaceSpecial"},
    {0x120, "TPM2_EvictControl"},
    {0x121, "TPM2_HierarchyControl"},
    {0x122, "TPM2_NV_UndefineSpace"},
    {0x124, "TPM2_ChangeEPS"},
    {0x125, "TPM2_ChangePPS"},
    {0x126, "TPM2_Clear"},
    {0x127, "TPM2_ClearControl"},
    {0x128, "TPM2_ClockSet"},
    {0x129, "TPM2_HierarchyChangeAuth"},
    {0x12a, "TPM2_NV_DefineSpace"},
    {0x12b, "TPM2_PCR_Allocate"},
    {0x12c, "TPM2_PCR_SetAuthPolicy"},
    {0x12d, "TPM2_PP_Commands"},
    {0x12e, "TPM2_SetPrimaryPolicy"},
    {0x12f, "TPM2_FieldUpgradeStart"},
    {0x130, "TPM2_ClockRateAdjust"},
    {0x131, "TPM2_CreatePrimary"},
    {0x132, "TPM2_NV_GlobalWriteLock"},
    {0x133, "TPM2_GetCommandAuditDigest"},
    {0x134, "TPM2_NV_Increment"},
    {0x135, "TPM2_NV_SetBits"},
    {0x136, "TPM2_NV_Extend"},
    {0x137, "TPM2_NV_Write"},
    {0x138, "TPM2_NV_WriteLock"},
    {0x139, "TPM2_DictionaryAttackLockReset"},
    {0x13a, "TPM2_DictionaryAttackParameters"},
    {0x13b, "TPM2_NV_ChangeAuth"},
    {0x13c, "TPM2_PCR_Event"},
    {0x13d, "TPM2_PCR_Reset"},
    {0x13e, "TPM2_SequenceComplete"},
    {0x13f, "TPM2_SetAlgorithmSet"},
    {0x140, "TPM2_SetCommandCodeAuditStatus"},
    {0x141, "TPM2_FieldUpgradeData"},
    {0x142, "TPM2_IncrementalSelfTest"},
    {0x143, "TPM2_SelfTest"},
    {0x144, "TPM2_Startup"},
    {0x145, "TPM2_Shutdown"},
    {0x146, "TPM2_StirRandom"},
    {0x147, "TPM2_ActivateCredential"},
    {0x148, "TPM2_Certify"},
    {0x149, "TPM2_PolicyNV"},
    {0x14a, "TPM2_CertifyCreation"},
    {0x14b, "TPM2_Duplicate"},
    {0x14c, "TPM2_GetTime"},
    {0x14d, "TPM2_GetSessionAuditDigest"},
    {0x14e, "TPM2_NV_Read"},
    {0x14f, "TPM2_NV_ReadLock"},
    {0x150, "TPM2_ObjectChangeAuth"},
    {0x151, "TPM2_PolicySecret"},
    {0x152, "TPM2_Rewrap"},
    {0x153, "TPM2_Create"},
    {0x154, "TPM2_ECDH_ZGen"},
    {0x155, "TPM2_HMAC"},
    {0x156, "TPM2_Import"},
    {0x157, "TPM2_Load"},
    {0x158, "TPM2_Quote"},
    {0x159, "TPM2_RSA_Decrypt"},
    {0x15b, "TPM2_HMAC_Start"},
    {0x15c, "TPM2_SequenceUpdate"},
    {0x15d, "TPM2_Sign"},
    {0x15e, "TPM2_Unseal"},
    {0x160, "TPM2_PolicySigned"},
    {0x161, "TPM2_ContextLoad"},
    {0x162, "TPM2_ContextSave"},
    {0x163, "TPM2_ECDH_KeyGen"},
    {0x164, "TPM2_EncryptDecrypt"},
    {0x165, "TPM2_FlushContext"},
    {0x167, "TPM2_LoadExternal"},
    {0x168, "TPM2_MakeCredential"},
    {0x169, "TPM2_NV_ReadPublic"},
    {0x16a, "TPM2_PolicyAuthorize"},
    {0x16b, "TPM2_PolicyAuthValue"},
    {0x16c, "TPM2_PolicyCommandCode"},
    {0x16d, "TPM2_PolicyCounterTimer"},
    {0x16e, "TPM2_PolicyCpHash"},
    {0x16f, "TPM2_PolicyLocality"},
    {0x170, "TPM2_PolicyNameHash"},
    {0x171, "TPM2_PolicyOR"},
    {0x172, "TPM2_PolicyTicket"},
    {0x173, "TPM2_ReadPublic"},
    {0x174, "TPM2_RSA_Encrypt"},
    {0x176, "TPM2_StartAuthSession"},
    {0x177, "TPM2_VerifySignature"},
    {0x178, "TPM2_ECC_Parameters"},
    {0x179, "TPM2_FirmwareRead"},
    {0x17a, "TPM2_GetCapability"},
    {0x17b, "TPM2_GetRandom"},
    {0x17c, "TPM2_GetTestResult"},
    {0x17d, "TPM2_Hash"},
    {0x17e, "TPM2_PCR_Read"},
    {0x17f, "TPM2_PolicyPCR"},
    {0x180, "TPM2_PolicyRestart"},
    {0x181, "TPM2_ReadClock"},
    {0x182, "TPM2_PCR_Extend"},
    {0x183, "TPM2_PCR_SetAuthValue"},
    {0x184, "TPM2_NV_Certify"},
    {0x185, "TPM2_EventSequenceComplete"},
    {0x186, "TPM2_HashSequenceStart"},
    {0x187, "TPM2_PolicyPhysicalPresence"},
    {0x188, "TPM2_PolicyDuplicationSelect"},
    {0x189, "TPM2_PolicyGetDigest"},
    {0x18a, "TPM2_TestParms"},
    {0x18b, "TPM2_Commit"},
    {0x18c, "TPM2_PolicyPassword"},
    {0x18d, "TPM2_ZGen_2Phase"},
    {0x18e, "TPM2_EC_Ephemeral"},
    {0x18f, "TPM2_PolicyNvWritten"},
    {0x190, "TPM2_PolicyTemplate"},
    {0x191, "TPM2_CreateLoaded"},
    {0x192, "TPM2_PolicyAuthorizeNV"},
    {0x193, "TPM2_EncryptDecrypt2"},
    {0x194, "TPM2_AC_GetCapability"},
    {0x195, "TPM2_AC_Send"},
    {0x196, "TPM2_Policy_AC_SendSelect"},
    {0x197, "TPM2_CertifyX509"},
};

static const char *find(const struct name *names, size_t count, uint32_t code)
{
    size_t low = 0;

    while (low < count) {
        size_t middle = low + (count - low) / 2;

        if (names[middle].code == code)
            return names[middle].name;
        if (names[middle].code < code)
            low = middle + 1;
        else
            count = middle;
    }
    return "?";
}

#define FIND(names, code) find(names, sizeof(names) / sizeof((names)[0]), code)

const char *vtpmring_tpm_command_name(uint16_t tag, uint32_t code)
{
    switch (tag) {
    case VTPMRING_TPM_TAG_RQU:
    case VTPMRING_TPM_TAG_RQU_AUTH1:
    case VTPMRING_TPM_TAG_RQU_AUTH2:
        return FIND(tpm12, code);
    case VTPMRING_TPM_TAG_VTPM_REQ:
    case VTPMRING_TPM_TAG_VTPM_REQ2:
        return FIND(manager, code);
    case VTPMRING_TPM_TAG_NO_SESSIONS:
    case VTPMRING_TPM_TAG_SESSIONS:
        return FIND(tpm20, code);
    default:
        return "?";
    }
}
