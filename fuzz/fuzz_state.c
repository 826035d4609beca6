/* SPDX-License-Identifier: MIT */
/* The decoders of the vTPM's state: what is behind the checksums and the
 * encryption, as if an attacker had the keys; key files; UUIDs. */
#include "blobs.h"
#include "fuzz.h"
#include "keys_file.h"
#include "os_memory.h"
#include "store_format.h"
#include "uuid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"permall", "volatilestate", "savestate",
                                    "other"};

static void check_whole(const struct vtpm_blobs *blobs)
{
    struct vtpm_blobs again;
    struct vtpm_error err;
    uint8_t *copy = malloc(blobs->len);
    size_t sum = 12, len;

    if (copy == NULL)
        abort();
    memcpy(copy, blobs->bytes, blobs->len);
    fuzz_check(vtpm_blobs_adopt(&again, copy, blobs->len, &err) == VTPM_OK,
               "a set that was taken is not taken again");
    for (unsigned i = 0; i < 4; i++)
        if (vtpm_blobs_get(blobs, names[i], &len) != NULL)
            sum += 20 + len;
    fuzz_check(sum == blobs->len, "the parts are not the whole");
    vtpm_blobs_free(&again);
}

static void edit(struct vtpm_blobs *blobs)
{
    const char *name = names[fuzz_pick(4)];
    bool known = strcmp(name, "other") != 0, changed = false;
    size_t len = fuzz_u8(), got;
    uint8_t *bytes = fuzz_memory(len);
    const uint8_t *there;

    if (fuzz_pick(3) == 0) {
        bool was = vtpm_blobs_get(blobs, name, &got) != NULL;

        fuzz_check(vtpm_blobs_remove(blobs, name) == was,
                   "a blob is not removed");
        fuzz_check(vtpm_blobs_get(blobs, name, &got) == NULL,
                   "a blob is there that was removed");
        return;
    }
    (void)fuzz_bytes(bytes, len);
    fuzz_check(vtpm_blobs_put(blobs, name, bytes, len, &changed) ==
                   (known ? VTPM_OK : VTPM_EINVAL),
               "a blob is judged wrongly");
    there = vtpm_blobs_get(blobs, name, &got);
    fuzz_check((there != NULL) == known &&
                   (!known || (got == len &&
                               (len == 0 || memcmp(there, bytes, len) == 0))),
               "a blob is not what was put");
}

static void spoil(uint8_t *bytes, unsigned len)
{
    unsigned at = fuzz_pick(len);

    bytes[at] = fuzz_u8();
}

/* A state that a key opened; every second one nearly right. */
static void packed(void)
{
    uint8_t raw[512];
    size_t len = 0;
    struct vtpm_blobs blobs;
    struct vtpm_error err = {""};
    uint8_t *bytes;

    if (fuzz_pick(2) != 0) {
        memcpy(raw, "vTPM\0\0\0\1\0\0\0", 12);
        raw[11] = (uint8_t)fuzz_pick(5);
        len = 12;
        for (unsigned parts = fuzz_pick(5); parts > 0; parts--) {
            uint8_t n = (uint8_t)fuzz_pick(60);

            memset(raw + len, 0, 20);
            (void)snprintf((char *)raw + len, 16, "%s", names[fuzz_pick(4)]);
            raw[len + 19] = n;
            if (fuzz_pick(8) == 7)
                spoil(raw + len, 20);
            (void)fuzz_bytes(raw + len + 20, n);
            len += 20u + n;
        }
    }
    len += fuzz_bytes(raw + len, fuzz_pick(16));
    bytes = malloc(len > 0 ? len : 1);
    if (bytes == NULL)
        abort();
    memcpy(bytes, raw, len);
    if (vtpm_blobs_adopt(&blobs, bytes, len, &err) != VTPM_OK) {
        fuzz_check(err.text[0] != '\0' && blobs.bytes == NULL,
                   "a set is half taken");
        free(bytes);
        return;
    }
    check_whole(&blobs);
    for (unsigned i = fuzz_pick(4); i > 0; i--) {
        edit(&blobs);
        check_whole(&blobs);
    }
    vtpm_blobs_free(&blobs);
}

