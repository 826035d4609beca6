/* SPDX-License-Identifier: MIT */
/* quote, verify, group key, group activate, endorsement. */
#include "authority.h"
#include "client.h"
#include "output.h"
#include "pem.h"
#include "text.h"
#include "uuid.h"
#include "verify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>
#include <tss2/tss2_mu.h>

/* More than any file that is read here. */
#define FILE_MAX 8192u

static enum ctl_code read_file(const char *path, uint8_t *bytes, size_t *len,
                               struct vtpm_error *err)
{
    FILE *file = fopen(path, "rbe");
    bool whole;

    if (!file)
        return ctl_code_of(vtpm_fail_errno(err, errno, "open", path));
    *len = fread(bytes, 1, FILE_MAX, file);
    whole = !ferror(file) && fgetc(file) == EOF;
    (void)fclose(file);
    return whole ? CTL_OK
                 : ctl_fail(err, CTL_FAILED,
                            "cannot read %s: it is longer than %u bytes, or no "
                            "file; name another",
                            path, FILE_MAX);
}

/* --out FILE, which must be new. */
static enum ctl_code write_out(const struct ctl_args *args, const char *option,
                               const uint8_t *bytes, size_t len,
                               struct vtpm_error *err)
{
    const char *path = ctl_value(args, option);

    if (!path)
        return ctl_mistake(err, "--%s is missing: where to write it", option);
    return ctl_write_new(path, bytes, len, err);
}

static enum ctl_code take_nonce(const struct ctl_args *args,
                                uint8_t nonce[VTPMMGR_NONCE_MAX], size_t *len,
                                struct vtpm_error *err)
{
    const char *text = ctl_value(args, "nonce");

    *len = text ? strlen(text) / 2 : 0;
    if (*len == 0 || *len > VTPMMGR_NONCE_MAX ||
        !ctl_hex_parse(text, nonce, *len))
        return ctl_mistake(err,
                           "--nonce takes 1 to %u bytes in hex digits: what "
                           "the verifier has drawn",
                           VTPMMGR_NONCE_MAX);
    return CTL_OK;
}

/* ---- quote ---- */

struct quote {
    uint8_t nonce[VTPMMGR_NONCE_MAX];
    size_t nonce_len;
    uint8_t uuid[VTPM_UUID_SIZE];
    uint8_t endorsement[VTPM_SHA256_SIZE];
    struct vtpmmgr_pcrs pcrs;
    uint32_t group;
};

static enum ctl_code take_quote(const struct ctl_args *args,
                                struct quote *quote, struct vtpm_error *err)
{
    const char *pcrs = ctl_value(args, "pcrs");
    const char *group = ctl_value(args, "group");
    const char *digest = ctl_value(args, "endorsement");
    enum ctl_code code = take_nonce(args, quote->nonce, &quote->nonce_len, err);

    if (code == CTL_OK && args->count > 0)
        code = ctl_take_uuid(args->operand[0], quote->uuid, err);
    if (code == CTL_OK && group)
        code = ctl_take_group(group, &quote->group, err);
    if (code == CTL_OK && digest &&
        !ctl_hex_parse(digest, quote->endorsement, VTPM_SHA256_SIZE))
        code =
            ctl_mistake(err, "--endorsement takes 64 hex digits: %s", digest);
    if (code == CTL_OK && vtpmmgr_pcrs_parse(pcrs ? pcrs : VTPMMGR_PCRS_DEFAULT,
                                             &quote->pcrs, err) != VTPM_OK)
        code = CTL_USAGE;
    return code;
}

/* The group of the vTPM, unless it was named. */
static enum ctl_code find_group(struct ctl_client *client,
                                const struct ctl_args *args,
                                struct quote *quote, struct vtpm_error *err)
{
    const struct vtpmmgr_message request = {
        .uuid = {quote->uuid, sizeof quote->uuid}};
    struct vtpmmgr_message vtpm;
    enum ctl_code code = CTL_OK;

    if (args->count > 0 && !ctl_value(args, "group")) {
        code = ctl_ask(client, VTPMMGR_VTPM_SHOW, &request, &vtpm, err);
        quote->group = vtpm.group;
    }
    return code;
}

enum ctl_code ctl_quote(const struct ctl_args *args, struct vtpm_error *err)
{
    struct quote quote = {.group = 0};
    struct ctl_client client;
    struct vtpmmgr_message request, answer;
    enum ctl_code code = take_quote(args, &quote, err);

