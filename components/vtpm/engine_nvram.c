/* SPDX-License-Identifier: MIT */
#include "engine_impl.h"

#include <stdlib.h>
#include <string.h>

#include <libtpms/tpm_error.h>
#include <libtpms/tpm_library.h>

/* libtpms has one TPM per process and passes no context to its callbacks. */
static struct vtpm_engine *attached;

static TPM_RESULT nvram_init(void)
{
    return TPM_SUCCESS;
}

static TPM_RESULT load_data(unsigned char **data, uint32_t *length,
                            uint32_t tpm_number, const char *name)
{
    size_t len = 0;
    const uint8_t *blob = vtpm_blobs_get(&attached->blobs, name, &len);

    (void)tpm_number;
    *data = NULL;
    *length = 0;
    if (!blob)
        return TPM_RETRY; /* means: there is none */
    /* libtpms frees it with free(); its own TPM_Malloc() gives 128 KiB at most,
     * and a TPM 2.0 with full NV memory has more */
    *data = malloc(len ? len : 1);
    if (!*data)
        return TPM_SIZE;
    memcpy(*data, blob, len);
    *length = (uint32_t)len;
    return TPM_SUCCESS;
}

/* Takes note only: the save happens once per command, after it. */
static TPM_RESULT store_data(const unsigned char *data, uint32_t length,
                             uint32_t tpm_number, const char *name)
{
    (void)tpm_number;
    if (vtpm_blobs_put(&attached->blobs, name, data, length,
                       &attached->dirty) != VTPM_OK)
        return TPM_FAIL;
    return TPM_SUCCESS;
}

static TPM_RESULT delete_name(uint32_t tpm_number, const char *name,
                              TPM_BOOL must_exist)
{
    (void)tpm_number;
    if (vtpm_blobs_remove(&attached->blobs, name))
        attached->dirty = true;
    else if (must_exist)
        return TPM_FAIL;
    return TPM_SUCCESS;
}

static TPM_RESULT io_init(void)
{
    return TPM_SUCCESS;
}

static TPM_RESULT get_locality(TPM_MODIFIER_INDICATOR *locality,
                               uint32_t tpm_number)
{
    (void)tpm_number;
    *locality = attached->locality;
    return TPM_SUCCESS;
}

static TPM_RESULT get_presence(TPM_BOOL *presence, uint32_t tpm_number)
{
    (void)tpm_number;
    *presence = FALSE; /* there is no button */
    return TPM_SUCCESS;
}

enum vtpm_status vtpm_nvram_attach(struct vtpm_engine *engine,
                                   struct vtpm_error *err)
{
    struct libtpms_callbacks callbacks = {
        .sizeOfStruct = sizeof callbacks,
        .tpm_nvram_init = nvram_init,
        .tpm_nvram_loaddata = load_data,
        .tpm_nvram_storedata = store_data,
        .tpm_nvram_deletename = delete_name,
        .tpm_io_init = io_init,
        .tpm_io_getlocality = get_locality,
        .tpm_io_getphysicalpresence = get_presence,
    };

    if (engine && attached)
        return vtpm_fail(err, VTPM_EBUSY,
                         "this process runs a TPM already; libtpms has one "
                         "per process");
    attached = engine;
    if (engine && TPMLIB_RegisterCallbacks(&callbacks) != TPM_SUCCESS) {
        attached = NULL;
        return vtpm_fail(err, VTPM_ETPM, "libtpms refuses its callbacks");
    }
    return VTPM_OK;
}
