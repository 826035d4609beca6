/* SPDX-License-Identifier: MIT */
#include "store_support.h"

#include <string.h>

size_t numbered_state(unsigned n, uint8_t bytes[STATE_LEN_MAX])
{
    /* short and long ones in turn, over block boundaries */
    size_t len = n % 3 == 0 ? 5000 + n : 40 + n;

    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(n * 37 + i);
    bytes[0] = (uint8_t)n;
    return len;
}

enum vtpm_status save_number(struct vtpm_store *store, unsigned n,
                             struct vtpm_error *err)
{
    uint8_t bytes[STATE_LEN_MAX];
    size_t len = numbered_state(n, bytes);

    return vtpm_store_save(store, bytes, len, err);
}

enum vtpm_status load_number(const char *path, struct vtpm_keys *keys,
                             unsigned *n, struct vtpm_error *err)
{
    uint8_t bytes[STATE_LEN_MAX];
    struct vtpm_store *store;
    struct vtpm_state state;
    enum vtpm_status status =
        vtpm_store_open(&store, path, test_uuid, keys, err);

    if (status != VTPM_OK) {
        assert_null(store);
        return status;
    }
    status = vtpm_store_load(store, &state, err);
    if (status == VTPM_OK) {
        *n = state.bytes[0];
        assert_int_equal(state.len, numbered_state(*n, bytes));
        assert_memory_equal(state.bytes, bytes, state.len);
    } else {
        assert_null(state.bytes);
    }
    vtpm_state_free(&state);
    vtpm_store_close(store);
    return status;
}

void make_store(const char *path, struct vtpm_keys *keys, unsigned last)
{
    struct vtpm_store *store;
    struct vtpm_error err;

    remove_path(path);
    assert_status(vtpm_store_provision(&store, path, test_uuid, VTPM_FAMILY_20,
                                       keys, &err),
                  VTPM_OK, &err);
    for (unsigned n = 1; n <= last; n++)
        assert_status(save_number(store, n, &err), VTPM_OK, &err);
    vtpm_store_close(store);
}

struct vtpm_store *open_loaded(const char *path, struct vtpm_keys *keys)
{
    struct vtpm_store *store;
    struct vtpm_state state;
    struct vtpm_error err;

    assert_status(vtpm_store_open(&store, path, test_uuid, keys, &err), VTPM_OK,
                  &err);
    assert_status(vtpm_store_load(store, &state, &err), VTPM_OK, &err);
    vtpm_state_free(&state);
    return store;
}