    if (code == CTL_OK && !ctl_value(args, "out"))
        code = ctl_mistake(err, "--out is missing: where to write it");
    if (code == CTL_OK)
        code = ctl_client_open(&client, args, err);
    if (code != CTL_OK)
        return code;
    code = find_group(&client, args, &quote, err);
    request = (struct vtpmmgr_message){
        .group = quote.group,
        .uuid = {quote.uuid, sizeof quote.uuid},
        .blob = {quote.nonce, quote.nonce_len},
        .index = quote.pcrs.bank,
        .attributes = quote.pcrs.mask,
        .recovery = {quote.endorsement, sizeof quote.endorsement},
    };
    if (code == CTL_OK)
        code = ctl_ask(&client, VTPMMGR_EVIDENCE, &request, &answer, err);
    if (code == CTL_OK)
        code = write_out(args, "out", answer.blob.at, answer.blob.len, err);
    ctl_client_close(&client);
    return code;
}

/* ---- verify ---- */

static void add_hex(struct json_object *object, const char *key,
                    const uint8_t *bytes, size_t len)
{
    char text[2 * VTPMMGR_PCR_MAX + 1];

    ctl_hex(bytes, len, text, sizeof text);
    ctl_add_text(object, key, text);
}

static struct json_object *said(const struct vtpmmgr_evidence *evidence)
{
    const struct vtpmmgr_statement *statement = &evidence->statement;
    struct json_object *object = json_object_new_object();
    char text[VTPM_UUID_TEXT_SIZE];

    vtpm_uuid_format(statement->uuid, text);
    ctl_add_text(object, "uuid", text);
    vtpm_uuid_format(statement->group, text);
    ctl_add_text(object, "group_uuid", text);
    add_hex(object, "endorsement", statement->endorsement,
            sizeof statement->endorsement);
    add_hex(object, "label", statement->label, sizeof statement->label);
    ctl_add_number(object, "sequence", statement->sequence);
    for (unsigned n = 0; n < VTPMMGR_PCRS; n++) {
        char name[32];

        if ((evidence->pcrs.mask >> n & 1) == 0)
            continue;
        (void)snprintf(name, sizeof name, "%s:%u",
                       vtpmmgr_bank_name(evidence->pcrs.bank), n);
        add_hex(object, name, evidence->pcrs.value[n],
                vtpmmgr_bank_size(evidence->pcrs.bank));
    }
    return object;
}

static enum ctl_code print_said(const struct ctl_args *args,
                                const struct vtpmmgr_evidence *evidence,
                                struct vtpm_error *err)
{
    struct json_object *object = said(evidence);
    enum ctl_code code = CTL_OK;

    if (args->json) {
        code = ctl_print_json(object, err);
    } else {
        json_object_object_foreach(object, key, value)
            printf("%-12s %s\n", key, json_object_get_string(value));
    }
    json_object_put(object);
    return code;
}

/* What is demanded, from the options. */
struct demanded {
    struct vtpmmgr_demand demand;
    struct vtpmmgr_pcrs pcrs;
    uint8_t nonce[VTPMMGR_NONCE_MAX];
    uint8_t uuid[VTPM_UUID_SIZE];
    uint8_t endorsement[VTPM_SHA256_SIZE];
    EVP_PKEY *key;
};

static enum ctl_code take_demand(const struct ctl_args *args,
                                 struct demanded *to, struct vtpm_error *err)
{
    const char *uuid = ctl_value(args, "uuid");
    const char *digest = ctl_value(args, "endorsement");
    enum ctl_code code =
        take_nonce(args, to->nonce, &to->demand.nonce.len, err);

    to->demand.nonce.at = to->nonce;
    if (code == CTL_OK && uuid)
        code = ctl_take_uuid(uuid, to->uuid, err);
    if (code == CTL_OK && digest &&
        !ctl_hex_parse(digest, to->endorsement, VTPM_SHA256_SIZE))
        code =
            ctl_mistake(err, "--endorsement takes 64 hex digits: %s", digest);
    if (code == CTL_OK)
        code =
            ctl_take_pcrs(args->operand + 1, args->count - 1, &to->pcrs, err);
    if (code != CTL_OK)
        return code;
    to->demand.uuid = uuid ? to->uuid : NULL;
    to->demand.endorsement = digest ? to->endorsement : NULL;
    to->demand.pcrs = args->count > 1 ? &to->pcrs : NULL;
    to->demand.mask = to->pcrs.mask;
    if (!ctl_value(args, "key"))
        return ctl_mistake(err, "--key is missing: the group's, from its "
                                "activation");
    to->key = ctl_pem_public(ctl_value(args, "key"), err);
    to->demand.key = to->key;
    return to->key ? CTL_OK : CTL_FAILED;
}

