/* SPDX-License-Identifier: MIT */
/* Quotes of a TPM, and a verifier that takes them and nothing else. */
#include "root_rig.h"

#include "authority.h"
#include "tpm_identity.h"
#include "tpm_nv.h"
#include "verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <tss2/tss2_mu.h>

static struct vtpmmgr_tpm tpm;
static struct vtpmmgr_identity identity;
static EVP_PKEY *trusted;
static uint8_t evidence[VTPMMGR_EVIDENCE_MAX];
static size_t evidence_len;
static const uint8_t nonce[] = "a nonce of the verifier";
static struct vtpmmgr_statement statement;

static void state_it(void)
{
    memset(statement.uuid, 0x11, sizeof statement.uuid);
    memset(statement.group, 0x22, sizeof statement.group);
    memset(statement.endorsement, 0x33, sizeof statement.endorsement);
    memset(statement.label, 0x44, sizeof statement.label);
    statement.sequence = 7;
    assert_int_equal(EVP_Digest(nonce, sizeof nonce, statement.nonce, NULL,
                                EVP_sha256(), NULL),
                     1);
}

/* A new TPM with a storage parent and an attestation key, and evidence. */
static int begin(void **state)
{
    struct vtpmmgr_root_tpm_options options;
    struct vtpmmgr_pcrs pcrs;

    (void)state;
    options = fresh();
    vtpmmgr_root_close(sealed(&options));
    assert_int_equal(vtpmmgr_tpm_init(&tpm, rig.conf, NULL, NULL, &err),
                     VTPM_OK);
    assert_answer(vtpmmgr_identity_make(&tpm, &identity, &err), VTPM_OK, &err,
                  NULL);
    EVP_PKEY_free(trusted);
    trusted = vtpmmgr_authority_key(&identity.public.publicArea);
    assert_non_null(trusted);
    state_it();
    assert_int_equal(vtpmmgr_pcrs_parse("sha256:0-23", &pcrs, &err), VTPM_OK);
    assert_answer(vtpmmgr_identity_evidence(&tpm, &identity, &statement, &pcrs,
                                            evidence, &evidence_len, &err),
                  VTPM_OK, &err, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    vtpmmgr_tpm_free(&tpm);
    EVP_PKEY_free(trusted);
    trusted = NULL;
    return 0;
}

static struct vtpmmgr_demand demand(void)
{
    return (struct vtpmmgr_demand){
        .key = trusted,
        .nonce = {nonce, sizeof nonce},
        .uuid = statement.uuid,
        .group = statement.group,
        .endorsement = statement.endorsement,
        .label = statement.label,
        .sequence = 7,
    };
}

static enum vtpm_status verify(const struct vtpmmgr_demand *wanted)
{
    struct vtpmmgr_evidence out;

    return vtpmmgr_evidence_verify((struct vtpm_bytes){evidence, evidence_len},
                                   wanted, &out, &err);
}

static void a_quote_is_taken(void **state)
{
    struct vtpmmgr_demand wanted = demand();
    struct vtpmmgr_evidence out;

    (void)state;
    assert_answer(
        vtpmmgr_evidence_verify((struct vtpm_bytes){evidence, evidence_len},
                                &wanted, &out, &err),
        VTPM_OK, &err, NULL);
    assert_int_equal(out.statement.sequence, 7);
    assert_int_equal(out.pcrs.mask, 0xffffff);
    wanted.pcrs = &out.pcrs;
    wanted.mask = 0xff;
    assert_answer(verify(&wanted), VTPM_OK, &err, NULL);
}

static void every_changed_byte_is_refused(void **state)
{
    const struct vtpmmgr_demand wanted = demand();
    size_t tried = 0;

    (void)state;
    for (size_t i = 0; i < evidence_len; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            evidence[i] ^= (uint8_t)(1u << bit);
            assert_int_not_equal(verify(&wanted), VTPM_OK);
            assert_true(strlen(err.text) > 20);
            evidence[i] ^= (uint8_t)(1u << bit);
            tried++;
        }
    for (size_t len = evidence_len; evidence_len > 0; evidence_len--) {
        if (evidence_len < len)
            assert_int_not_equal(verify(&wanted), VTPM_OK);
    }
    print_message("%zu changed\n", tried);
}

static void what_is_demanded_is_checked(void **state)
{
    static const uint8_t other[32] = "something else";
    struct vtpmmgr_demand wanted;
    struct vtpmmgr_pcrs pcrs;

    (void)state;
    wanted = demand();
    wanted.nonce.len--;
    assert_answer(verify(&wanted), VTPM_EROLLBACK, &err, "nonce");
    wanted = demand();
    wanted.uuid = other;
    assert_answer(verify(&wanted), VTPM_EOTHER, &err, "another vTPM");
    wanted = demand();
    wanted.group = other;
    assert_answer(verify(&wanted), VTPM_EOTHER, &err, "another group");
    wanted = demand();
    wanted.endorsement = other;
    assert_answer(verify(&wanted), VTPM_EOTHER, &err, "endorsement");
    wanted = demand();
    wanted.label = other;
    assert_answer(verify(&wanted), VTPM_EOTHER, &err, "label");
    wanted = demand();
    wanted.sequence = 8;
    assert_answer(verify(&wanted), VTPM_EROLLBACK, &err, "list 7");
    assert_int_equal(vtpmmgr_pcrs_parse("sha256:3,9", &pcrs, &err), VTPM_OK);
    pcrs.value[9][31] = 1;
    wanted = demand();
    wanted.pcrs = &pcrs;
    assert_answer(verify(&wanted), VTPM_EREFUSED, &err, "sha256 PCR 9");
    pcrs.bank = TPM2_ALG_SHA384;
    assert_answer(verify(&wanted), VTPM_EREFUSED, &err, "bank");
    wanted = demand();
    wanted.key = NULL;
    assert_answer(verify(&wanted), VTPM_EINVAL, &err, "needs");
    wanted = demand();
    wanted.nonce.len = 0;
    assert_answer(verify(&wanted), VTPM_EINVAL, &err, "needs");
}

static void missing_pcrs_are_named(void **state)
{
    struct vtpmmgr_demand wanted = demand();
    struct vtpmmgr_pcrs pcrs;

    (void)state;
    assert_int_equal(vtpmmgr_pcrs_parse("sha256:0,7", &pcrs, &err), VTPM_OK);
    assert_answer(vtpmmgr_identity_evidence(&tpm, &identity, &statement, &pcrs,
                                            evidence, &evidence_len, &err),
                  VTPM_OK, &err, NULL);
    wanted.mask = 0x91;
    assert_answer(verify(&wanted), VTPM_EREFUSED, &err, "PCR 4 is demanded");
    wanted.mask = 0x81;
    assert_answer(verify(&wanted), VTPM_OK, &err, NULL);
}

static void another_key_is_refused(void **state)
{
    struct vtpmmgr_identity another;
    struct vtpmmgr_demand wanted = demand();
    struct vtpmmgr_pcrs pcrs;

    (void)state;
    assert_int_equal(vtpmmgr_pcrs_parse("sha256:0", &pcrs, &err), VTPM_OK);
    assert_answer(vtpmmgr_identity_make(&tpm, &another, &err), VTPM_OK, &err,
                  NULL);
    assert_answer(vtpmmgr_identity_evidence(&tpm, &another, &statement, &pcrs,
                                            evidence, &evidence_len, &err),
                  VTPM_OK, &err, NULL);
    assert_answer(verify(&wanted), VTPM_EKEY, &err, "another key");
}

/* Evidence that somebody makes with a key of his own and the right bytes: it
 * takes the key's attributes to tell. */
static void a_key_that_signs_anything_is_refused(void **state)
{
    struct vtpmmgr_evidence out;
    struct vtpmmgr_demand wanted = demand();
    TPMT_PUBLIC loose;
    uint8_t bytes[VTPMMGR_EVIDENCE_MAX];

    (void)state;
    assert_int_equal(
        vtpmmgr_evidence_decode((struct vtpm_bytes){evidence, evidence_len},
                                &out, &err),
        VTPM_OK);
    loose = out.key;
    loose.objectAttributes &= ~(TPMA_OBJECT)TPMA_OBJECT_RESTRICTED;
    memcpy(bytes, evidence, evidence_len);
    evidence_len = vtpmmgr_evidence_encode(
        &out.statement,
        (struct vtpm_bytes){bytes + (out.attest_bytes.at - evidence),
                            out.attest_bytes.len},
        &out.signature, &loose, &out.pcrs, evidence);
    assert_true(evidence_len > 0);
    assert_answer(verify(&wanted), VTPM_EKEY, &err, "signs more");
}

static void another_tpm_cannot_quote(void **state)
{
    struct vtpmmgr_root_tpm_options options;
    struct vtpmmgr_identity was = identity;
    struct vtpmmgr_pcrs pcrs;

    (void)state;
    vtpmmgr_tpm_free(&tpm);
    options = fresh();
    vtpmmgr_root_close(sealed(&options));
    assert_int_equal(vtpmmgr_tpm_init(&tpm, rig.conf, NULL, NULL, &err),
                     VTPM_OK);
    assert_int_equal(vtpmmgr_pcrs_parse("sha256:0", &pcrs, &err), VTPM_OK);
    assert_answer(vtpmmgr_identity_evidence(&tpm, &was, &statement, &pcrs,
                                            evidence, &evidence_len, &err),
                  VTPM_EKEY, &err, "another TPM's");
}

static void save(const char *name, const void *bytes, size_t len)
{
    FILE *out = fopen(in_folder(name), "w");

    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
}

/* As a verifier does it, with Debian's tools and no TPM. */
static void make_credential(const struct vtpmmgr_identity *whose)
{
    struct vtpmmgr_endorsement ek;
    uint8_t bytes[1024];
    size_t len = 0;
    TPM2B_NAME name;
    char text[2 * sizeof name.name + 1];

    assert_answer(vtpmmgr_endorsement_read(&tpm, &ek, &err), VTPM_OK, &err,
                  NULL);
    assert_int_equal(
        Tss2_MU_TPM2B_PUBLIC_Marshal(&ek.public, bytes, sizeof bytes, &len),
        TSS2_RC_SUCCESS);
    save("ek.pub", bytes, len);
    save("secret", "sixteen bytes ok", 16);
    assert_true(vtpmmgr_tpm_name(&whose->public.publicArea, &name));
    for (unsigned i = 0; i < name.size; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", name.name[i]);
    rig_do(&rig,
           "tpm2_makecredential -Q -T none -u $DIR/ek.pub -s $DIR/secret "
           "-n %s -o $DIR/credential",
           text);
}

static void a_key_is_activated(void **state)
{
    struct vtpmmgr_identity another;
    struct image image;
    TPM2B_DIGEST secret;

    (void)state;
    make_credential(&identity);
    image = image_read(in_folder("credential"));
    tap_clear();
    assert_answer(
        vtpmmgr_identity_activate(&tpm, &identity,
                                  (struct vtpm_bytes){image.bytes, image.len},
                                  &secret, &err),
        VTPM_OK, &err, NULL);
    assert_int_equal(secret.size, 16);
    assert_memory_equal(secret.buffer, "sixteen bytes ok", 16);
    assert_false(tap_saw("sixteen bytes ok", 16));
    /* without the header of the tool */
    assert_answer(vtpmmgr_identity_activate(
                      &tpm, &identity,
                      (struct vtpm_bytes){image.bytes + 8, image.len - 8},
                      &secret, &err),
                  VTPM_OK, &err, NULL);
    assert_answer(vtpmmgr_identity_activate(
                      &tpm, &identity,
                      (struct vtpm_bytes){image.bytes, image.len - 1}, &secret,
                      &err),
                  VTPM_EINVAL, &err, "not a credential");
    assert_answer(vtpmmgr_identity_make(&tpm, &another, &err), VTPM_OK, &err,
                  NULL);
    assert_answer(
        vtpmmgr_identity_activate(&tpm, &another,
                                  (struct vtpm_bytes){image.bytes, image.len},
                                  &secret, &err),
        VTPM_EREFUSED, &err, "another attestation key");
    image.bytes[image.len - 1] ^= 1;
    assert_int_not_equal(
        vtpmmgr_identity_activate(&tpm, &identity,
                                  (struct vtpm_bytes){image.bytes, image.len},
                                  &secret, &err),
        VTPM_OK);
    image_free(&image);
}

static void the_endorsement_key_is_the_tcgs(void **state)
{
    struct vtpmmgr_endorsement ek;
    EVP_PKEY *pkey, *theirs;
    FILE *in;

    (void)state;
    assert_answer(vtpmmgr_endorsement_read(&tpm, &ek, &err), VTPM_OK, &err,
                  NULL);
    assert_int_equal(ek.certificate_len, 0);
    vtpmmgr_tpm_disconnect(&tpm);
    rig_do(&rig, "tpm2_createek -Q -c 0x81010001 -G rsa -u $DIR/ek.pem -f pem "
                 "&& openssl req -x509 -newkey rsa:2048 -nodes -keyout "
                 "$DIR/ca.key -subj /CN=EK -out $DIR/cert.der -outform der "
                 "2>/dev/null && tpm2_nvdefine -Q -C p -s $(stat -c %%s "
                 "$DIR/cert.der) -a 'ppwrite|ppread|ownerread|authread|no_da|"
                 "platformcreate' 0x1c00002 && tpm2_nvwrite -Q -C p -i "
                 "$DIR/cert.der 0x1c00002 && tpm2_flushcontext -t");
    assert_answer(vtpmmgr_endorsement_read(&tpm, &ek, &err), VTPM_OK, &err,
                  NULL);
    save("ours.der", ek.certificate, ek.certificate_len);
    pkey = vtpmmgr_authority_key(&ek.public.publicArea);
    in = fopen(in_folder("ek.pem"), "r");
    assert_non_null(in);
    theirs = PEM_read_PUBKEY(in, NULL, NULL, NULL);
    (void)fclose(in);
    assert_true(pkey && theirs && EVP_PKEY_eq(pkey, theirs) == 1);
    EVP_PKEY_free(pkey);
    EVP_PKEY_free(theirs);
    rig_do(&rig, "cmp $DIR/ours.der $DIR/cert.der");
}

static void nv_memory(void **state)
{
    uint8_t bytes[1500], back[1500] = {0};

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    assert_answer(vtpmmgr_nv_read(&tpm, 0x1800100, 0, back, 4, &err),
                  VTPM_EUNPROVISIONED, &err, "no NV index");
    assert_answer(vtpmmgr_nv_define(&tpm, 0x1800100, sizeof bytes, 0, &err),
                  VTPM_OK, &err, NULL);
    assert_answer(vtpmmgr_nv_define(&tpm, 0x1800100, sizeof bytes, 0, &err),
                  VTPM_EEXISTS, &err, "in use");
    assert_answer(vtpmmgr_nv_write(&tpm, 0x1800100, 0,
                                   (struct vtpm_bytes){bytes, sizeof bytes},
                                   &err),
                  VTPM_OK, &err, NULL);
    assert_answer(vtpmmgr_nv_read(&tpm, 0x1800100, 0, back, sizeof back, &err),
                  VTPM_OK, &err, NULL);
    assert_memory_equal(bytes, back, sizeof bytes);
    assert_answer(vtpmmgr_nv_read(&tpm, 0x1800100, 700, back, 601, &err),
                  VTPM_OK, &err, NULL);
    assert_memory_equal(bytes + 700, back, 601);
    assert_answer(vtpmmgr_nv_read(&tpm, 0x1800100, 1499, back, 2, &err),
                  VTPM_EINVAL, &err, "shorter");
    assert_answer(vtpmmgr_nv_write(&tpm, 0x1800100, 1499,
                                   (struct vtpm_bytes){bytes, 2}, &err),
                  VTPM_EINVAL, &err, "shorter");
    assert_answer(vtpmmgr_nv_define(&tpm, 0x1807600, 8, 0, &err), VTPM_EINVAL,
                  &err, "not for this");
    assert_answer(vtpmmgr_nv_define(&tpm, 0x1c00002, 8, 0, &err), VTPM_EINVAL,
                  &err, "not for this");
    assert_answer(
        vtpmmgr_nv_define(&tpm, 0x1800101, 8, TPMA_NV_AUTHWRITE, &err),
        VTPM_EINVAL, &err, "owner's");
    assert_answer(vtpmmgr_nv_read(&tpm, 0x1807600, 0, back, 8, &err),
                  VTPM_EINVAL, &err, "not for this");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_quote_is_taken, begin, end),
        cmocka_unit_test_setup_teardown(every_changed_byte_is_refused, begin,
                                        end),
        cmocka_unit_test_setup_teardown(what_is_demanded_is_checked, begin,
                                        end),
        cmocka_unit_test_setup_teardown(missing_pcrs_are_named, begin, end),
        cmocka_unit_test_setup_teardown(another_key_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(a_key_that_signs_anything_is_refused,
                                        begin, end),
        cmocka_unit_test_setup_teardown(another_tpm_cannot_quote, begin, end),
        cmocka_unit_test_setup_teardown(a_key_is_activated, begin, end),
        cmocka_unit_test_setup_teardown(the_endorsement_key_is_the_tcgs, begin,
                                        end),
        cmocka_unit_test_setup_teardown(nv_memory, begin, end),
    };

    return cmocka_run_group_tests(tests, root_rig_setup, root_rig_teardown);
}
