/* SPDX-License-Identifier: MIT */
/* The loader of the manager's store, on a disk that an attacker writes, with
 * old blocks, checksums that are right again, and even blocks that are
 * authentic and say anything. What does not open changes nothing; what opens is
 * sound, and goes on. Without the key, what opens is a state that was saved. */
#include "block.h"
#include "disk.h"
#include "fuzz.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

enum {
    BLOCK = VTPMMGR_BLOCK_SIZE,
    RING = VTPMMGR_STORE_MIN / BLOCK - VTPMMGR_RING_AT,
    COMMITS = 8,
    USED = (VTPMMGR_RING_AT + 32) * BLOCK /* what the log reaches */
};

static const uint8_t root[VTPM_KEY_SIZE] = {4, 2};
static uint64_t random_state;

/* The disk after each commit, and what was in it then. */
static struct {
    bool made;
    uint8_t disk[COMMITS][USED];
    uint64_t head[COMMITS];
    size_t vtpms[COMMITS];
} saved;

/* Instead of OpenSSL's: a finding must repeat. */
int __wrap_RAND_priv_bytes(unsigned char *to, int n);
int __wrap_RAND_priv_bytes(unsigned char *to, int n)
{
    for (int i = 0; i < n; i++) {
        random_state ^= random_state >> 12;
        random_state ^= random_state << 25;
        random_state ^= random_state >> 27;
        to[i] = (unsigned char)(random_state >> 24);
    }
    return 1;
}

static struct vtpmmgr_vtpm vtpm_of(uint8_t number, uint64_t saves)
{
    struct vtpmmgr_vtpm vtpm = {
        .uuid = {number}, .group = number % 2u, .saves = saves};

    memset(vtpm.key, number, sizeof(vtpm.key));
    return vtpm;
}

static void must(enum vtpm_status status)
{
    fuzz_check(status == VTPM_OK, "a change fails");
}

static void commit(struct vtpmmgr_store *store, unsigned n)
{
    struct vtpmmgr_vtpm vtpm = vtpm_of((uint8_t)(n % 3), n);
    uint8_t group[700];
    struct vtpm_error err;

    memset(group, (int)n, sizeof(group));
    if (n < 2)
        must(vtpmmgr_store_put_group(store, n, group, 400 + 300 * n, &err));
    else if (n == 6)
        must(vtpmmgr_store_remove(store, vtpm_of(1, 0).uuid, &err));
    else
        must(vtpmmgr_store_put(store, &vtpm, 1, &err));
}

static void make_saved(void)
{
    const struct vtpmmgr_new_store what = {
        0, root, 0, {(const uint8_t *)"sealed", 6}};
    struct vtpmmgr_store *store;
    struct vtpm_error err;

    disks_reset(VTPMMGR_STORE_MIN);
    must(vtpmmgr_store_provision(&store, DISK, &what, &err));
    for (unsigned n = 0; n < COMMITS; n++) {
        must(vtpmmgr_store_set_anchor(store, n, &err));
        commit(store, n);
        memcpy(saved.disk[n], disks[0].bytes, USED);
        saved.head[n] = vtpmmgr_store_generation(store);
        saved.vtpms[n] = vtpmmgr_store_count(store);
    }
    vtpmmgr_store_close(store);
    saved.made = true;
}

/* ---- the attacker ---- */

static uint8_t *place(unsigned block)
{
    return disks[0].bytes + (size_t)block * BLOCK;
}

/* A place of the header, a mark, an envelope, or the log. */
static unsigned some_place(void)
{
    unsigned n = fuzz_pick(20);

    if (n == 4)
        return VTPMMGR_ENVELOPE_AT + 4; /* where the first one is */
    return n < 4 ? n : VTPMMGR_RING_AT + n - 5;
}

static void patch(void)
{
    uint8_t bytes[16];
    unsigned to = some_place(), from = fuzz_pick(2) ? to : some_place();
    const uint8_t *disk = saved.disk[fuzz_pick(COMMITS)];
    size_t at = fuzz_u8(), n;

    if (fuzz_pick(2) != 0) {
        memcpy(place(to), disk + (size_t)from * BLOCK, BLOCK);
        return;
    }
    n = fuzz_bytes(bytes, fuzz_pick(16));
    memcpy(place(to) + at * (1 + fuzz_pick(2)), bytes, n);
}

