/* SPDX-License-Identifier: MIT */
/* libtpms, whose state is lost with the process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include <libtpms/tpm_error.h>
#include <libtpms/tpm_library.h>
#include <libtpms/tpm_memory.h>

#include "model.h"

static unsigned current;

static TPM_RESULT nothing(void)
{
    return TPM_SUCCESS;
}

/* What libtpms has stored; it reads its own state back. */
static struct blob {
    char name[32];
    unsigned char bytes[100000];
    uint32_t length;
} blobs[4];

static struct blob *find(const char *name)
{
    for (size_t i = 0; i < sizeof(blobs) / sizeof(blobs[0]); i++) {
        if (strcmp(blobs[i].name, name) == 0 || blobs[i].name[0] == '\0')
            return &blobs[i];
    }
    fail_msg("libtpms stores too much: %s", name);
    return NULL;
}

static TPM_RESULT load(unsigned char **data, uint32_t *length, uint32_t number,
                       const char *name)
{
    const struct blob *blob = find(name);

    (void)number;
    *data = NULL;
    *length = 0;
    if (blob->length == 0)
        return TPM_RETRY; /* means: there is none */
    if (TPM_Malloc(data, blob->length) != TPM_SUCCESS)
        return TPM_FAIL;
    memcpy(*data, blob->bytes, blob->length);
    *length = blob->length;
    return TPM_SUCCESS;
}

static TPM_RESULT store(const unsigned char *data, uint32_t length,
                        uint32_t number, const char *name)
{
    struct blob *blob = find(name);

    (void)number;
    assert_true(length <= sizeof(blob->bytes) &&
                strlen(name) < sizeof(blob->name));
    memcpy(blob->name, name, strlen(name) + 1);
    memcpy(blob->bytes, data, length);
    blob->length = length;
    return TPM_SUCCESS;
}

static TPM_RESULT forget(uint32_t number, const char *name, TPM_BOOL must_exist)
{
    (void)number;
    (void)must_exist;
    find(name)->length = 0;
    return TPM_SUCCESS;
}

static TPM_RESULT locality_of(TPM_MODIFIER_INDICATOR *locality, uint32_t number)
{
    (void)number;
    *locality = current;
    return TPM_SUCCESS;
}

static TPM_RESULT presence(TPM_BOOL *present, uint32_t number)
{
    (void)number;
    *present = FALSE;
    return TPM_SUCCESS;
}

size_t engine_execute(const uint8_t *command, size_t length, uint8_t *response,
                      unsigned locality)
{
    static unsigned char *out;
    static uint32_t room;
    unsigned char copy[4096]; /* libtpms may write to it */
    uint32_t size = 0;

    current = locality;
    assert_true(length <= sizeof(copy));
    memcpy(copy, command, length);
    assert_int_equal(TPMLIB_Process(&out, &size, &room, copy, (uint32_t)length),
                     TPM_SUCCESS);
    assert_in_range(size, 10, 4096);
    memcpy(response, out, size);
    return size;
}

void engine_begin(enum vtpmring_tpm_family family)
{
    static const uint8_t startup_20[] = {0x80, 1, 0, 0,    0, 12,
                                         0,    0, 1, 0x44, 0, 0};
    static const uint8_t startup_12[] = {0, 0xc1, 0, 0,    0, 12,
                                         0, 0,    0, 0x99, 0, 1};
    static bool begun;
    struct libtpms_callbacks callbacks = {
        .sizeOfStruct = sizeof(callbacks),
        .tpm_nvram_init = nothing,
        .tpm_nvram_loaddata = load,
        .tpm_nvram_storedata = store,
        .tpm_nvram_deletename = forget,
        .tpm_io_init = nothing,
        .tpm_io_getlocality = locality_of,
        .tpm_io_getphysicalpresence = presence,
    };
    uint8_t response[4096];

    if (begun)
        return;
    begun = true;
    assert_int_equal(TPMLIB_ChooseTPMVersion(family == VTPMRING_TPM_20
                                                 ? TPMLIB_TPM_VERSION_2
                                                 : TPMLIB_TPM_VERSION_1_2),
                     TPM_SUCCESS);
    assert_int_equal(TPMLIB_RegisterCallbacks(&callbacks), TPM_SUCCESS);
    assert_int_equal(TPMLIB_MainInit(), TPM_SUCCESS);
    assert_int_equal(
        engine_execute(family == VTPMRING_TPM_20 ? startup_20 : startup_12, 12,
                       response, 0),
        10);
    assert_int_equal(response[9], 0);
}
