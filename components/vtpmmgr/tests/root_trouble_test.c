/* SPDX-License-Identifier: MIT */
/* What goes wrong between the manager and its TPM: passwords, lockout, the
 * counter, a damaged envelope, a TPM that dies, somebody on the bus. */
#include "root_rig.h"

#include "bytes.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

static const char *file_with(const char *name, const char *text)
{
    const char *path = in_folder(name);
    FILE *out;

    remove_path(path);
    out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
    rig_do(&rig, "chmod 600 %s", path);
    return path;
}

static uint32_t commands(void)
{
    return tap.count;
}

static void a_wrong_owner_is_not_tried_twice(void **state)
{
    struct vtpmmgr_root_tpm_options options = fresh();
    struct vtpmmgr_root *root;

    (void)state;
    rig_do(&rig, "tpm2_startup -c && tpm2_changeauth -c owner secret");
    options.owner_auth_file = file_with("owner", "wrong\n");
    root = rig_root(&options);
    assert_answer(root->ops->provision(root, key, &envelope, &anchor, &err),
                  VTPM_EREFUSED, &err, "wrong password");
    tap_clear();
    tap.code = TPM2_CC_CreatePrimary;
    assert_answer(root->ops->provision(root, key, &envelope, &anchor, &err),
                  VTPM_EREFUSED, &err, "owner's password");
    assert_int_equal(commands(), 0);
    vtpmmgr_root_close(root);
    tap_clear();
    options.owner_auth_file = file_with("owner", "secret\n");
    root = sealed(&options);
    opens(root, anchor);
    vtpmmgr_root_close(root);
    assert_false(tap_saw("secret", 6));
}

static void the_password_of_the_parent(void **state)
{
    struct vtpmmgr_root_tpm_options options = fresh();
    struct vtpmmgr_root *root;

    (void)state;
    options.parent_auth_file = file_with("parent", "passphrase");
    root = sealed(&options);
    opens(root, anchor);
    vtpmmgr_root_close(root);
    assert_false(tap_saw("passphrase", 10));
    options.parent_auth_file = NULL;
    root = rig_root(&options);
    refused(root, VTPM_EREFUSED, "wrong password");
    tap_clear();
    tap.code = TPM2_CC_Load;
    refused(root, VTPM_EREFUSED, "has refused the password");
    assert_int_equal(commands(), 0);
    vtpmmgr_root_close(root);
    options.parent_auth_file = file_with("parent", "a password that is longer "
                                                   "than 32 bytes");
    assert_answer(vtpmmgr_root_tpm_open(&root, &options, &err), VTPM_EINVAL,
                  &err, "at most 32 bytes");
    options.parent_auth_file = in_folder("no such file");
    assert_answer(vtpmmgr_root_tpm_open(&root, &options, &err), VTPM_EINVAL,
                  &err, "no such file");
}

static void a_locked_tpm_opens(void **state)
{
    struct vtpmmgr_root_tpm_options options = fresh();

    (void)state;
    vtpmmgr_root_close(sealed(&options));
    /* somebody else's wrong passwords */
    rig_do(&rig,
           "tpm2_dictionarylockout -s -n 1 -t 1000 -l 1000 && "
           "tpm2_createprimary -Q -C n -c $DIR/n && tpm2_flushcontext -t && "
           "echo x | tpm2_create -Q -C $DIR/n -i- -p right -u $DIR/u -r "
           "$DIR/r && tpm2_flushcontext -t && tpm2_load -Q -C $DIR/n -u $DIR/u "
           "-r $DIR/r -c $DIR/o && "
           "tpm2_flushcontext -t; "
           "! tpm2_unseal -Q -c $DIR/o -p wrong 2>$DIR/wrong; "
           "! tpm2_unseal -Q -c $DIR/o -p wrong 2>$DIR/wrong; "
           "tpm2_flushcontext -t; grep -q -i lockout $DIR/wrong");
    opens_anew(&options, anchor);
}

static void a_lockout_is_told_apart(void **state)
{
    struct vtpmmgr_root_tpm_options options = fresh();

    (void)state;
    vtpmmgr_root_close(sealed(&options));
    tap_clear();
    tap.deed = TAP_ANSWER;
    tap.code = TPM2_CC_Load;
    tap.at = 1;
    tap.answer = TPM2_RC_LOCKOUT;
    refused_anew(&options, VTPM_EREFUSED, "tpm2_dictionarylockout");
    tap_clear();
    opens_anew(&options, anchor);
}