static void reseal_header(void)
{
    struct vtpm_bytes part = {place(0), 480};
    struct vtpm_crypto crypto;
    struct vtpm_error err;

    must(vtpm_crypto_init(&crypto, &err));
    must(vtpm_sha256(&crypto, &part, 1, place(0) + 480));
    vtpm_crypto_free(&crypto);
}

/* ---- who has the key, and makes a block that says anything ---- */

static void write_entries(uint8_t *payload)
{
    size_t at = 8;

    while (fuzz_left() > 4 && at + 24 + 600 < VTPMMGR_PAYLOAD_SIZE) {
        unsigned type = fuzz_pick(4), removed = fuzz_pick(3);
        unsigned part = fuzz_pick(26), len = fuzz_u8();

        memset(payload + at, 0, 24);
        payload[at] = (uint8_t)type;
        payload[at + 1] = removed == 2 ? (uint8_t)fuzz_pick(3) : 0;
        if (type == 1 && len > 30)
            len = 80;
        payload[at + 2] = (uint8_t)(len * 3 >> 8);
        payload[at + 3] = (uint8_t)(len * 3);
        if (type == 1 && len == 80)
            payload[at + 2] = 0, payload[at + 3] = 80;
        if (payload[at + 1] == 1)
            payload[at + 2] = payload[at + 3] = 0;
        payload[at + 5] = (uint8_t)part;
        if (type == 1)
            payload[at + 5] = part == 25;
        payload[at + 8] = type == 1 ? (uint8_t)fuzz_pick(4) : 0;
        payload[at + 11] = type == 1 ? 0 : (uint8_t)fuzz_pick(4);
        at += 24 + (size_t)(payload[at + 2] << 8 | payload[at + 3]);
    }
    payload[6] = (uint8_t)(at >> 8);
    payload[7] = (uint8_t)at;
    payload[3] = (uint8_t)fuzz_pick(12);
}

/* @return whether it is the block that follows */
static bool forge(uint64_t newest)
{
    struct vtpmmgr_seal seal;
    struct vtpmmgr_header header;
    struct vtpmmgr_block head, last;
    struct vtpmmgr_mark mark;
    struct vtpm_error err;
    uint8_t *block;

    memcpy(header.id, place(0) + 16, sizeof(header.id));
    must(vtpmmgr_seal_init(&seal, root, header.id, &err));
    (void)vtpmmgr_block_peek(place(VTPMMGR_RING_AT + (unsigned)newest % RING),
                             &last);
    head = last;
    memcpy(head.before, last.tag, sizeof(head.before));
    head.number = head.first = newest + 1;
    head.flags = fuzz_pick(4) ? VTPMMGR_BLOCK_LAST : 0;
    head.tail = fuzz_pick(2) ? last.tail : fuzz_u8();
    if (fuzz_pick(8) == 0)
        head.first = fuzz_u8();
    if (fuzz_pick(8) == 0)
        head.number = fuzz_u32();
    block = place(VTPMMGR_RING_AT + (unsigned)(head.number % 32));
    memset(block, 0, BLOCK);
    write_entries(block + VTPMMGR_BLOCK_HEAD);
    must(vtpmmgr_block_encode(&seal, &head, block, &err));
    if (fuzz_pick(4) == 0) {
        mark.number = head.number;
        memcpy(mark.tag, head.tag, sizeof(mark.tag));
        must(vtpmmgr_mark_encode(&seal, &mark, place(VTPMMGR_MARK_AT), &err));
    }
    vtpmmgr_seal_free(&seal);
    return head.number == newest + 1 && head.first == newest + 1;
}

/* ---- the oracle ---- */

static void check_error(const struct vtpm_error *err)
{
    size_t len = strnlen(err->text, sizeof(err->text));

    fuzz_check(len > 0 && len < sizeof(err->text), "an error says nothing");
    fuzz_check(strchr(err->text, '\n') == NULL, "an error is not one line");
}

static void check_key(const struct vtpmmgr_vtpm *vtpm)
{
    struct vtpmmgr_vtpm wanted = vtpm_of(vtpm->uuid[0], vtpm->saves);

    fuzz_check(memcmp(vtpm, &wanted, sizeof(wanted)) == 0,
               "a vTPM that is not the one saved");
}

