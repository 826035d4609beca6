/* SPDX-License-Identifier: MIT */
#include "root_rig.h"

#include <string.h>

struct vtpm_error err;
struct rig rig;
uint8_t key[VTPM_KEY_SIZE];
struct vtpmmgr_envelope envelope;
uint64_t anchor;

int root_rig_setup(void **state)
{
    int result = folder_setup(state);

    rig_on(&rig, "tpm");
    return result;
}

int root_rig_teardown(void **state)
{
    rig_off(&rig);
    return folder_teardown(state);
}

struct vtpmmgr_root_tpm_options fresh(void)
{
    rig_destroy(&rig);
    rig_on(&rig, "tpm");
    tap_clear();
    return rig_options(&rig);
}

struct vtpmmgr_root *sealed(const struct vtpmmgr_root_tpm_options *options)
{
    struct vtpmmgr_root *root = rig_root(options);

    assert_int_equal(vtpm_random(key, sizeof key, &err), VTPM_OK);
    assert_answer(root->ops->provision(root, key, &envelope, &anchor, &err),
                  VTPM_OK, &err, NULL);
    return root;
}

void opens(struct vtpmmgr_root *root, uint64_t wanted)
{
    uint8_t out[VTPM_KEY_SIZE] = {0};
    uint64_t got;

    assert_answer(root->ops->open(root, &envelope, out, &got, &err), VTPM_OK,
                  &err, NULL);
    assert_memory_equal(out, key, sizeof key);
    assert_int_equal(got, wanted);
}

void opens_anew(const struct vtpmmgr_root_tpm_options *options, uint64_t wanted)
{
    struct vtpmmgr_root *root = rig_root(options);

    opens(root, wanted);
    vtpmmgr_root_close(root);
}

void refused(struct vtpmmgr_root *root, enum vtpm_status status,
             const char *text)
{
    static const uint8_t zeros[VTPM_KEY_SIZE];
    uint8_t out[VTPM_KEY_SIZE] = {0};
    uint64_t got;

    assert_answer(root->ops->open(root, &envelope, out, &got, &err), status,
                  &err, text);
    assert_memory_equal(out, zeros, sizeof zeros);
}

void refused_anew(const struct vtpmmgr_root_tpm_options *options,
                  enum vtpm_status status, const char *text)
{
    struct vtpmmgr_root *root = rig_root(options);

    refused(root, status, text);
    vtpmmgr_root_close(root);
}