static void another_counter_is_noticed(void **state)
{
    static const char define[] =
        "tpm2_nvundefine -Q -C o %s; tpm2_nvdefine -Q -C o -s 8 -a %s %s "
        ">/dev/null && tpm2_nvincrement -Q -C %s %s";
    struct vtpmmgr_root_tpm_options options = fresh();
    struct vtpmmgr_root *root = sealed(&options);
    struct vtpmmgr_envelope old;

    (void)state;
    assert_answer(root->ops->raise(root, anchor + 1, &err), VTPM_OK, &err,
                  NULL);
    rig_do(&rig, "tpm2_nvundefine -Q -C o 0x1807600");
    assert_answer(root->ops->raise(root, anchor + 2, &err), VTPM_EROLLBACK,
                  &err, "is gone");
    vtpmmgr_root_close(root);
    refused_anew(&options, VTPM_EROLLBACK,
                 "counter 0x1807600 of the TPM is "
                 "gone");
    /* as ours, but its password is not known to the root key */
    rig_do(&rig, define, "0x1807600", "'authread|authwrite|no_da|nt=counter'",
           "0x1807600", "0x1807600", "0x1807600");
    refused_anew(&options, VTPM_EROLLBACK, "is not the one of this store");
    rig_do(&rig, define, "0x1807600",
           "'ownerread|ownerwrite|authread|authwrite|no_da|nt=counter'",
           "0x1807600", "0x1807600", "0x1807600");
    refused_anew(&options, VTPM_EROLLBACK, "is not the one of this store");
    /* the operator knows better */
    options.ignore_counter = true;
    root = rig_root(&options);
    opens(root, 0);
    old = envelope;
    assert_answer(root->ops->reseal(root, key, &old, &envelope, &err), VTPM_OK,
                  &err, NULL);
    vtpmmgr_root_close(root);
    options.ignore_counter = false;
    root = rig_root(&options);
    assert_int_equal(root->ops->open(root, &envelope, key, &anchor, &err),
                     VTPM_OK);
    assert_true(anchor > 1); /* above all that there were */
    assert_answer(root->ops->forget(root, &err), VTPM_OK, &err, NULL);
    vtpmmgr_root_close(root);
    refused_anew(&options, VTPM_EROLLBACK, "0x1807601 of the TPM is gone");
}

static void indices_of_the_counter(void **state)
{
    struct vtpmmgr_root_tpm_options options = fresh();
    struct vtpmmgr_root *root;

    (void)state;
    options.counter_index = 0x1800042;
    root = sealed(&options);
    opens(root, anchor);
    assert_answer(root->ops->provision(root, key, &envelope, &anchor, &err),
                  VTPM_EEXISTS, &err, "0x1800042 is in use");
    vtpmmgr_root_close(root);
    options.counter_index = 0x1c00002;
    root = rig_root(&options);
    assert_answer(root->ops->provision(root, key, &envelope, &anchor, &err),
                  VTPM_EINVAL, &err, "not one of the owner's");
    vtpmmgr_root_close(root);
    options.no_counter = true;
    root = sealed(&options);
    assert_int_equal(anchor, 0);
    opens(root, 0);
    assert_answer(root->ops->raise(root, 5, &err), VTPM_OK, &err, NULL);
    opens(root, 0);
    vtpmmgr_root_close(root);
}

/* Checksums as somebody writes them who knows what he does. */
static void repair(struct vtpmmgr_envelope *damaged)
{
    size_t end = damaged->len - VTPM_SHA256_SIZE;

    assert_int_equal(EVP_Digest(damaged->at, end, damaged->at + end, NULL,
                                EVP_sha256(), NULL),
                     1);
}

