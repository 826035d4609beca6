/* SPDX-License-Identifier: MIT */
/* A root key that opens in the states that an approval agent has signed. */
#include "root_rig.h"

#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>

/* Keys of the agent and of somebody else, made by OpenSSL's tool. */
static void make_key(const char *name, const char *options)
{
    rig_do(&rig,
           "openssl genpkey %s -out $DIR/%s.key 2>/dev/null && "
           "openssl pkey -in $DIR/%s.key -pubout -out $DIR/%s.pem",
           options, name, name, name);
}

#define RSA "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"
#define P256 "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"

static EVP_PKEY *private_key(const char *name)
{
    char file[64];
    FILE *in;
    EVP_PKEY *pkey;

    (void)snprintf(file, sizeof file, "%s.key", name);
    in = fopen(in_folder(file), "r");
    assert_non_null(in);
    pkey = PEM_read_PrivateKey(in, NULL, NULL, NULL);
    (void)fclose(in);
    assert_non_null(pkey);
    return pkey;
}

static void write_text(const char *name, const char *text)
{
    char file[64];
    FILE *out;

    (void)snprintf(file, sizeof file, "approvals/%s.approval", name);
    out = fopen(in_folder(file), "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static void put(const char *name, const struct vtpmmgr_approval *approval)
{
    char text[VTPMMGR_APPROVAL_MAX];

    assert_true(vtpmmgr_approval_print(approval, text) > 0);
    write_text(name, text);
}

/* The state as it is now, signed by somebody. */
static void approve(const struct vtpmmgr_root_tpm_options *options,
                    const char *signer, struct vtpmmgr_approval *approval)
{
    struct vtpmmgr_root *root = rig_root(options);
    EVP_PKEY *pkey = private_key(signer);

    assert_answer(vtpmmgr_root_tpm_request(root, approval, &err), VTPM_OK, &err,
                  NULL);
    assert_answer(vtpmmgr_approval_sign(approval, pkey, &err), VTPM_OK, &err,
                  NULL);
    EVP_PKEY_free(pkey);
    vtpmmgr_root_close(root);
}

static void clear_approvals(void)
{
    rig_do(&rig, "rm -rf $DIR/approvals && mkdir $DIR/approvals");
}

/* A new TPM and a root key for this agent's approvals, of which there is one,
 * for the first state. */
static struct vtpmmgr_root_tpm_options authorized(const char *kind)
{
    struct vtpmmgr_root_tpm_options options = fresh();
    struct vtpmmgr_approval approval;

    make_key("agent", kind);
    make_key("other", kind);
    clear_approvals();
    options.authority = in_folder("agent.pem");
    options.approvals = in_folder("approvals");
    approve(&options, "agent", &approval);
    put("first", &approval);
    vtpmmgr_root_close(sealed(&options));
    return options;
}

static void a_signed_update_opens(const char *kind)
{
    struct vtpmmgr_root_tpm_options options = authorized(kind);
    struct vtpmmgr_approval approval;

    opens_anew(&options, anchor);
    rig_do(&rig, "tpm2_pcrextend 4:sha256=%064d", 7);
    refused_anew(&options, VTPM_EREFUSED, "sha256 PCR 4 changed");
    approve(&options, "agent", &approval);
    put("update", &approval);
    opens_anew(&options, anchor);
    rig_reboot(&rig);
    options.tcti = rig.conf;
    opens_anew(&options, anchor); /* the first state is still good */
    clear_approvals();
    refused_anew(&options, VTPM_EREFUSED, "no approval");
    put("update", &approval);
    refused_anew(&options, VTPM_EREFUSED, "no approval");
}

static void with_rsa(void **state)
{
    (void)state;
    a_signed_update_opens(RSA);
}

static void with_ec(void **state)
{
    (void)state;
    a_signed_update_opens(P256);
}

static void forged_approvals_do_not(void **state)
{
    struct vtpmmgr_root_tpm_options options = authorized(P256), labelled;
    struct vtpmmgr_approval good, bad;
    char text[VTPMMGR_APPROVAL_MAX];

    (void)state;
    rig_do(&rig, "tpm2_pcrextend 4:sha256=%064d", 7);
    approve(&options, "agent", &good);
    approve(&options, "other", &bad);
    put("a", &bad);
    refused_anew(&options, VTPM_EREFUSED, "2 approvals read, 0 unreadable");
    bad = good;
    bad.signature[bad.signature_len - 1] ^= 1;
    put("a", &bad);
    refused_anew(&options, VTPM_EREFUSED, "no approval");
    bad = good;
    bad.signature_len--;
    put("a", &bad);
    refused_anew(&options, VTPM_EREFUSED, "no approval");
    bad = good;
    bad.signature_len = 0;
    put("a", &bad);
    refused_anew(&options, VTPM_EREFUSED, "no approval");
    /* signed for another label, and then with the label that is wanted */
    labelled = options;
    labelled.label = "another";
    approve(&labelled, "agent", &bad);
    put("a", &bad);
    refused_anew(&options, VTPM_EREFUSED, "no approval");
    bad.label = good.label;
    put("a", &bad);
    refused_anew(&options, VTPM_EREFUSED, "no approval");
    /* the signature of the first state, on this one */
    assert_int_equal(vtpmmgr_approval_read(in_folder("approvals/first."
                                                     "approval"),
                                           &bad, &err),
                     VTPM_OK);
    bad.pcrs = good.pcrs;
    bad.policy = good.policy;
    put("a", &bad);
    refused_anew(&options, VTPM_EREFUSED, "no approval");
    write_text("a", "vtpmmgr approval 1\nlabel\n");
    refused_anew(&options, VTPM_EREFUSED, "1 approvals read, 1 unreadable");
    assert_true(vtpmmgr_approval_print(&good, text) > 0);
    put("b", &good);
    opens_anew(&options, anchor); /* a good one behind a bad one */
}

static void another_agent_needs_a_reseal(void **state)
{
    struct vtpmmgr_root_tpm_options options = authorized(P256), renewed;
    struct vtpmmgr_approval approval;
    struct vtpmmgr_envelope old = envelope;
    struct vtpmmgr_root *root;

    (void)state;
    renewed = options;
    renewed.label = "second";
    root = rig_root(&renewed);
    assert_answer(root->ops->reseal(root, key, &old, &envelope, &err),
                  VTPM_EREFUSED, &err, "no approval");
    vtpmmgr_root_close(root);
    approve(&renewed, "agent", &approval);
    put("second", &approval);
    root = rig_root(&renewed);
    assert_answer(root->ops->reseal(root, key, &old, &envelope, &err), VTPM_OK,
                  &err, NULL);
    opens(root, anchor);
    vtpmmgr_root_close(root);
    /* which revokes what was signed for the old label */
    rig_do(&rig, "rm $DIR/approvals/second.approval");
    refused_anew(&renewed, VTPM_EREFUSED, "approved for 'second'");
}

static void openssl_can_sign(void **state)
{
    struct vtpmmgr_root_tpm_options options = authorized(RSA);
    struct vtpmmgr_approval approval;
    struct vtpmmgr_root *root;

    (void)state;
    rig_do(&rig, "tpm2_pcrextend 0:sha256=%064d", 3);
    root = rig_root(&options);
    assert_answer(vtpmmgr_root_tpm_request(root, &approval, &err), VTPM_OK,
                  &err, NULL);
    vtpmmgr_root_close(root);
    put("request", &approval);
    refused_anew(&options, VTPM_EREFUSED, "no approval");
    rig_do(&rig, "cd $DIR/approvals && "
                 "policy=$(sed -n 's/^policy //p' request.approval) && "
                 "label=$(sed -n 's/^label //p' request.approval) && "
                 "{ printf %%s $policy | xxd -r -p; printf %%s $label; } | "
                 "openssl dgst -sha256 -sign ../agent.key -out signature && "
                 "echo signature $(xxd -p signature | tr -d '\\n') "
                 ">>request.approval");
    opens_anew(&options, anchor);
}

static void without_an_approval_nothing_is_sealed(void **state)
{
    struct vtpmmgr_root_tpm_options options = authorized(P256);
    struct vtpmmgr_root *root;

    (void)state;
    clear_approvals();
    root = rig_root(&options);
    assert_answer(root->ops->provision(root, key, &envelope, &anchor, &err),
                  VTPM_EREFUSED, &err, "no approval");
    vtpmmgr_root_close(root);
    /* the counter of the first one is the only one */
    rig_do(&rig, "test $(tpm2_getcap handles-nv-index | wc -l) = 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_rsa),
        cmocka_unit_test(with_ec),
        cmocka_unit_test(forged_approvals_do_not),
        cmocka_unit_test(another_agent_needs_a_reseal),
        cmocka_unit_test(openssl_can_sign),
        cmocka_unit_test(without_an_approval_nothing_is_sealed),
    };

    return cmocka_run_group_tests(tests, root_rig_setup, root_rig_teardown);
}
