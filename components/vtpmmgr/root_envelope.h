/* SPDX-License-Identifier: MIT */
#ifndef VTPMMGR_ROOT_ENVELOPE_H
#define VTPMMGR_ROOT_ENVELOPE_H

/**
 * @file
 * The bytes of an envelope that a TPM sealed: what is needed to open it, and
 * what tells why it does not open. Whoever has the disk can read it and write
 * it; the tag, under the key that is inside, shows later what he wrote.
 *
 * Big-endian: "vTPMroot", u32 version 1, u32 handle of the storage parent, u32
 * index of the counter or 0, 16 random bytes, then with a u16 length each: name
 * of the parent; label; public area of the approval agent's key, or nothing;
 * public and private area of the sealed object; u16 bank, u32 mask and values
 * of the PCRs at the time; tag; SHA-256 of all before it.
 */

#include "pcrs.h"
#include "root.h"

#define VTPMMGR_ENVELOPE_ID_SIZE 16u

/** An envelope, taken apart. */
struct vtpmmgr_root_envelope {
    uint32_t parent;                      /**< handle */
    TPM2B_NAME name;                      /**< of the parent */
    uint32_t counter;                     /**< NV index; 0: none */
    uint8_t id[VTPMMGR_ENVELOPE_ID_SIZE]; /**< random; of the counter */
    TPM2B_NONCE label;        /**< what approvals must say; may be empty */
    TPM2B_PUBLIC agent;       /**< type 0: no approvals */
    TPM2B_PUBLIC public;      /**< of the sealed object */
    TPM2B_PRIVATE secret;     /**< of the sealed object */
    struct vtpmmgr_pcrs pcrs; /**< as it was sealed */
    uint8_t tag[VTPM_SHA256_SIZE];
};

/** Whether the root key opens for what an agent approved. */
static inline bool
vtpmmgr_envelope_approved(const struct vtpmmgr_root_envelope *envelope)
{
    return envelope->agent.publicArea.type != 0;
}

/**
 * Writes one, with a tag under @p key.
 * @return VTPM_OK; VTPM_EIO (OpenSSL or tpm2-tss failed)
 */
enum vtpm_status
vtpmmgr_envelope_encode(const struct vtpmmgr_root_envelope *envelope,
                        const uint8_t key[VTPM_KEY_SIZE],
                        struct vtpmmgr_envelope *out, struct vtpm_error *err);
/**
 * Takes one apart.
 * @return VTPM_OK; VTPM_EVERSION; VTPM_EKEY (not one of a TPM); VTPM_ECORRUPT
 */
enum vtpm_status vtpmmgr_envelope_decode(const struct vtpmmgr_envelope *in,
                                         struct vtpmmgr_root_envelope *envelope,
                                         struct vtpm_error *err);
/** Whether the tag is that of the key. @p in was decoded. */
bool vtpmmgr_envelope_authentic(const struct vtpmmgr_envelope *in,
                                const uint8_t key[VTPM_KEY_SIZE]);

/** The password of the counter, which only who has the root key can know. */
bool vtpmmgr_envelope_counter_auth(const uint8_t id[VTPMMGR_ENVELOPE_ID_SIZE],
                                   const uint8_t key[VTPM_KEY_SIZE],
                                   TPM2B_AUTH *auth);

#endif