/* Heads whose checksums are right. */
static void heads(void)
{
    static const uint8_t uuid[VTPM_UUID_SIZE] = {7};
    struct vtpm_crypto crypto;
    struct vtpm_error err = {""};
    struct vtpm_head header = {.family = 20, .slot_size = 256 * 1024};
    struct vtpm_head slot, got;
    uint8_t raw[VTPM_HEAD_SIZE], again[VTPM_HEAD_SIZE];
    struct vtpm_bytes part = {raw, 480};
    bool of_slot = fuzz_pick(2) != 0;
    uint64_t store_size = 4096 + 2 * header.slot_size;
    enum vtpm_status status;

    if (vtpm_crypto_init(&crypto, &err) != VTPM_OK)
        abort();
    memcpy(header.uuid, uuid, sizeof(uuid));
    slot = header;
    slot.slot = fuzz_pick(2);
    slot.state_len = fuzz_length();
    slot.generation = fuzz_u8();
    (void)(of_slot ? vtpm_slot_encode(&crypto, &slot, raw)
                   : vtpm_header_encode(&crypto, &header, raw));
    for (unsigned i = fuzz_pick(4); i > 0; i--)
        spoil(raw, 64);
    if (fuzz_pick(8) != 7)
        (void)vtpm_sha256(&crypto, &part, 1, raw + 480);
    if (of_slot) {
        status = vtpm_slot_decode(&crypto, raw, &header, 0, &got, &err);
        if (status == VTPM_OK && got.condition == VTPM_SLOT_WHOLE) {
            fuzz_check(got.slot == 0 && got.state_len > 0 &&
                           got.state_len <= 256 * 1024 - 512 &&
                           got.generation > 0,
                       "an impossible slot");
            (void)vtpm_slot_encode(&crypto, &got, again);
            fuzz_check(memcmp(raw + 8, again + 8, 48) == 0,
                       "a slot's head is read wrongly");
        }
    } else {
        store_size += fuzz_u8();
        status = vtpm_header_decode(&crypto, raw, store_size, &got, &err);
        fuzz_check(status != VTPM_OK ||
                       (got.slot_size >= VTPM_SLOT_MIN &&
                        got.slot_size <= (store_size - 4096) / 2),
                   "slots beyond the store");
    }
    fuzz_check(status == VTPM_OK || err.text[0] != '\0',
               "an error says nothing");
    vtpm_crypto_free(&crypto);
}

static void key_file(void)
{
    uint8_t *text = fuzz_memory(80);
    struct vtpm_keys *keys = NULL;
    struct vtpm_error err = {""};
    enum vtpm_status status;

    os_memory.secret_len =
        fuzz_pick(2) != 0 ? 64 + fuzz_pick(3) : fuzz_pick(80);
    memset(text, '5', 80);
    (void)fuzz_bytes(text, fuzz_pick(16));
    if (fuzz_pick(2) != 0)
        text[64] = '\n';
    os_memory.secret = text;
    status = vtpm_keys_file_open(&keys, "key", &err);
    fuzz_check((status == VTPM_OK) == (keys != NULL) &&
                   (status == VTPM_OK || err.text[0] != '\0'),
               "a key file is half open");
    vtpm_keys_close(keys);
}

static void uuid_text(void)
{
    char *text = fuzz_memory(48);
    uint8_t uuid[VTPM_UUID_SIZE];
    char again[40], *to = again;

    (void)fuzz_bytes(text, 36);
    if (fuzz_pick(2) != 0)
        memcpy(text, "0123abcd-4567-89ef-0123-456789abcdef", 36);
    if (fuzz_pick(2) != 0)
        spoil((uint8_t *)text, 40);
    if (!vtpm_uuid_parse(text, uuid))
        return;
    for (unsigned i = 0; i < VTPM_UUID_SIZE; i++)
        to += sprintf(to,
                      i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
                      uuid[i]);
    for (unsigned i = 0; i <= 36; i++) /* either case */
        fuzz_check(text[i] == again[i] || (text[i] >= 'A' && text[i] <= 'F' &&
                                           text[i] + 32 == again[i]),
                   "a UUID is read wrongly");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input(data, size);
    for (int i = 0; i < 8 && fuzz_left() > 0; i++) {
        switch (fuzz_pick(6)) {
        case 0:
        case 1:
        case 2:
            packed();
            break;
        case 3:
            heads();
            break;
        case 4:
            key_file();
            break;
        default:
            uuid_text();
            break;
        }
        fuzz_forget();
    }
    return 0;
}