enum ctl_code ctl_verify(const struct ctl_args *args, struct vtpm_error *err)
{
    struct demanded demanded = {.key = NULL};
    static struct vtpmmgr_evidence evidence;
    uint8_t bytes[FILE_MAX];
    size_t len = 0;
    enum ctl_code code = take_demand(args, &demanded, err);

    if (code == CTL_OK)
        code = read_file(args->operand[0], bytes, &len, err);
    if (code == CTL_OK &&
        vtpmmgr_evidence_verify((struct vtpm_bytes){bytes, len},
                                &demanded.demand, &evidence, err) != VTPM_OK)
        code = CTL_BAD;
    if (code == CTL_OK)
        code = print_said(args, &evidence, err);
    EVP_PKEY_free(demanded.key);
    return code;
}

/* ---- the keys that it stands on ---- */

static enum ctl_code print_key(const TPM2B_PUBLIC *public,
                               struct vtpm_error *err)
{
    EVP_PKEY *key = vtpmmgr_authority_key(&public->publicArea);
    bool done = key && PEM_write_PUBKEY(stdout, key) == 1;

    EVP_PKEY_free(key);
    return done ? CTL_OK
                : ctl_fail(err, CTL_AWAY,
                           "the manager's answer is no key; see its log");
}

/* Its PEM on stdout, or as the TPM has it in --out. */
static enum ctl_code key_out(const struct ctl_args *args,
                             struct vtpmmgr_span bytes, struct vtpm_error *err)
{
    TPM2B_PUBLIC public = {.size = 0};
    size_t at = 0;

    if (Tss2_MU_TPM2B_PUBLIC_Unmarshal(bytes.at, bytes.len, &at, &public) !=
            TSS2_RC_SUCCESS ||
        at != bytes.len)
        return ctl_fail(err, CTL_AWAY,
                        "the manager's answer is no key; see its log");
    if (ctl_value(args, "out"))
        return write_out(args, "out", bytes.at, bytes.len, err);
    return print_key(&public, err);
}

enum ctl_code ctl_group_key(const struct ctl_args *args, struct vtpm_error *err)
{
    struct vtpmmgr_message request = {0}, answer;
    struct ctl_client client;
    enum ctl_code code = ctl_take_group(args->operand[0], &request.group, err);

    if (code == CTL_OK)
        code = ctl_client_open(&client, args, err);
    if (code != CTL_OK)
        return code;
    code = ctl_ask(&client, VTPMMGR_GROUP_KEY, &request, &answer, err);
    if (code == CTL_OK)
        code = key_out(args, answer.blob, err);
    ctl_client_close(&client);
    return code;
}

enum ctl_code ctl_endorsement(const struct ctl_args *args,
                              struct vtpm_error *err)
{
    static const struct vtpmmgr_message request;
    struct vtpmmgr_message answer;
    struct ctl_client client;
    enum ctl_code code = ctl_client_open(&client, args, err);

    if (code != CTL_OK)
        return code;
    code = ctl_ask(&client, VTPMMGR_READ_PUBEK, &request, &answer, err);
    if (code == CTL_OK && ctl_value(args, "certificate")) {
        if (answer.certificate.len == 0)
            code = ctl_fail(err, CTL_FAILED,
                            "the TPM has no certificate of its maker; leave "
                            "out --certificate");
        else
            code = write_out(args, "certificate", answer.certificate.at,
                             answer.certificate.len, err);
    }
    if (code == CTL_OK)
        code = key_out(args, answer.blob, err);
    ctl_client_close(&client);
    return code;
}

enum ctl_code ctl_group_activate(const struct ctl_args *args,
                                 struct vtpm_error *err)
{
    struct vtpmmgr_message request = {0}, answer;
    uint8_t bytes[FILE_MAX];
    char text[2 * 128 + 1];
    struct ctl_client client;
    size_t len = 0;
    enum ctl_code code = ctl_take_group(args->operand[0], &request.group, err);

    if (code == CTL_OK)
        code = read_file(args->operand[1], bytes, &len, err);
    if (code == CTL_OK)
        code = ctl_client_open(&client, args, err);
    if (code != CTL_OK)
        return code;
    request.blob = (struct vtpmmgr_span){bytes, len};
    code = ctl_ask(&client, VTPMMGR_GROUP_ACTIVATE, &request, &answer, err);
    /* behind algorithm, scheme and size */
    if (code == CTL_OK) {
        ctl_hex(answer.symmetric.at + 8, answer.symmetric.len - 8, text,
                sizeof text);
        puts(text);
    }
    ctl_client_close(&client);
    return code;
}
