/* SPDX-License-Identifier: MIT */
#include "tpm_commands.h"

#include "bytes.h"

#define COMMAND(title, array)                                                  \
    {                                                                          \
        .name = (title), .bytes = (array), .len = sizeof(array)                \
    }
#define TAG_NO_SESSIONS_20 0x8001u
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* TPM 2.0 */

static const uint8_t startup_20[] = {0x80, 0x01, 0, 0,    0, 12,
                                     0,    0,    1, 0x44, 0, 0};
static const uint8_t shutdown_20[] = {0x80, 0x01, 0, 0,    0, 12,
                                      0,    0,    1, 0x45, 0, 0};

/* TPM2_PCR_Event extends every bank with the digest of its data */
static const uint8_t event_20[61] = {
    0x80, 0x02, 0, 0, 0,    61, 0, 0, 1, 0x3c,          /* header */
    0,    0,    0, 0,                                   /* PCR */
    0,    0,    0, 9, 0x40, 0,  0, 9, 0, 0,    0, 0, 0, /* empty password */
    0,    32,                                           /* data */
};

static const struct vtpm_command start_20[] = {
    COMMAND("TPM2_Startup(CLEAR)", startup_20),
};

/* None of them tells the clock, and none takes an authorisation, whose failure
 * is remembered. */
static const uint32_t harmless_20[] = {
    0x169, /* NV_ReadPublic */
    0x173, /* ReadPublic */
    0x178, /* ECC_Parameters */
    0x17a, /* GetCapability */
    0x17b, /* GetRandom */
    0x17c, /* GetTestResult */
    0x17d, /* Hash */
    0x17e, /* PCR_Read */
    0x18a, /* TestParms */
};

/* TPM 1.2 */

static const uint8_t startup_12[] = {0, 0xc1, 0, 0, 0, 12, 0, 0, 0, 0x99, 0, 1};
static const uint8_t self_test_12[] = {0, 0xc1, 0, 0, 0, 10, 0, 0, 0, 0x53};
static const uint8_t save_state_12[] = {0, 0xc1, 0, 0, 0, 10, 0, 0, 0, 0x98};
static const uint8_t extend_12[34] = {0, 0xc1, 0, 0, 0, 34, 0, 0, 0, 0x14};
static const uint8_t presence_command_12[] = {0,    0xc1, 0, 0,    0, 12,
                                              0x40, 0,    0, 0x0a, 0, 0x20};
static const uint8_t presence_on_12[] = {0,    0xc1, 0, 0,    0, 12,
                                         0x40, 0,    0, 0x0a, 0, 0x08};
static const uint8_t enable_12[] = {0, 0xc1, 0, 0, 0, 10, 0, 0, 0, 0x6f};
static const uint8_t activate_12[] = {0, 0xc1, 0, 0, 0, 11, 0, 0, 0, 0x72, 0};
/* RSA 2048, OAEP; the nonce only serves a remote verifier */
static const uint8_t create_ek_12[] = {
    0, 0xc1, 0, 0, 0, 54, 0, 0, 0, 0x78,        /* header */
    0, 0,    0, 0, 0, 0,  0, 0, 0, 0,           /* antiReplay */
    0, 0,    0, 0, 0, 0,  0, 0, 0, 0,           /* antiReplay */
    0, 0,    0, 1, 0, 3,  0, 1, 0, 0,    0, 12, /* RSA, OAEP, no signing */
    0, 0,    8, 0, 0, 0,  0, 2, 0, 0,    0, 0,  /* 2048 bits, 2 primes */
};
_Static_assert(sizeof create_ek_12 == 54, "as its size field says");

static const struct vtpm_command start_12[] = {
    COMMAND("TPM_Startup(CLEAR)", startup_12),
    COMMAND("TPM_ContinueSelfTest", self_test_12),
};
static const struct vtpm_command equip_12[] = {
    COMMAND("TSC_PhysicalPresence(CMD_ENABLE)", presence_command_12),
    COMMAND("TSC_PhysicalPresence(PRESENT)", presence_on_12),
    COMMAND("TPM_PhysicalEnable", enable_12),
    COMMAND("TPM_PhysicalSetDeactivated", activate_12),
    COMMAND("TPM_CreateEndorsementKeyPair", create_ek_12),
};

static const struct vtpm_family_data tpm_20 = {
    .response_tag = 0x8001,
    .shutdown_ordinal = 0x145,
    .rc_size = 0x142,        /* TPM_RC_COMMAND_SIZE */
    .rc_locality = 0x907,    /* TPM_RC_LOCALITY */
    .rc_not_durable = 0x923, /* TPM_RC_NV_UNAVAILABLE */
    .rc_failure = 0x101,     /* TPM_RC_FAILURE */
    .rc_started = 0x100,     /* TPM_RC_INITIALIZE */
    .startup = start_20,
    .startup_count = COUNT(start_20),
    .shutdown = COMMAND("TPM2_Shutdown(CLEAR)", shutdown_20),
    .harmless = harmless_20,
    .harmless_count = COUNT(harmless_20),
    .extend = COMMAND("TPM2_PCR_Event", event_20),
    .extend_pcr = 10,
    .extend_data = 29,
};

static const struct vtpm_family_data tpm_12 = {
    .response_tag = 0x00c4,
    .shutdown_ordinal = 0x98,
    .rc_size = 25,           /* TPM_BAD_PARAM_SIZE */
    .rc_locality = 61,       /* TPM_BAD_LOCALITY */
    .rc_not_durable = 0x800, /* TPM_RETRY */
    .rc_failure = 9,         /* TPM_FAIL */
    .rc_started = 38,        /* TPM_INVALID_POSTINIT */
    .startup = start_12,
    .startup_count = COUNT(start_12),
    .equip = equip_12,
    .equip_count = COUNT(equip_12),
    .shutdown = COMMAND("TPM_SaveState", save_state_12),
    .extend = COMMAND("TPM_Extend", extend_12),
    .extend_pcr = 10,
    .extend_data = 14,
};

const struct vtpm_family_data *vtpm_family_data(enum vtpm_family family)
{
    return family == VTPM_FAMILY_12 ? &tpm_12 : &tpm_20;
}

uint32_t vtpm_tpm_size(const uint8_t *packet)
{
    return vtpm_get32(packet + 2);
}

uint32_t vtpm_tpm_code(const uint8_t *packet)
{
    return vtpm_get32(packet + 6);
}

bool vtpm_tpm_is_harmless(const struct vtpm_family_data *family,
                          const uint8_t *packet)
{
    if (vtpm_get16(packet) != TAG_NO_SESSIONS_20)
        return false;
    for (size_t i = 0; i < family->harmless_count; i++)
        if (family->harmless[i] == vtpm_tpm_code(packet))
            return true;
    return false;
}

void vtpm_tpm_error(const struct vtpm_family_data *family, uint32_t code,
                    uint8_t response[VTPM_TPM_HEADER])
{
    vtpm_put16(response, family->response_tag);
    vtpm_put32(response + 2, VTPM_TPM_HEADER);
    vtpm_put32(response + 6, code);
}
