/* SPDX-License-Identifier: MIT */
/* The sealed root key beside the records: one is always there, whenever the
 * power goes. */
#include "disk.h"
#include "model.h"

#include "block.h"

#include <string.h>

static struct vtpm_error err;
static uint8_t content[4][VTPMMGR_ENVELOPE_MAX];
static const size_t lens[4] = {100, VTPMMGR_ENVELOPE_MAX, 1, 5000};

static struct vtpmmgr_store *provision(struct vtpm_bytes envelope)
{
    const struct vtpmmgr_new_store what = {0, root_key, 0, envelope};
    struct vtpmmgr_store *store;

    for (unsigned i = 0; i < 4; i++)
        memset(content[i], (int)(0x11 * (i + 1)), sizeof content[i]);
    disks_reset(VTPMMGR_STORE_MIN);
    assert_status(vtpmmgr_store_provision(&store, DISK, &what, &err), VTPM_OK,
                  &err, NULL);
    return store;
}

static void put(struct vtpmmgr_store *store, unsigned which)
{
    assert_status(
        vtpmmgr_store_put_envelope(store, content[which], lens[which], &err),
        VTPM_OK, &err, NULL);
}

/* @return which one is there, or -1 */
static int which_of(const char *path)
{
    static uint8_t bytes[VTPMMGR_ENVELOPE_MAX];
    size_t len;

    if (vtpmmgr_envelope_read(path, bytes, &len, &err) != VTPM_OK)
        return -1;
    for (int i = 0; i < 4; i++)
        if (len == lens[i] && memcmp(bytes, content[i], len) == 0)
            return i;
    fail_msg("an envelope that was never put");
    return -1;
}

static void the_last_one_is_read(void **state)
{
    struct vtpmmgr_store *store = provision((struct vtpm_bytes){NULL, 0});
    static uint8_t bytes[VTPMMGR_ENVELOPE_MAX];
    size_t len;

    (void)state;
    assert_status(vtpmmgr_envelope_read(DISK, bytes, &len, &err), VTPM_ECORRUPT,
                  &err, "no sealed root key");
    for (unsigned i = 0; i < 9; i++) {
        put(store, i % 4);
        assert_int_equal(which_of(DISK), i % 4);
        if (i % 3 == 0) {
            vtpmmgr_store_close(store);
            assert_int_equal(which_of(DISK), i % 4);
            assert_int_equal(
                vtpmmgr_store_open(&store, DISK, root_key, 0, &err), VTPM_OK);
        }
        assert_int_equal(vtpmmgr_store_commit_anchor(store, &err), VTPM_OK);
    }
    assert_int_equal(vtpmmgr_store_put_envelope(store, bytes, 0, &err),
                     VTPM_EINVAL);
    assert_int_equal(vtpmmgr_store_put_envelope(store, bytes,
                                                VTPMMGR_ENVELOPE_MAX + 1, &err),
                     VTPM_EINVAL);
    vtpmmgr_store_close(store);
}

static void the_old_one_is_erased(void **state)
{
    struct vtpmmgr_store *store = provision((struct vtpm_bytes){NULL, 0});
    unsigned found = 0;

    (void)state;
    put(store, 1);
    put(store, 0);
    for (size_t at = 0; at < disks[0].size; at++)
        found += disks[0].bytes[at] == 0x22 && disks[0].bytes[at + 1] == 0x22 &&
                 disks[0].bytes[at + 2] == 0x22 &&
                 disks[0].bytes[at + 3] == 0x22;
    assert_int_equal(found, 0);
    vtpmmgr_store_close(store);
}

static int acknowledged, next;
static unsigned points;

static void point(void)
{
    uint8_t variants[16] = {0};

    disks[0].point = NULL;
    assert_in_range(disks[0].pending_count, 0, 2);
    for (unsigned k = 0; k < DISK_VARIANTS * DISK_VARIANTS; k++) {
        int found;

        variants[0] = (uint8_t)(k % DISK_VARIANTS);
        variants[1] = (uint8_t)(k / DISK_VARIANTS);
        if (disks[0].pending_count < 2 && variants[1] != 0)
            break;
        points++;
        disk_cut(variants);
        found = which_of(DISK_AFTER);
        assert_true(found == acknowledged || found == next);
        disk_restore();
    }
    disks[0].point = point;
}

static void power_cuts(void **state)
{
    struct vtpmmgr_store *store;

    (void)state;
    points = 0;
    store = provision((struct vtpm_bytes){content[0], lens[0]});
    acknowledged = 0;
    assert_int_equal(which_of(DISK), 0);
    for (int i = 1; i < 8; i++) {
        next = i % 4;
        disks[0].point = point;
        put(store, (unsigned)next);
        acknowledged = next;
        point();
        disks[0].point = NULL;
        assert_int_equal(vtpmmgr_store_commit_anchor(store, &err), VTPM_OK);
    }
    vtpmmgr_store_close(store);
    assert_true(points > 200);
}

