/* SPDX-License-Identifier: MIT */
/* The manager as keeper: what it says, does not say, and says wrong. */
#include "store_support.h"

#include "fake_manager.h"
#include "keys_manager.h"

#include <string.h>

static struct vtpm_manager *manager;
static struct vtpm_keys *keys;
static struct vtpm_error err;

static int set_up(void **state)
{
    const struct vtpm_manager_options options = {.device = 3, .timeout_ms = 60};

    (void)state;
    fake_manager_reset();
    return vtpm_manager_open(&manager, &options, &err) != VTPM_OK ||
           vtpm_keys_manager_open(&keys, manager, &err) != VTPM_OK;
}

static int tear_down(void **state)
{
    (void)state;
    vtpm_keys_close(keys);
    vtpm_manager_close(manager);
    return fake_manager.links != 0 || fake_manager.ports != 0;
}

static enum vtpm_status save(const uint8_t record[VTPM_RECORD_SIZE])
{
    memset(&err, 0, sizeof err);
    return keys->ops->save(keys, test_uuid, record, &err);
}

static enum vtpm_status load(struct vtpm_records *records)
{
    static const struct vtpm_areas areas;

    memset(&err, 0, sizeof err);
    return keys->ops->load(keys, test_uuid, &areas, records, &err);
}

static void fill(uint8_t record[VTPM_RECORD_SIZE], uint8_t with)
{
    memset(record, with, VTPM_RECORD_SIZE);
}

static void what_was_saved_is_loaded(void **state)
{
    uint8_t record[VTPM_RECORD_SIZE];
    struct vtpm_records records;

    (void)state;
    for (uint8_t n = 1; n < 20; n++) {
        fill(record, n);
        assert_status(save(record), VTPM_OK, &err);
        assert_memory_equal(fake_manager.record, record, sizeof record);
        assert_status(load(&records), VTPM_OK, &err);
        assert_int_equal(records.count, 1);
        assert_memory_equal(records.record[0], record, sizeof record);
    }
    assert_int_equal(fake_manager.device, 3);
    assert_int_equal(fake_manager.opens, 1);
}

/* Xen's vTPMs have records of 52 bytes: zeros follow. */
static void a_short_record_is_padded(void **state)
{
    static const uint8_t zeros[VTPM_RECORD_SIZE];
    struct vtpm_records records;

    (void)state;
    memset(fake_manager.record, 7, 52);
    memset(&records, 0xff, sizeof records);
    assert_status(load(&records), VTPM_OK, &err);
    assert_memory_equal(records.record[0], fake_manager.record, 64);
    fake_manager_reset();
    assert_status(load(&records), VTPM_OK, &err);
    assert_memory_equal(records.record[0], zeros, 64);
}

static void every_refusal_is_one(void **state)
{
    static const uint32_t codes[] = {1,  2,  3,  7,  8,     9,          10,
                                     17, 23, 25, 30, 0x800, 0x80000000, 255};
    uint8_t record[VTPM_RECORD_SIZE];
    struct vtpm_records records;

    (void)state;
    fill(record, 9);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        fake_manager.code = codes[i];
        fake_manager_fault(FAKE_CODE, 2);
        assert_status(save(record), VTPM_EREFUSED, &err);
        assert_non_null(strstr(err.text, "the manager"));
        assert_status(load(&records),
                      codes[i] == 3 ? VTPM_EUNPROVISIONED : VTPM_EREFUSED,
                      &err);
        assert_int_equal(records.count, 0);
        assert_int_equal(fake_manager.saves, 0);
    }
    assert_int_equal(fake_manager.opens, 1);
}

/* Only the ten bytes that say so are a yes. */
static void no_other_bytes_are_a_yes(void **state)
{
    static const uint8_t good[10] = {1, 0xc4, 0, 0, 0, 10};
    uint8_t bytes[4096] = {0}, record[VTPM_RECORD_SIZE];

    (void)state;
    fill(record, 9);
    fake_manager.bytes = bytes;
    for (size_t bit = 0; bit < 80; bit++) {
        memcpy(bytes, good, sizeof good);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        fake_manager.bytes_len = 10;
        fake_manager_fault(FAKE_BYTES, 1);
        assert_status(save(record), VTPM_EREFUSED, &err);
    }
    for (size_t len = 10; len <= sizeof bytes; len += len < 80 ? 1 : 803) {
        memcpy(bytes, good, sizeof good);
        bytes[4] = (uint8_t)(len >> 8);
        bytes[5] = (uint8_t)len;
        fake_manager.bytes_len = len;
        fake_manager_fault(FAKE_BYTES, 1);
        assert_status(save(record), len == 10 ? VTPM_OK : VTPM_EREFUSED, &err);
    }
}