static void every_byte_of_the_envelope(void **state)
{
    struct vtpmmgr_root_tpm_options options = fresh();
    struct vtpmmgr_root *root = sealed(&options);
    const struct vtpmmgr_envelope whole = envelope;
    size_t tried = 0;

    (void)state;
    for (size_t i = 0; i < whole.len; i++) {
        envelope = whole;
        envelope.at[i] ^= 0x20;
        refused(root, i < 8 ? VTPM_EKEY : VTPM_ECORRUPT, NULL);
        if (i >= whole.len - VTPM_SHA256_SIZE)
            continue;
        for (unsigned bit = 0; bit < 8; bit += 5) {
            static const uint8_t zeros[VTPM_KEY_SIZE];
            uint8_t out[VTPM_KEY_SIZE] = {0};
            uint64_t got;

            envelope = whole;
            envelope.at[i] ^= (uint8_t)(1u << bit);
            repair(&envelope);
            assert_int_not_equal(
                root->ops->open(root, &envelope, out, &got, &err), VTPM_OK);
            assert_memory_equal(out, zeros, sizeof zeros);
            assert_true(strlen(err.text) > 20);
            tried++;
        }
    }
    for (size_t len = 0; len < whole.len; len += 7) {
        envelope = whole;
        envelope.len = len;
        refused(root, len < 8 ? VTPM_EKEY : VTPM_ECORRUPT, NULL);
    }
    print_message("%zu envelopes with good checksums refused\n", tried);
    envelope = whole;
    opens(root, anchor);
    vtpmmgr_root_close(root);
}

/* The TPM dies at each command of a call; the next call works. */
static void a_tpm_that_dies(void **state)
{
    static const enum tap_deed deeds[] = {TAP_LOSE_COMMAND, TAP_LOSE_RESPONSE};
    struct vtpmmgr_root_tpm_options options = fresh();
    struct vtpmmgr_root *root = sealed(&options);
    uint32_t total;

    (void)state;
    vtpmmgr_root_close(root);
    tap_clear();
    opens_anew(&options, anchor);
    total = tap.count;
    assert_in_range(total, 8, 100);
    for (size_t d = 0; d < 2; d++) {
        for (uint32_t at = 1; at <= total; at++) {
            uint8_t out[VTPM_KEY_SIZE];
            uint64_t got;
            enum vtpm_status status;

            root = rig_root(&options);
            tap_clear();
            tap.deed = deeds[d];
            tap.at = at;
            status = root->ops->open(root, &envelope, out, &got, &err);
            /* what is flushed at the end is of no importance */
            if (status != VTPM_OK)
                assert_answer(status, VTPM_EIO, &err, NULL);
            else
                assert_true(at > total / 2);
            tap_clear();
            opens(root, anchor);
            vtpmmgr_root_close(root);
        }
    }
    print_message("died at %u commands\n", 2 * total);
}

static void provisioning_that_dies(void **state)
{
    struct vtpmmgr_root_tpm_options options = fresh();
    struct vtpmmgr_root *root = sealed(&options);
    const struct vtpmmgr_envelope first = envelope;
    const uint64_t was = anchor;
    uint8_t first_key[VTPM_KEY_SIZE];
    uint32_t total;

    (void)state;
    memcpy(first_key, key, sizeof key);
    tap_clear();
    assert_int_equal(vtpm_random(key, sizeof key, &err), VTPM_OK);
    assert_int_equal(root->ops->provision(root, key, &envelope, &anchor, &err),
                     VTPM_OK);
    vtpmmgr_root_close(root);
    total = tap.count;
    for (uint32_t at = 1; at <= total; at++) {
        root = rig_root(&options);
        tap_clear();
        tap.deed = at % 2 ? TAP_LOSE_RESPONSE : TAP_LOSE_COMMAND;
        tap.at = at;
        (void)root->ops->provision(root, key, &envelope, &anchor, &err);
        tap_clear();
        /* what was there is as it was */
        memcpy(key, first_key, sizeof key);
        envelope = first;
        opens(root, was);
        vtpmmgr_root_close(root);
    }
}

static void somebody_changes_answers(void **state)
{
    struct vtpmmgr_root_tpm_options options = fresh();
    struct vtpmmgr_root *root = sealed(&options);
    uint32_t total, tried = 0;

    (void)state;
    vtpmmgr_root_close(root);
    tap_clear();
    opens_anew(&options, anchor);
    total = tap.count;
    for (uint32_t at = 1; at <= total; at++) {
        for (uint32_t byte = 0; byte < 160; byte += 13) {
            uint8_t out[VTPM_KEY_SIZE] = {0};
            uint64_t got = 0;
            enum vtpm_status status;

            root = rig_root(&options);
            tap_clear();
            tap.deed = TAP_FLIP;
            tap.at = at;
            tap.byte = byte;
            status = root->ops->open(root, &envelope, out, &got, &err);
            /* either it made no difference, or it is an error */
            if (status == VTPM_OK) {
                assert_memory_equal(out, key, sizeof key);
                assert_int_equal(got, anchor);
            } else {
                assert_true(strlen(err.text) > 20);
            }
            vtpmmgr_root_close(root);
            tried++;
        }
    }
    tap_clear();
    opens_anew(&options, anchor);
    print_message("%u changed answers\n", tried);
}

