/* SPDX-License-Identifier: MIT */
/* The loader of a vTPM's state, on a disk that an attacker writes, with a
 * keeper that is local or remote. Checksums are made right again after the
 * damage, as an attacker would. What loads must be a state that was saved, and
 * with a remote keeper the last one; what does not load changes nothing. */
#include "fuzz.h"
#include "keys_file.h"
#include "os_memory.h"
#include "record.h"
#include "store.h"
#include "store_format.h"

#include <stdlib.h>
#include <string.h>

enum { SIZE = 4096 + 2 * 256 * 1024, SLOT = 256 * 1024, STATES = 3 };

static const uint8_t uuid[VTPM_UUID_SIZE] = {1, 2, 3, 4};
static const uint8_t other_uuid[VTPM_UUID_SIZE] = {4, 3, 2, 1};

/* A keeper that remembers, as the manager does. */
struct remote {
    struct vtpm_keys keys;
    uint8_t record[VTPM_RECORD_SIZE];
};

/* What was saved, by a local and by a remote keeper, after each save. */
static struct {
    bool made;
    uint8_t disk[2][2][SIZE];
    uint8_t record[2][VTPM_RECORD_SIZE];
} saved;
static uint8_t before[OS_DISK_MAX];

static size_t state_of(unsigned n, uint8_t bytes[700])
{
    size_t len = n == 1 ? 40 : n == 2 ? 700 : 200;

    memset(bytes, (int)(n * 37), len);
    return len;
}

static enum vtpm_status remote_load(struct vtpm_keys *keys,
                                    const uint8_t id[VTPM_UUID_SIZE],
                                    const struct vtpm_areas *areas,
                                    struct vtpm_records *records,
                                    struct vtpm_error *err)
{
    (void)id;
    (void)areas;
    (void)err;
    records->count = 1;
    memcpy(records->record[0], ((struct remote *)keys)->record,
           VTPM_RECORD_SIZE);
    return VTPM_OK;
}

static enum vtpm_status remote_save(struct vtpm_keys *keys,
                                    const uint8_t id[VTPM_UUID_SIZE],
                                    const uint8_t record[VTPM_RECORD_SIZE],
                                    struct vtpm_error *err)
{
    (void)id;
    (void)err;
    memcpy(((struct remote *)keys)->record, record, VTPM_RECORD_SIZE);
    return VTPM_OK;
}

static void remote_close(struct vtpm_keys *keys)
{
    (void)keys;
}

static const struct vtpm_keys_ops remote_ops = {
    .load = remote_load, .save = remote_save, .close = remote_close};
static struct remote remote = {.keys = {&remote_ops}};

static struct vtpm_keys *open_keys(bool local, uint8_t which)
{
    static uint8_t key[32];
    struct vtpm_keys *keys = &remote.keys;
    struct vtpm_error err;

    if (!local)
        return keys;
    memset(key, which, sizeof(key));
    os_memory.secret = key;
    os_memory.secret_len = sizeof(key);
    fuzz_check(vtpm_keys_file_open(&keys, "key", &err) == VTPM_OK,
               "a key file is refused");
    return keys;
}

static void save(struct vtpm_store *store, unsigned n)
{
    uint8_t bytes[700];
    size_t len = state_of(n, bytes);
    struct vtpm_error err;

    fuzz_check(vtpm_store_save(store, bytes, len, &err) == VTPM_OK,
               "a save fails");
}

static void make_saved(void)
{
    for (int local = 0; local < 2; local++) {
        struct vtpm_keys *keys = open_keys(local != 0, 1);
        struct vtpm_store *store;
        struct vtpm_error err;

        memset(remote.record, 0, sizeof(remote.record));
        os_memory.size = SIZE_MAX;
        fuzz_check(vtpm_store_provision(&store, "disk", uuid, VTPM_FAMILY_20,
                                        keys, &err) == VTPM_OK &&
                       os_memory.size == SIZE,
                   "no store can be made");
        for (unsigned n = 0; n < 2; n++) {
            save(store, n + 1);
            memcpy(saved.disk[local][n], os_memory.disk, SIZE);
            if (local == 0)
                memcpy(saved.record[n], remote.record, VTPM_RECORD_SIZE);
        }
        vtpm_store_close(store);
        vtpm_keys_close(keys);
    }
    saved.made = true;
}

/* ---- the attacker ---- */

static size_t place(void)
{
    static const size_t bases[] = {0, 4096, 4096 + SLOT, 4096 + 480,
                                   4096 + SLOT + 480};
    size_t base = bases[fuzz_pick(5)];
    size_t offset = fuzz_u8();

    return base + offset * (1 + fuzz_pick(2));
}

static void patch(bool local)
{
    uint8_t bytes[32];
    size_t at = place(), n;
    bool swapped = fuzz_pick(2) != 0;
    const uint8_t *other = saved.disk[swapped ? !local : local][fuzz_pick(2)];

    switch (fuzz_pick(5)) {
    case 0:
        n = fuzz_bytes(bytes, fuzz_pick(32));
        memcpy(os_memory.disk + at, bytes, n);
        break;
    case 1: /* another slot, or another's */
        n = fuzz_pick(2);
        memcpy(os_memory.disk + 4096 + n * SLOT,
               other + 4096 + fuzz_pick(2) * SLOT, 2048);
        break;
    case 2:
        memcpy(os_memory.disk, other, 512);
        break;
    case 3:
        memset(os_memory.disk + at, 0, 512);
        break;
    default:
        n = fuzz_u8();
        os_memory.size = n < 64 ? n * 64 : n < 128 ? SIZE - n : SIZE;
        break;
    }
}