/* 52 to 64 bytes are a record, nothing else is. */
static void a_record_has_its_size(void **state)
{
    uint8_t bytes[4096];
    struct vtpm_records records;

    (void)state;
    memset(bytes, 0x5a, sizeof bytes);
    fake_manager.bytes = bytes;
    for (size_t len = 10; len <= sizeof bytes; len += len < 90 ? 1 : 801) {
        bool is_one = len - 10 >= 52 && len - 10 <= 64;

        memcpy(bytes,
               (uint8_t[]){1, 0xc4, 0, 0, (uint8_t)(len >> 8), (uint8_t)len, 0,
                           0, 0, 0},
               10);
        fake_manager.bytes_len = len;
        fake_manager_fault(FAKE_BYTES, 1);
        assert_status(load(&records), is_one ? VTPM_OK : VTPM_EREFUSED, &err);
        assert_int_equal(records.count, is_one ? 1 : 0);
    }
}

/* The answer to a question is waited for again, it is not asked twice. */
static void a_slow_manager_is_not_asked_twice(void **state)
{
    uint8_t record[VTPM_RECORD_SIZE];

    (void)state;
    fill(record, 4);
    fake_manager_fault(FAKE_LATE, 1);
    assert_status(save(record), VTPM_EREFUSED, &err);
    assert_non_null(strstr(err.text, "does not answer"));
    assert_status(save(record), VTPM_OK, &err);
    assert_int_equal(fake_manager.sends, 1);
    assert_int_equal(fake_manager.saves, 1);
}

/* Whatever became of it, the vTPM does not wait for ever. */
static void a_question_without_an_answer_is_taken_back(void **state)
{
    uint8_t record[VTPM_RECORD_SIZE];
    unsigned tries = 0;

    (void)state;
    fill(record, 4);
    fake_manager_fault(FAKE_SILENT, 1);
    while (save(record) != VTPM_OK && tries < 100)
        tries++;
    assert_in_range(tries, 5, 20);
    assert_int_equal(fake_manager.cancels, 1);
    assert_int_equal(fake_manager.saves, 1);
}

static void another_question_takes_the_first_one_back(void **state)
{
    uint8_t record[VTPM_RECORD_SIZE];
    struct vtpm_records records;

    (void)state;
    fill(record, 4);
    fake_manager_fault(FAKE_SILENT, 1);
    assert_status(save(record), VTPM_EREFUSED, &err);
    assert_status(load(&records), VTPM_OK, &err);
    assert_int_equal(fake_manager.cancels, 1);
    assert_int_equal(fake_manager.opens, 1);
    /* the answer to the first may be there already; it is not the second's */
    fake_manager_fault(FAKE_LATE, 1);
    assert_status(save(record), VTPM_EREFUSED, &err);
    assert_status(load(&records), VTPM_OK, &err);
    assert_memory_equal(records.record[0], record, sizeof record);
}

/* A manager that was killed, a domain that was made anew. */
static void what_was_lost_is_asked_again(void **state)
{
    static const enum vtpmring_status lost[] = {
        VTPMRING_CANCELED, VTPMRING_EPEER_GONE, VTPMRING_EPEER_REFUSED};
    uint8_t record[VTPM_RECORD_SIZE];

    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (int fault = FAKE_STATUS; fault <= FAKE_UNSENT; fault++) {
            fill(record, (uint8_t)(10 * fault + (int)i));
            fake_manager.status = lost[i];
            fake_manager_fault((enum fake_fault)fault, 1);
            assert_status(save(record), VTPM_OK, &err);
            assert_memory_equal(fake_manager.record, record, sizeof record);
        }
}

static void without_a_manager_there_is_an_end(void **state)
{
    uint8_t record[VTPM_RECORD_SIZE];

    (void)state;
    fill(record, 1);
    fake_manager.status = VTPMRING_EPEER_GONE;
    fake_manager_fault(FAKE_UNOPENED, 1000000);
    assert_status(save(record), VTPM_EREFUSED, &err);
    assert_non_null(strstr(err.text, "device/vtpm/3"));
    fake_manager.status = VTPMRING_EPEER_TIMEOUT;
    assert_status(save(record), VTPM_EREFUSED, &err);
    fake_manager.status = VTPMRING_EPORT;
    assert_status(save(record), VTPM_EIO, &err);
    assert_int_equal(fake_manager.ports, 0);
    fake_manager_fault(FAKE_NONE, 0);
    assert_status(save(record), VTPM_OK, &err);
}

static void a_broken_page_is_no_answer(void **state)
{
    static const enum vtpmring_status broken[] = {
        VTPMRING_EPEER_LENGTH, VTPMRING_EPEER_HEADER, VTPMRING_EPEER_STATE};
    uint8_t record[VTPM_RECORD_SIZE];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        fill(record, (uint8_t)(i + 1));
        fake_manager.status = broken[i];
        fake_manager_fault(FAKE_DONE, 1);
        assert_status(save(record), VTPM_EREFUSED, &err);
        assert_status(save(record), VTPM_OK, &err);
    }
}

