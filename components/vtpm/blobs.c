/* SPDX-License-Identifier: MIT */
#include "blobs.h"

#include "bytes.h"
#include "crypto.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC 0x7654504du /* "vTPM" */
#define VERSION 1u
enum { AT_MAGIC = 0, AT_VERSION = 4, AT_COUNT = 8, HEADER = 12 };
enum { NAME_SIZE = 16, AT_LEN = NAME_SIZE, ENTRY = NAME_SIZE + 4 };

/* libtpms/tpm_nvfilename.h has three of them too; they are part of the format
 * here */
static const char *const names[] = {"permall", VTPM_BLOB_VOLATILE, "savestate",
                                    VTPM_BLOB_PRISTINE};
enum { NAME_COUNT = sizeof names / sizeof names[0] };

static const char *known(const char *name)
{
    for (size_t i = 0; i < NAME_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            return names[i];
    return NULL;
}

static bool name_is(const uint8_t *entry, const char *name)
{
    uint8_t padded[NAME_SIZE] = {0};

    memcpy(padded, name, strlen(name));
    return memcmp(entry, padded, NAME_SIZE) == 0;
}

static size_t entry_len(const struct vtpm_blobs *blobs, size_t at)
{
    return ENTRY + (size_t)vtpm_get32(blobs->bytes + at + AT_LEN);
}

/* The offset of a blob's entry, or the set's length. */
static size_t find(const struct vtpm_blobs *blobs, const char *name)
{
    size_t at = HEADER;

    while (at < blobs->len && !name_is(blobs->bytes + at, name))
        at += entry_len(blobs, at);
    return at;
}

static void add_to_count(struct vtpm_blobs *blobs, uint32_t step)
{
    uint8_t *count = blobs->bytes + AT_COUNT;

    vtpm_put32(count, vtpm_get32(count) + step);
}

enum vtpm_status vtpm_blobs_init(struct vtpm_blobs *blobs)
{
    memset(blobs, 0, sizeof *blobs);
    blobs->bytes = calloc(1, HEADER);
    if (!blobs->bytes)
        return VTPM_ENOMEM;
    blobs->len = blobs->cap = HEADER;
    vtpm_put32(blobs->bytes + AT_MAGIC, MAGIC);
    vtpm_put32(blobs->bytes + AT_VERSION, VERSION);
    return VTPM_OK;
}

/* The index of the entry's name in names[], or NAME_COUNT. */
static size_t name_index(const uint8_t *entry)
{
    size_t i = 0;

    while (i < NAME_COUNT && !name_is(entry, names[i]))
        i++;
    return i;
}

static bool entries_are_sane(const uint8_t *bytes, size_t len)
{
    bool seen[NAME_COUNT] = {false};
    uint32_t count = vtpm_get32(bytes + AT_COUNT);
    size_t at = HEADER;

    if (count > NAME_COUNT)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        size_t name, blob;

        if (len - at < ENTRY)
            return false;
        name = name_index(bytes + at);
        blob = vtpm_get32(bytes + at + AT_LEN);
        if (name == NAME_COUNT || seen[name] || blob > len - at - ENTRY)
            return false;
        seen[name] = true;
        at += ENTRY + blob;
    }
    return at == len;
}

enum vtpm_status vtpm_blobs_adopt(struct vtpm_blobs *blobs, uint8_t *bytes,
                                  size_t len, struct vtpm_error *err)
{
    memset(blobs, 0, sizeof *blobs);
    if (len < HEADER || vtpm_get32(bytes + AT_MAGIC) != MAGIC)
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: the state is not a TPM's; restore the store "
                         "from a backup");
    if (vtpm_get32(bytes + AT_VERSION) != VERSION)
        return vtpm_fail(err, VTPM_EVERSION,
                         "unsupported version %lu of the state; use the "
                         "program that wrote it",
                         (unsigned long)vtpm_get32(bytes + AT_VERSION));
    if (!entries_are_sane(bytes, len))
        return vtpm_fail(err, VTPM_ECORRUPT,
                         "corrupt: the parts of the state do not add up; "
                         "restore the store from a backup");
    blobs->bytes = bytes;
    blobs->len = blobs->cap = len;
    return VTPM_OK;
}

const uint8_t *vtpm_blobs_get(const struct vtpm_blobs *blobs, const char *name,
                              size_t *len)
{
    size_t at;

    if (!known(name))
        return NULL;
    at = find(blobs, name);
    if (at == blobs->len)
        return NULL;
    *len = entry_len(blobs, at) - ENTRY;
    return blobs->bytes + at + ENTRY;
}

/* Not realloc(): it may leave a copy of the secrets behind. */
static enum vtpm_status reserve(struct vtpm_blobs *blobs, size_t cap)
{
    uint8_t *bigger;

    if (cap <= blobs->cap)
        return VTPM_OK;
    bigger = malloc(cap);
    if (!bigger)
        return VTPM_ENOMEM;
    memcpy(bigger, blobs->bytes, blobs->len);
    vtpm_cleanse(blobs->bytes, blobs->cap);
    free(blobs->bytes);
    blobs->bytes = bigger;
    blobs->cap = cap;
    return VTPM_OK;
}

enum vtpm_status vtpm_blobs_put(struct vtpm_blobs *blobs, const char *name,
                                const uint8_t *bytes, size_t len, bool *changed)
{
    size_t old_len = 0;
    const uint8_t *old = vtpm_blobs_get(blobs, name, &old_len);
    uint8_t *entry;
    enum vtpm_status status;

    if (!known(name))
        return VTPM_EINVAL;
    if (old && old_len == len) {
        if (len != 0 && memcmp(old, bytes, len) != 0) {
            memcpy(blobs->bytes + (old - blobs->bytes), bytes, len);
            *changed = true;
        }
        return VTPM_OK;
    }
    if (len > VTPM_STATE_MAX || blobs->len + ENTRY + len > VTPM_STATE_MAX)
        return VTPM_ETOOBIG;
    status = reserve(blobs, blobs->len + ENTRY + len);
    if (status != VTPM_OK)
        return status;
    (void)vtpm_blobs_remove(blobs, name);
    entry = blobs->bytes + blobs->len;
    memset(entry, 0, NAME_SIZE);
    memcpy(entry, name, strlen(name));
    vtpm_put32(entry + AT_LEN, (uint32_t)len);
    if (len != 0)
        memcpy(entry + ENTRY, bytes, len);
    blobs->len += ENTRY + len;
    add_to_count(blobs, 1);
    *changed = true;
    return VTPM_OK;
}

bool vtpm_blobs_remove(struct vtpm_blobs *blobs, const char *name)
{
    size_t at = known(name) ? find(blobs, name) : blobs->len;
    size_t len;

    if (at == blobs->len)
        return false;
    len = entry_len(blobs, at);
    memmove(blobs->bytes + at, blobs->bytes + at + len, blobs->len - at - len);
    blobs->len -= len;
    vtpm_cleanse(blobs->bytes + blobs->len, len);
    add_to_count(blobs, UINT32_MAX); /* one less */
    return true;
}

void vtpm_blobs_free(struct vtpm_blobs *blobs)
{
    vtpm_cleanse(blobs->bytes, blobs->cap);
    free(blobs->bytes);
    memset(blobs, 0, sizeof *blobs);
}