/* Makes the checksums of a head right; that of its state, too. */
static void reseal(uint32_t slot, bool with_state)
{
    uint8_t *head = os_memory.disk + 4096 + slot * SLOT;
    struct vtpm_bytes part = {head + 512, fuzz_be32(head + 36)};
    struct vtpm_crypto crypto;
    struct vtpm_error err;

    if (vtpm_crypto_init(&crypto, &err) != VTPM_OK)
        abort();
    if (slot > 1)
        head = os_memory.disk;
    else if (with_state && part.len <= SLOT - 512)
        (void)vtpm_sha256(&crypto, &part, 1, head + 192);
    part = (struct vtpm_bytes){head, 480};
    (void)vtpm_sha256(&crypto, &part, 1, head + 480);
    vtpm_crypto_free(&crypto);
}

/* ---- the oracle ---- */

static void check_error(const struct vtpm_error *err)
{
    size_t len = strnlen(err->text, sizeof(err->text));

    fuzz_check(len > 0 && len < sizeof(err->text), "an error says nothing");
    fuzz_check(strchr(err->text, '\n') == NULL, "an error is not one line");
}

static void check_state(const struct vtpm_state *state, bool local)
{
    uint8_t bytes[700];
    uint64_t n = state->generation;

    fuzz_check(n == 1 || n == 2, "a state that was never saved");
    fuzz_check(state->len == state_of((unsigned)n, bytes) &&
                   memcmp(state->bytes, bytes, state->len) == 0,
               "a state that is not the one saved");
    if (!local)
        fuzz_check(
            memcmp(remote.record, saved.record[n - 1], VTPM_RECORD_SIZE) == 0,
            "a state that the keeper does not know");
}

static void check_closed(void)
{
    fuzz_check(os_memory.opened == 0, "a store is left open");
}

/* After a load, saves work and load again. */
static void check_save(struct vtpm_store *store, struct vtpm_keys *keys)
{
    struct vtpm_error err;
    struct vtpm_state state;
    uint8_t bytes[700];
    size_t len = state_of(3, bytes);

    save(store, 3);
    vtpm_store_close(store);
    fuzz_check(vtpm_store_open(&store, "disk", uuid, keys, &err) == VTPM_OK &&
                   vtpm_store_load(store, &state, &err) == VTPM_OK,
               "what was saved does not load");
    fuzz_check(state.len == len && memcmp(state.bytes, bytes, len) == 0,
               "what was saved is not what loads");
    vtpm_state_free(&state);
    vtpm_store_close(store);
}

static enum vtpm_status load(const uint8_t id[VTPM_UUID_SIZE], bool local,
                             uint8_t key, bool go_on)
{
    struct vtpm_keys *keys = open_keys(local, key);
    struct vtpm_store *store;
    struct vtpm_state state = {0};
    struct vtpm_store_info info;
    struct vtpm_error err = {""};
    enum vtpm_status status;

    os_memory.written = 0;
    memcpy(before, os_memory.disk, sizeof(before));
    if (vtpm_store_check("disk", &info, &err) != VTPM_OK)
        check_error(&err);
    fuzz_check(os_memory.written == 0, "a check writes");
    status = vtpm_store_open(&store, "disk", id, keys, &err);
    fuzz_check((status == VTPM_OK) == (store != NULL), "half open");
    if (status == VTPM_OK)
        status = vtpm_store_load(store, &state, &err);
    if (status == VTPM_OK) {
        check_state(&state, local);
        fuzz_check(id == uuid, "another vTPM's state loads");
        fuzz_check(!local || key == 1, "a state loads with a wrong key");
    } else {
        check_error(&err);
        fuzz_check(state.bytes == NULL, "a state in spite of an error");
        fuzz_check(os_memory.written == 0 &&
                       memcmp(before, os_memory.disk, sizeof(before)) == 0,
                   "a load that fails changes something");
    }
    vtpm_state_free(&state);
    if (status == VTPM_OK && go_on)
        check_save(store, keys);
    else
        vtpm_store_close(store);
    vtpm_keys_close(keys);
    check_closed();
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t how, seals;
    bool local, newest, touched = false;
    const uint8_t *id = uuid;
    enum vtpm_status status;
    uint8_t key = 1;

    os_random_begin();
    if (!saved.made)
        make_saved();
    fuzz_input(data, size);
    how = fuzz_u8();
    seals = fuzz_u8();
    local = (how & 1) == 0;
    newest = (how & 2) == 0;
    memcpy(os_memory.disk, saved.disk[local][newest], SIZE);
    memset(os_memory.disk + SIZE, 0, sizeof(os_memory.disk) - SIZE);
    os_memory.size = SIZE;
    memcpy(remote.record, saved.record[(how & 4) == 0], VTPM_RECORD_SIZE);
    if ((how & 8) != 0) /* died before the older slot was erased */
        memcpy(os_memory.disk + 4096, saved.disk[local][0] + 4096, 512);
    if ((how & 16) != 0)
        id = other_uuid;
    if ((how & 32) != 0)
        key = 2;
    if ((how & 64) != 0)
        (void)fuzz_bytes(remote.record + fuzz_pick(VTPM_RECORD_SIZE - 8), 8);
    for (int i = 0; i < 8 && fuzz_left() > 0; i++, touched = true)
        patch(local);
    for (uint32_t slot = 0; slot < 3; slot++)
        if ((seals >> slot & 1) != 0)
            reseal(slot, (seals & 8) != 0);
    status = load(id, local, key, (seals & 16) != 0);
    if (!touched && (how & 0xf0) == 0 && (local || (how & 6) == 0))
        fuzz_check(status == VTPM_OK || seals != 0, "what was saved is lost");
    return 0;
}