/* What would be found if the vTPM died now: the last state that was
 * acknowledged, or the one that was on its way. */
static unsigned found(const char *path)
{
    struct image image = image_read(path);
    unsigned n = 0;

    image_write(in_folder("copy"), &image);
    image_free(&image);
    assert_status(load_number(in_folder("copy"), keys, &n, &err), VTPM_OK,
                  &err);
    return n;
}

static void break_a_save(const char *path, struct vtpm_store *store,
                         unsigned *last, enum fake_fault fault,
                         enum vtpmring_status status)
{
    unsigned now;

    fake_manager.status = status;
    fake_manager_fault(fault, 1000000);
    assert_true(save_number(store, *last + 1, &err) != VTPM_OK);
    fake_manager.status = status;
    assert_true(save_number(store, *last + 2, &err) != VTPM_OK);
    fake_manager_fault(FAKE_NONE, 0);
    now = found(path);
    assert_in_range(now, *last, *last + 1);
    assert_status(save_number(store, *last + 3, &err), VTPM_OK, &err);
    *last += 3;
    assert_int_equal(found(path), *last);
}

/* Defect 8: a save that fails never costs the state. */
static void no_fault_costs_the_state(void **state)
{
    const char *path = in_folder("faults");
    static const uint8_t noise[100] = {1, 0xc4, 9};
    struct vtpm_store *store;
    unsigned last = 3;

    (void)state;
    make_store(path, keys, last);
    store = open_loaded(path, keys);
    fake_manager.bytes = noise;
    fake_manager.bytes_len = sizeof noise;
    fake_manager.code = 9;
    break_a_save(path, store, &last, FAKE_SILENT, VTPMRING_OK);
    break_a_save(path, store, &last, FAKE_CODE, VTPMRING_OK);
    break_a_save(path, store, &last, FAKE_BYTES, VTPMRING_OK);
    break_a_save(path, store, &last, FAKE_STATUS, VTPMRING_EPEER_LENGTH);
    break_a_save(path, store, &last, FAKE_DONE, VTPMRING_EPEER_HEADER);
    break_a_save(path, store, &last, FAKE_DONE, VTPMRING_CANCELED);
    break_a_save(path, store, &last, FAKE_STATUS, VTPMRING_EPEER_GONE);
    break_a_save(path, store, &last, FAKE_UNSENT, VTPMRING_EPORT);
    vtpm_store_close(store);
}

/* Zeros are no record: only then, and on order, a TPM is made. */
static void a_new_vtpm_is_new_at_the_manager(void **state)
{
    const char *path = in_folder("provision");
    struct vtpm_store *store;
    unsigned n = 0;

    (void)state;
    fake_manager.code = 7;
    fake_manager_fault(FAKE_CODE, 1);
    assert_status(vtpm_store_provision(&store, path, test_uuid, VTPM_FAMILY_20,
                                       keys, &err),
                  VTPM_EREFUSED, &err);
    fake_manager_fault(FAKE_LATE, 1);
    assert_status(vtpm_store_provision(&store, path, test_uuid, VTPM_FAMILY_20,
                                       keys, &err),
                  VTPM_EREFUSED, &err);
    make_store(path, keys, 1);
    remove_path(path);
    assert_status(vtpm_store_provision(&store, path, test_uuid, VTPM_FAMILY_20,
                                       keys, &err),
                  VTPM_EEXISTS, &err);
    assert_status(load_number(path, keys, &n, &err), VTPM_EUNPROVISIONED, &err);
    /* a manager that makes a vTPM with its first record */
    fake_manager_reset();
    fake_manager.code = 3;
    fake_manager_fault(FAKE_CODE, 1);
    make_store(path, keys, 2);
    assert_status(load_number(path, keys, &n, &err), VTPM_OK, &err);
    assert_int_equal(n, 2);
    /* and one that has lost its data makes no new TPM of an old one */
    fake_manager_reset();
    assert_status(load_number(path, keys, &n, &err), VTPM_EUNPROVISIONED, &err);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_saved_is_loaded),
        TEST(a_short_record_is_padded),
        TEST(every_refusal_is_one),
        TEST(no_other_bytes_are_a_yes),
        TEST(a_record_has_its_size),
        TEST(a_slow_manager_is_not_asked_twice),
        TEST(a_question_without_an_answer_is_taken_back),
        TEST(another_question_takes_the_first_one_back),
        TEST(what_was_lost_is_asked_again),
        TEST(without_a_manager_there_is_an_end),
        TEST(a_broken_page_is_no_answer),
        TEST(no_fault_costs_the_state),
        TEST(a_new_vtpm_is_new_at_the_manager),
    };

    return cmocka_run_group_tests_name("vtpm keys, manager", tests,
                                       folder_setup, folder_teardown);
}