static void a_strange_parent_is_not_used(void **state)
{
    static const char *const makes[] = {
        /* signs what anybody wants */
        "tpm2_createprimary -Q -C o -G ecc -a "
        "'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign' -c "
        "$DIR/p",
        /* can be taken to another TPM */
        "tpm2_createprimary -Q -C o -G ecc -a "
        "'sensitivedataorigin|userwithauth|restricted|decrypt' -c $DIR/p",
        /* made by somebody else */
        "openssl genpkey " /* a storage key whose secret is known */
        "-algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out $DIR/k "
        "2>/dev/null; tpm2_createprimary -Q -C o -c $DIR/q && "
        "tpm2_flushcontext -t && tpm2_import -Q "
        "-C $DIR/q -G rsa -i $DIR/k -u $DIR/u -r $DIR/r -a "
        "'userwithauth|restricted|decrypt' && tpm2_flushcontext -t && "
        "tpm2_load -Q -C $DIR/q -u $DIR/u "
        "-r $DIR/r -c $DIR/p",
    };
    struct vtpmmgr_root_tpm_options options;

    (void)state;
    for (size_t i = 0; i < sizeof makes / sizeof makes[0]; i++) {
        struct vtpmmgr_root *root;

        options = fresh();
        rig_do(&rig,
               "tpm2_startup -c; %s; tpm2_evictcontrol -Q -C o -c $DIR/p "
               "0x81000001 && "
               "tpm2_flushcontext -t",
               makes[i]);
        root = rig_root(&options);
        assert_answer(root->ops->provision(root, key, &envelope, &anchor, &err),
                      VTPM_EREFUSED, &err, "storage parent");
        vtpmmgr_root_close(root);
    }
    /* and one by the other template is */
    options = fresh();
    options.parent = VTPMMGR_TPM_RSA;
    vtpmmgr_root_close(sealed(&options));
    options.parent = VTPMMGR_TPM_ECC;
    opens_anew(&options, anchor);
    vtpmmgr_root_close(sealed(&options));
}

static void objects_are_as_claimed(void **state)
{
    struct vtpmmgr_root_tpm_options options = fresh();

    (void)state;
    vtpmmgr_root_close(sealed(&options));
    rig_do(&rig, "tpm2_readpublic -c 0x81000001 >$DIR/p && grep -q 'value: "
                 "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|"
                 "restricted|decrypt' $DIR/p && grep -q 'NIST p256' $DIR/p");
    rig_do(&rig, "tpm2_nvreadpublic 0x1807600 >$DIR/n && grep -q "
                 "'friendly: authwrite|nt=0x1|authread|no_da|written' $DIR/n");
    /* nothing is left loaded */
    rig_do(&rig, "test -z \"$(tpm2_getcap handles-transient)\" && test -z "
                 "\"$(tpm2_getcap handles-loaded-session)\"");
}

static void no_tpm(void **state)
{
    struct vtpmmgr_root_tpm_options options = fresh();

    (void)state;
    vtpmmgr_root_close(sealed(&options));
    rig_off(&rig);
    refused_anew(&options, VTPM_EIO, "cannot reach the TPM");
    options.tcti = "no-such-tcti";
    refused_anew(&options, VTPM_EIO, "cannot reach the TPM by no-such-tcti");
    rig_on(&rig, rig.name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_owner_is_not_tried_twice),
        cmocka_unit_test(the_password_of_the_parent),
        cmocka_unit_test(a_locked_tpm_opens),
        cmocka_unit_test(a_lockout_is_told_apart),
        cmocka_unit_test(another_counter_is_noticed),
        cmocka_unit_test(indices_of_the_counter),
        cmocka_unit_test(every_byte_of_the_envelope),
        cmocka_unit_test(a_tpm_that_dies),
        cmocka_unit_test(provisioning_that_dies),
        cmocka_unit_test(somebody_changes_answers),
        cmocka_unit_test(a_strange_parent_is_not_used),
        cmocka_unit_test(objects_are_as_claimed),
        cmocka_unit_test(no_tpm),
    };

    return cmocka_run_group_tests(tests, root_rig_setup, root_rig_teardown);
}
