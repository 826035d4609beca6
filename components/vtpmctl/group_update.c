/* SPDX-License-Identifier: MIT */
/* group sign, group update: the list of a group, from who approves it to the
 * manager. */
#include "client.h"
#include "list_file.h"
#include "list_signature.h"
#include "pem.h"

#include <stdlib.h>
#include <string.h>

/* ---- who approves ---- */

static bool sign_bytes(EVP_PKEY *key, const uint8_t *bytes, size_t len,
                       uint8_t signature[VTPMMGR_RSA_SIZE])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t made = VTPMMGR_RSA_SIZE;
    bool ok = context &&
              EVP_DigestSignInit_ex(context, NULL, "SHA1", NULL, NULL, key,
                                    NULL) == 1 &&
              EVP_DigestSign(context, signature, &made, bytes, len) == 1 &&
              made == VTPMMGR_RSA_SIZE;

    EVP_MD_CTX_free(context);
    return ok;
}

static enum ctl_code sign(struct ctl_list *list, const char *path,
                          struct vtpm_error *err)
{
    uint8_t bytes[CTL_LIST_SIZE], modulus[VTPMMGR_RSA_SIZE];
    enum ctl_code code = ctl_pem_modulus(path, modulus, err);
    EVP_PKEY *key;

    if (code != CTL_OK)
        return code;
    key = ctl_pem_private(path, err);
    if (!key)
        return CTL_FAILED;
    list->is_signed =
        sign_bytes(key, bytes, ctl_list_encode(list, bytes), list->signature);
    EVP_PKEY_free(key);
    return list->is_signed ? CTL_OK
                           : ctl_fail(err, CTL_FAILED,
                                      "cannot sign: OpenSSL failed; check its "
                                      "configuration");
}

/* A whole file or none. */
static enum ctl_code write_list(const struct ctl_list *list, const char *path,
                                struct vtpm_error *err)
{
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    bool printed = memory && ctl_list_print(list, memory);
    enum ctl_code code = CTL_FAILED;

    if (memory)
        (void)fclose(memory);
    if (printed)
        code = ctl_write_new(path, text, len, err);
    else
        (void)ctl_fail(err, code, "out of memory; end other programs");
    free(text);
    return code;
}

enum ctl_code ctl_group_sign(const struct ctl_args *args,
                             struct vtpm_error *err)
{
    const char *key = ctl_value(args, "key"), *out = ctl_value(args, "out");
    struct ctl_list list;
    enum ctl_code code;

    if (!key)
        return ctl_mistake(err, "--key is missing: who approves signs");
    code = ctl_list_read(args->operand[0], &list, err);
    if (code == CTL_OK)
        code = sign(&list, key, err);
    if (code != CTL_OK)
        return code;
    if (out)
        return write_list(&list, out, err);
    return ctl_list_print(&list, stdout)
               ? CTL_OK
               : ctl_fail(err, CTL_FAILED, "cannot write the list to stdout");
}

/* ---- the manager ---- */

/* It only says no; a look at what it has says why. */
static enum ctl_code explain(struct ctl_client *client, uint32_t group,
                             const struct ctl_list *list,
                             struct vtpm_error *err)
{
    const struct vtpmmgr_message request = {.group = group};
    struct vtpmmgr_message is;
    uint8_t bytes[CTL_LIST_SIZE];
    size_t len = ctl_list_encode(list, bytes);
    enum ctl_code code =
        ctl_ask(client, VTPMMGR_GROUP_SHOW, &request, &is, err);

    if (code != CTL_OK)
        return code;
    if (!vtpmmgr_list_key_ok(is.modulus))
        return ctl_fail(err, CTL_FAILED,
                        "group %u has no key for lists; vtpmctl group new "
                        "gives group 0 its own",
                        (unsigned)group);
    if (!vtpmmgr_list_signed(
            is.modulus,
            (struct vtpmmgr_span){list->signature, sizeof list->signature},
            (struct vtpmmgr_span){bytes, len}))
        return ctl_fail(err, CTL_FAILED,
                        "the list is not signed by who approves those of group "
                        "%u; see vtpmctl group sign",
                        (unsigned)group);
    return ctl_fail(err, CTL_FAILED,
                    "group %u has list %llu: the sequence of the next one must "
                    "be greater, this one has %llu",
                    (unsigned)group, (unsigned long long)is.list.sequence,
                    (unsigned long long)list->sequence);
}

static enum ctl_code update(struct ctl_client *client, uint32_t group,
                            const struct ctl_list *list, struct vtpm_error *err)
{
    uint8_t bytes[CTL_LIST_SIZE], selections[CTL_SELECTIONS_SIZE];
    struct vtpmmgr_message request = {
        .group = group,
        .signature = {list->signature, sizeof list->signature},
        .selections = {selections, ctl_list_selections(list, selections)},
    };
    struct vtpmmgr_message response;
    enum ctl_code code;

    if (!vtpmmgr_list_decode(
            (struct vtpmmgr_span){bytes, ctl_list_encode(list, bytes)},
            &request.list))
        return ctl_fail(err, CTL_FAILED, "the list cannot be sent");
    code = ctl_ask(client, VTPMMGR_GROUP_UPDATE, &request, &response, err);
    if (client->status == VTPMMGR_FAIL)
        code = explain(client, group, list, err);
    return code;
}

enum ctl_code ctl_group_update(const struct ctl_args *args,
                               struct vtpm_error *err)
{
    struct ctl_client client;
    struct ctl_list list;
    uint32_t group;
    enum ctl_code code = ctl_take_group(args->operand[0], &group, err);

    if (code == CTL_OK)
        code = ctl_list_read(args->operand[1], &list, err);
    if (code == CTL_OK && !list.is_signed)
        code = ctl_fail(err, CTL_FAILED,
                        "%s is not signed; see vtpmctl group sign",
                        args->operand[1]);
    if (code == CTL_OK)
        code = ctl_client_open(&client, args, err);
    if (code != CTL_OK)
        return code;
    code = update(&client, group, &list, err);
    ctl_client_close(&client);
    return code;
}
