/* SPDX-License-Identifier: MIT */
#include "tpm.h"

#include <tss2/tss2_rc.h>

/* Codes of format 1 carry the number of a parameter, handle or session. */
bool vtpmmgr_tpm_is(TSS2_RC rc, TPM2_RC code)
{
    if ((rc & TSS2_RC_LAYER_MASK) != TSS2_TPM_RC_LAYER &&
        (rc & TSS2_RC_LAYER_MASK) != TSS2_RESMGR_TPM_RC_LAYER)
        return false;
    rc &= ~(TSS2_RC)TSS2_RC_LAYER_MASK;
    if ((rc & TPM2_RC_FMT1) != 0)
        rc &= TPM2_RC_FMT1 | 0x3f;
    return rc == code;
}

/* The first that fits. */
static const struct {
    TPM2_RC code;
    enum vtpm_status status;
    const char *why;
} answers[] = {
    {TPM2_RC_LOCKOUT, VTPM_EREFUSED,
     "the TPM is locked after wrong passwords; wait until it forgives, or use "
     "tpm2_dictionarylockout --clear-lockout"},
    {TPM2_RC_AUTH_FAIL, VTPM_EREFUSED,
     "wrong password; name the file that has the right one"},
    {TPM2_RC_BAD_AUTH, VTPM_EREFUSED,
     "wrong password; name the file that has the right one"},
    {TPM2_RC_AUTH_UNAVAILABLE, VTPM_EREFUSED,
     "the TPM does not take a password for that"},
    {TPM2_RC_POLICY_FAIL, VTPM_EREFUSED,
     "the TPM does not accept the platform's state"},
    {TPM2_RC_PCR_CHANGED, VTPM_EREFUSED,
     "a PCR changed in the middle of it; try again"},
    {TPM2_RC_HIERARCHY, VTPM_EREFUSED,
     "the owner's hierarchy is disabled; enable it in the firmware's setup"},
    {TPM2_RC_NV_SPACE, VTPM_ENOSPACE,
     "the TPM's NV memory is full; remove what is not needed: "
     "tpm2_getcap handles-persistent, tpm2_getcap handles-nv-index"},
    {TPM2_RC_NV_UNAVAILABLE, VTPM_EIO,
     "the TPM does not write its NV memory now; try again"},
    {TPM2_RC_NV_RATE, VTPM_EIO,
     "the TPM limits writes to its NV memory; try again later"},
    {TPM2_RC_OBJECT_MEMORY, VTPM_EIO,
     "no room in the TPM; flush what other programs left: tpm2_flushcontext "
     "-t"},
    {TPM2_RC_SESSION_MEMORY, VTPM_EIO,
     "no room in the TPM; flush what other programs left: tpm2_flushcontext "
     "-l"},
    {TPM2_RC_SESSION_HANDLES, VTPM_EIO,
     "no room in the TPM; flush what other programs left: tpm2_flushcontext "
     "-s"},
    {TPM2_RC_FAILURE, VTPM_EIO,
     "the TPM has failed; switch the machine off and on"},
    {TPM2_RC_COMMAND_CODE, VTPM_EUNSUPPORTED, "the TPM has no such command"},
    {TPM2_RC_CURVE, VTPM_EUNSUPPORTED, "the TPM does not have that curve"},
};

enum vtpm_status vtpmmgr_tpm_fail(struct vtpmmgr_tpm *tpm, TSS2_RC rc,
                                  const char *what, struct vtpm_error *err)
{
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (vtpmmgr_tpm_is(rc, answers[i].code))
            return vtpm_fail(err, answers[i].status, "%s: %s", what,
                             answers[i].why);
    if ((rc & ~(TSS2_RC)TSS2_RC_LAYER_MASK) == TSS2_BASE_RC_MEMORY &&
        (rc & TSS2_RC_LAYER_MASK) != 0)
        return vtpm_fail(err, VTPM_ENOMEM,
                         "%s: out of memory; end other programs", what);
    if (rc == TSS2_ESYS_RC_RSP_AUTH_FAILED) {
        vtpmmgr_tpm_disconnect(tpm);
        return vtpm_fail(err, VTPM_EIO,
                         "%s: an answer of the TPM does not authenticate; "
                         "check what is between it and this program",
                         what);
    }
    if ((rc & TSS2_RC_LAYER_MASK) != 0)
        vtpmmgr_tpm_disconnect(tpm);
    return vtpm_fail(err, VTPM_EIO, "%s: %.120s; check the TPM", what,
                     Tss2_RC_Decode(rc));
}