/* Lists, numbers and records agree. */
static void check_sound(const struct vtpmmgr_store *store, bool authentic)
{
    static uint8_t bytes[VTPMMGR_GROUP_MAX];
    size_t all = 0, len;
    uint32_t number;

    for (size_t i = 0; vtpmmgr_store_group_at(store, i, &number); i++) {
        uint8_t uuid[1][VTPM_UUID_SIZE];

        fuzz_check(vtpmmgr_store_get_group(store, number, bytes, &len),
                   "a group without content");
        for (size_t k = 0; vtpmmgr_store_list(store, number, k, uuid, 1); k++) {
            struct vtpmmgr_vtpm vtpm;

            all++;
            fuzz_check(vtpmmgr_store_get(store, uuid[0], &vtpm) &&
                           vtpm.group == number,
                       "a vTPM in a list that is not its group's");
            if (authentic)
                check_key(&vtpm);
        }
    }
    fuzz_check(all == vtpmmgr_store_count(store), "a vTPM in no list");
}

static void go_on(struct vtpmmgr_store *store)
{
    struct vtpmmgr_vtpm vtpm = vtpm_of(9, 1), got;
    struct vtpm_error err;
    size_t count = vtpmmgr_store_count(store);

    vtpm.group = 77;
    must(vtpmmgr_store_put_group(store, 77, (const uint8_t *)"x", 1, &err));
    must(vtpmmgr_store_put(store, &vtpm, 1, &err));
    vtpmmgr_store_close(store);
    fuzz_check(vtpmmgr_store_open(&store, DISK, root, 0, &err) == VTPM_OK,
               "what was saved does not load");
    fuzz_check(vtpmmgr_store_get(store, vtpm.uuid, &got) &&
                   memcmp(&got, &vtpm, sizeof(got)) == 0 &&
                   vtpmmgr_store_count(store) == count + 1,
               "what was saved is not what loads");
    check_sound(store, false);
    vtpmmgr_store_close(store);
}

static void load(uint64_t anchor, bool authentic, bool follows)
{
    struct vtpmmgr_store *store;
    struct vtpm_error err = {""};
    unsigned writes = disks[0].writes;
    static uint8_t envelope[VTPMMGR_ENVELOPE_MAX];
    enum vtpm_status status;
    uint64_t head;
    size_t len, n = 0;

    if (vtpmmgr_envelope_read(DISK, envelope, &len, &err) != VTPM_OK)
        check_error(&err);
    status = vtpmmgr_store_open(&store, DISK, root, anchor, &err);
    fuzz_check((status == VTPM_OK) == (store != NULL), "half open");
    fuzz_check(disks[0].writes == writes, "opening writes");
    if (status != VTPM_OK) {
        check_error(&err);
        return;
    }
    check_sound(store, authentic);
    head = vtpmmgr_store_generation(store);
    while (n < COMMITS && saved.head[n] != head)
        n++;
    if (authentic) {
        /* before the first of them there was nothing but provisioning */
        fuzz_check(n < COMMITS || head == 1, "a state that was never saved");
        fuzz_check(n == COMMITS || vtpmmgr_store_count(store) == saved.vtpms[n],
                   "a state that is not the one saved");
        fuzz_check(anchor == 0 || (n < COMMITS && n >= anchor),
                   "an old copy opens");
    }
    /* an authentic block from the future is a gap, once its time comes */
    if (follows)
        go_on(store);
    else
        vtpmmgr_store_close(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned newest, patches;
    bool forged, follows = true;
    uint64_t anchor;

    random_state = 0x9e3779b97f4a7c15u;
    if (!saved.made)
        make_saved();
    fuzz_input(data, size);
    newest = fuzz_pick(COMMITS);
    patches = fuzz_pick(6);
    forged = fuzz_pick(2) != 0;
    anchor = fuzz_pick(3) == 0 ? newest : 0;
    memset(disks[0].bytes, 0, USED + BLOCK);
    memcpy(disks[0].bytes, saved.disk[newest], USED);
    while (patches-- > 0 && fuzz_left() > 0)
        patch();
    if (fuzz_pick(4) == 0)
        reseal_header();
    if (forged)
        follows = forge(saved.head[newest]);
    load(anchor, !forged, follows);
    return 0;
}
