/* SPDX-License-Identifier: MIT */
/* The root key in a TPM that nobody here wrote: swtpm. */
#include "root_rig.h"

#include <string.h>

static void what_is_sealed_opens(void **state)
{
    struct vtpmmgr_root_tpm_options options = fresh();
    struct vtpmmgr_root *root = sealed(&options);

    (void)state;
    assert_true(anchor > 0);
    opens(root, anchor);
    opens(root, anchor);
    vtpmmgr_root_close(root);
    root = rig_root(&options);
    opens(root, anchor);
    vtpmmgr_root_close(root);
}

static void a_reboot_keeps_it(void **state)
{
    struct vtpmmgr_root_tpm_options options = fresh();
    struct vtpmmgr_root *root = sealed(&options);

    (void)state;
    assert_answer(root->ops->raise(root, anchor + 3, &err), VTPM_OK, &err,
                  NULL);
    vtpmmgr_root_close(root);
    rig_reboot(&rig);
    options = rig_options(&rig);
    root = rig_root(&options);
    opens(root, anchor + 3);
    assert_answer(root->ops->raise(root, anchor + 4, &err), VTPM_OK, &err,
                  NULL);
    assert_answer(root->ops->raise(root, anchor + 2, &err), VTPM_OK, &err,
                  NULL);
    opens(root, anchor + 4);
    assert_answer(root->ops->raise(root, UINT64_MAX, &err), VTPM_EINVAL, &err,
                  "too far");
    vtpmmgr_root_close(root);
}

static void a_changed_pcr_is_named(void **state)
{
    struct vtpmmgr_root_tpm_options options = fresh();
    struct vtpmmgr_root *root = sealed(&options);

    (void)state;
    vtpmmgr_root_close(root);
    rig_do(&rig, "tpm2_pcrextend 16:sha256=%064d", 1);
    root = rig_root(&options);
    opens(root, anchor);
    vtpmmgr_root_close(root);
    rig_do(&rig, "tpm2_pcrextend 4:sha256=%064d 7:sha256=%064d", 1, 2);
    root = rig_root(&options);
    refused(root, VTPM_EREFUSED, "sha256 PCR 4, 7 changed");
    refused(root, VTPM_EREFUSED, "sha256 PCR 4, 7 changed");
    vtpmmgr_root_close(root);
    rig_reboot(&rig);
    options = rig_options(&rig);
    root = rig_root(&options);
    opens(root, anchor);
    vtpmmgr_root_close(root);
}

static void a_reseal_opens_in_the_new_state(void **state)
{
    struct vtpmmgr_root_tpm_options options = fresh();
    struct vtpmmgr_root *root = sealed(&options);
    struct vtpmmgr_envelope old = envelope;

    (void)state;
    opens(root, anchor);
    vtpmmgr_root_close(root);
    rig_do(&rig, "tpm2_pcrextend 0:sha256=%064d", 1);
    root = rig_root(&options);
    assert_answer(root->ops->reseal(root, key, &old, &envelope, &err), VTPM_OK,
                  &err, NULL);
    opens(root, anchor);
    envelope = old;
    refused(root, VTPM_EREFUSED, "sha256 PCR 0 changed");
    key[0] ^= 1;
    assert_answer(root->ops->reseal(root, key, &old, &envelope, &err),
                  VTPM_EKEY, &err, "another root key");
    vtpmmgr_root_close(root);
}

static void another_tpm_is_refused(void **state)
{
    struct vtpmmgr_root_tpm_options options = fresh();
    struct vtpmmgr_root *root = sealed(&options);

    (void)state;
    vtpmmgr_root_close(root);
    options = fresh();
    root = rig_root(&options);
    refused(root, VTPM_EKEY, "no storage parent");
    vtpmmgr_root_close(root);
    rig_do(&rig, "tpm2_createprimary -Q -C o -G ecc -c $DIR/p && "
                 "tpm2_evictcontrol -Q -C o -c $DIR/p 0x81000001; "
                 "tpm2_flushcontext -t");
    root = rig_root(&options);
    refused(root, VTPM_EKEY, "another TPM");
    vtpmmgr_root_close(root);
}

static void the_key_is_never_on_the_bus(void **state)
{
    struct vtpmmgr_root_tpm_options options = fresh();
    struct vtpmmgr_root *root = sealed(&options);
    struct vtpmmgr_envelope again;
    TPM2B_AUTH auth;
    struct vtpmmgr_root_envelope parts;

    (void)state;
    opens(root, anchor);
    assert_int_equal(root->ops->reseal(root, key, &envelope, &again, &err),
                     VTPM_OK);
    assert_int_equal(root->ops->raise(root, anchor + 1, &err), VTPM_OK);
    vtpmmgr_root_close(root);
    assert_int_equal(vtpmmgr_envelope_decode(&envelope, &parts, &err), VTPM_OK);
    assert_true(vtpmmgr_envelope_counter_auth(parts.id, key, &auth));
    assert_true(tap.len > 4000);
    /* what is public is there, so it was listened to */
    assert_true(tap_saw(parts.secret.buffer, parts.secret.size));
    for (size_t i = 0; i + 8 <= sizeof key; i++) {
        assert_false(tap_saw(key + i, 8));
        assert_false(tap_saw(auth.buffer + i, 8));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_opens),
        cmocka_unit_test(a_reboot_keeps_it),
        cmocka_unit_test(a_changed_pcr_is_named),
        cmocka_unit_test(a_reseal_opens_in_the_new_state),
        cmocka_unit_test(another_tpm_is_refused),
        cmocka_unit_test(the_key_is_never_on_the_bus),
    };

    return cmocka_run_group_tests(tests, root_rig_setup, root_rig_teardown);
}
