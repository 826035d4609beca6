/* SPDX-License-Identifier: MIT */
#include "platform.h"

#include "bytes.h"

#include <stdbool.h>
#include <string.h>

#define SHA256_SIZE 32u
#define SHA1_SIZE 20u

/* What comes between the header of an answer and the value. */
static const uint8_t read_12[14] = {0, 0xc1, 0, 0, 0, 14, 0, 0, 0, 0x15};
static const uint8_t read_20[20] = {0x80, 0x01, 0,    0, 0, 20, 0,
                                    0,    1,    0x7e, 0, 0, 0,  1, /* banks */
                                    0,    0x0b, 3,    0, 0, 0};    /* PCRs */
#define SELECTION_20 10u /* in the question */
#define SELECTED_20 14u  /* in the answer, the same */
#define SELECTION_SIZE 10u
#define DIGESTS_20 24u
#define ANSWER_20 (DIGESTS_20 + 6u + SHA256_SIZE)
#define ANSWER_12 (10u + SHA1_SIZE)

static enum vtpm_status not_given(uint32_t pcr, const char *why,
                                  struct vtpm_error *err)
{
    return vtpm_fail(err, VTPM_EREFUSED,
                     "no PCR %lu of the hardware TPM: %s; PCRs that depend on "
                     "it cannot begin, see --hwinitpcr",
                     (unsigned long)pcr, why);
}

static size_t question_20(uint32_t pcr, uint8_t question[sizeof read_20])
{
    memcpy(question, read_20, sizeof read_20);
    question[SELECTION_20 + 7 + pcr / 8] = (uint8_t)(1u << pcr % 8);
    return sizeof read_20;
}

static size_t question_12(uint32_t pcr, uint8_t question[sizeof read_20])
{
    memcpy(question, read_12, sizeof read_12);
    vtpm_put32(question + 10, pcr);
    return sizeof read_12;
}

/* Just this PCR, of just this bank. @return where it is, or NULL */
static const uint8_t *value_20(const uint8_t *question, const uint8_t *answer,
                               size_t len)
{
    static const uint8_t one_digest[] = {0, 0, 0, 1, 0, SHA256_SIZE};

    if (len != ANSWER_20 ||
        memcmp(answer + SELECTED_20, question + SELECTION_20, SELECTION_SIZE) !=
            0 ||
        memcmp(answer + DIGESTS_20, one_digest, sizeof one_digest) != 0)
        return NULL;
    return answer + DIGESTS_20 + sizeof one_digest;
}

enum vtpm_status vtpm_platform_pcr(void *context, uint32_t pcr, uint8_t *value,
                                   size_t len, struct vtpm_error *err)
{
    uint8_t question[sizeof read_20], answer[VTPM_MANAGER_FRAME_MAX];
    const bool is_20 = len == SHA256_SIZE;
    size_t asked =
        is_20 ? question_20(pcr, question) : question_12(pcr, question);
    const uint8_t *found;
    size_t got;
    enum vtpm_status status =
        vtpm_manager_ask(context, question, asked, answer, &got, err);

    if (status != VTPM_OK)
        return status;
    if (vtpm_get32(answer + 6) != 0)
        return not_given(pcr, "the manager refuses", err);
    if (is_20)
        found = value_20(question, answer, got);
    else
        found = got == ANSWER_12 ? answer + 10 : NULL;
    if (!found)
        return not_given(pcr,
                         is_20 ? "it has no SHA-256 bank"
                               : "what the manager answers is none",
                         err);
    memcpy(value, found, len);
    return VTPM_OK;
}