/* A store that is provisioned with an envelope never is without one. */
static void point_of_provisioning(void)
{
    uint8_t variants[16] = {0};

    disks[0].point = NULL;
    for (unsigned k = 0; k < DISK_VARIANTS; k++) {
        struct vtpmmgr_store *store;

        memset(variants, (int)k, sizeof variants);
        disk_cut(variants);
        points++;
        if (vtpmmgr_store_open(&store, DISK_AFTER, root_key, 0, &err) ==
            VTPM_OK) {
            assert_int_equal(which_of(DISK_AFTER), 2);
            vtpmmgr_store_close(store);
        }
        disk_restore();
    }
    disks[0].point = point_of_provisioning;
}

static void provisioning(void **state)
{
    const struct vtpmmgr_new_store what = {
        0, root_key, 0, {content[2], lens[2]}};
    struct vtpmmgr_store *store;

    (void)state;
    points = 0;
    disks_reset(VTPMMGR_STORE_MIN);
    disks[0].point = point_of_provisioning;
    assert_int_equal(vtpmmgr_store_provision(&store, DISK, &what, &err),
                     VTPM_OK);
    disks[0].point = NULL;
    assert_int_equal(which_of(DISK), 2);
    vtpmmgr_store_close(store);
    assert_true(points > 50);
}

/* Somebody made it so that none can follow: then none does. */
static void the_greatest_sequence(uint8_t *slot)
{
    const struct vtpm_bytes parts[] = {{slot, 96}, {slot + 128, lens[0]}};
    struct vtpmmgr_store *store;
    struct vtpm_crypto crypto;

    memset(slot + 32, 0xff, 8);
    assert_int_equal(vtpm_crypto_init(&crypto, &err), VTPM_OK);
    assert_int_equal(vtpm_sha256(&crypto, parts, 2, slot + 96), VTPM_OK);
    vtpm_crypto_free(&crypto);
    assert_int_equal(which_of(DISK), 0);
    assert_int_equal(vtpmmgr_store_open(&store, DISK, root_key, 0, &err),
                     VTPM_OK);
    assert_status(vtpmmgr_store_put_envelope(store, content[1], lens[1], &err),
                  VTPM_ECORRUPT, &err, "tampered with");
    assert_int_equal(which_of(DISK), 0);
    vtpmmgr_store_close(store);
}

static void damage(void **state)
{
    struct vtpmmgr_store *store = provision((struct vtpm_bytes){NULL, 0});
    uint8_t *slot = disks[0].bytes + VTPMMGR_ENVELOPE_AT * VTPMMGR_BLOCK_SIZE;
    size_t used, second = 4 * VTPMMGR_BLOCK_SIZE;
    static uint8_t foreign[4 * VTPMMGR_BLOCK_SIZE];

    (void)state;
    put(store, 0);
    vtpmmgr_store_close(store);
    if (slot[0] == 0)
        slot += second;
    used = 128 + lens[0];
    for (size_t i = 0; i < used; i++) {
        slot[i] ^= 4;
        assert_int_equal(which_of(DISK), -1);
        assert_non_null(strstr(err.text, "no sealed root key"));
        slot[i] ^= 4;
    }
    assert_int_equal(which_of(DISK), 0);
    memcpy(foreign, slot, sizeof foreign);
    the_greatest_sequence(slot);
    store = provision((struct vtpm_bytes){NULL, 0});
    vtpmmgr_store_close(store);
    memcpy(disks[0].bytes + VTPMMGR_ENVELOPE_AT * VTPMMGR_BLOCK_SIZE, foreign,
           sizeof foreign);
    assert_int_equal(which_of(DISK), -1);
    assert_non_null(strstr(err.text, "another store's"));
    memset(disks[0].bytes, 0, VTPMMGR_BLOCK_SIZE);
    assert_int_equal(which_of(DISK), -1);
    assert_non_null(strstr(err.text, "not provisioned"));
}

static int free_disks(void **state)
{
    (void)state;
    disks_free();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_last_one_is_read, free_disks),
        cmocka_unit_test_teardown(the_old_one_is_erased, free_disks),
        cmocka_unit_test_teardown(power_cuts, free_disks),
        cmocka_unit_test_teardown(provisioning, free_disks),
        cmocka_unit_test_teardown(damage, free_disks),
    };

    return cmocka_run_group_tests_name("manager's store, sealed root key",
                                       tests, NULL, NULL);
}
