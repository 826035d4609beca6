/* SPDX-License-Identifier: MIT */
/* How long commands may take: classes as in TPM 1.2 Part 2, 21.10, and PTP,
 * command durations, but with key generation by itself. */
#include <vtpmring/tis.h>

/* TPM 2.0 Part 2, 6.5.2 */
static const uint16_t short_20[] = {
    0x14e, /* NV_Read */
    0x165, /* FlushContext */
    0x169, /* NV_ReadPublic */
    0x173, /* ReadPublic */
    0x17a, /* GetCapability */
    0x17b, /* GetRandom */
    0x17c, /* GetTestResult */
    0x17e, /* PCR_Read */
    0x181, /* ReadClock */
    0x182, /* PCR_Extend */
};
static const uint16_t long_20[] = {
    0x131, /* CreatePrimary */
    0x153, /* Create */
    0x191, /* CreateLoaded */
};
/* TPM 1.2 Part 2, 17 */
static const uint16_t short_12[] = {
    0x0a, /* OIAP */
    0x0b, /* OSAP */
    0x14, /* Extend */
    0x15, /* PcrRead */
    0x46, /* GetRandom */
    0x65, /* GetCapability */
    0xba, /* FlushSpecific */
};
static const uint16_t long_12[] = {
    0x0d, /* TakeOwnership */
    0x13, /* CMK_CreateKey */
    0x1f, /* CreateWrapKey */
    0x78, /* CreateEndorsementKeyPair */
    0x79, /* MakeIdentity */
    0x7f, /* CreateRevocableEK */
};

static bool has(const uint16_t *list, size_t bytes, uint32_t code)
{
    for (size_t i = 0; i < bytes / sizeof(*list); i++)
        if (list[i] == code)
            return true;
    return false;
}

enum vtpmring_tis_limit vtpmring_tis_duration(uint16_t tag, uint32_t code)
{
    bool is_20 =
        tag == VTPMRING_TPM_TAG_NO_SESSIONS || tag == VTPMRING_TPM_TAG_SESSIONS;

    if (is_20 ? has(short_20, sizeof(short_20), code)
              : has(short_12, sizeof(short_12), code))
        return VTPMRING_TIS_SHORT;
    if (is_20 ? has(long_20, sizeof(long_20), code)
              : has(long_12, sizeof(long_12), code))
        return VTPMRING_TIS_LONG;
    return VTPMRING_TIS_MEDIUM;
}
