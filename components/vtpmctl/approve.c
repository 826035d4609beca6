/* SPDX-License-Identifier: MIT */
/* approve: the approval agent's signature, far from any TPM. */
#include "approval.h"

#include "command.h"
#include "pem.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LABEL_DEFAULT "vtpmmgr"

/* "BANK:N=HEX" into the values; all of one bank, no PCR twice. */
static enum ctl_code take_value(const char *text, struct vtpmmgr_pcrs *pcrs,
                                struct vtpm_error *err)
{
    const char *colon = strchr(text, ':');
    uint16_t bank = colon ? vtpmmgr_bank_find(text, (size_t)(colon - text)) : 0;
    char *end = NULL;
    unsigned long number;

    if (bank == 0 || colon[1] < '0' || colon[1] > '9')
        return ctl_mistake(err, "not BANK:N=HEX, as in sha256:7=HEX: %.80s",
                           text);
    errno = 0;
    number = strtoul(colon + 1, &end, 10);
    if (errno != 0 || number >= VTPMMGR_PCRS || *end != '=')
        return ctl_mistake(err, "not a PCR from 0 to 23: %.80s", text);
    if (pcrs->mask != 0 && pcrs->bank != bank)
        return ctl_mistake(err, "PCRs of two banks; take one");
    if (pcrs->mask & 1u << number)
        return ctl_mistake(err, "PCR %lu twice", number);
    if (!ctl_hex_parse(end + 1, pcrs->value[number], vtpmmgr_bank_size(bank)))
        return ctl_mistake(err, "a value of %.*s has %zu hex digits: %.80s",
                           (int)(colon - text), text,
                           2 * vtpmmgr_bank_size(bank), text);
    pcrs->bank = bank;
    pcrs->mask |= 1u << number;
    return CTL_OK;
}

enum ctl_code ctl_take_pcrs(char **texts, int count, struct vtpmmgr_pcrs *pcrs,
                            struct vtpm_error *err)
{
    enum ctl_code code = CTL_OK;

    for (int i = 0; i < count && code == CTL_OK; i++)
        code = take_value(texts[i], pcrs, err);
    return code;
}

static enum ctl_code take_values(const struct ctl_args *args,
                                 struct vtpmmgr_approval *approval,
                                 struct vtpm_error *err)
{
    const char *label = ctl_value(args, "label");
    struct vtpmmgr_pcrs pcrs = {0};
    enum ctl_code code = ctl_take_pcrs(args->operand, args->count, &pcrs, err);

    if (code != CTL_OK)
        return code;
    return ctl_code_of(vtpmmgr_approval_request(
        &pcrs, label ? label : LABEL_DEFAULT, approval, err));
}

/* What a request says is what is signed; a label beside it must be its own. */
static enum ctl_code take_request(const struct ctl_args *args,
                                  struct vtpmmgr_approval *approval,
                                  struct vtpm_error *err)
{
    const char *label = ctl_value(args, "label");
    TPM2B_NONCE wanted;
    enum vtpm_status status =
        vtpmmgr_approval_read(args->operand[0], approval, err);

    if (status != VTPM_OK)
        return CTL_FAILED;
    if (label && (!vtpmmgr_label_parse(label, &wanted) ||
                  wanted.size != approval->label.size ||
                  memcmp(wanted.buffer, approval->label.buffer, wanted.size)))
        return ctl_fail(err, CTL_FAILED,
                        "%s is for another label: %.*s; leave out --label, or "
                        "ask for a request with the right one",
                        args->operand[0], (int)approval->label.size,
                        (const char *)approval->label.buffer);
    return CTL_OK;
}

static enum ctl_code sign(const char *path, struct vtpmmgr_approval *approval,
                          struct vtpm_error *err)
{
    EVP_PKEY *key = ctl_pem_private(path, err);
    enum vtpm_status status;

    if (!key)
        return CTL_FAILED;
    status = vtpmmgr_approval_sign(approval, key, err);
    EVP_PKEY_free(key);
    return ctl_code_of(status);
}

/* A whole file or none, and never over another one. */
enum ctl_code ctl_write_new(const char *path, const void *bytes, size_t len,
                            struct vtpm_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    bool done;

    if (fd < 0)
        return ctl_code_of(vtpm_fail_errno(err, errno, "create", path));
    done = write(fd, bytes, len) == (ssize_t)len && fsync(fd) == 0;
    if (!done)
        (void)vtpm_fail_errno(err, errno, "write", path);
    if (close(fd) != 0 && done) {
        (void)vtpm_fail_errno(err, errno, "write", path);
        done = false;
    }
    if (!done)
        (void)unlink(path);
    return done ? CTL_OK : CTL_FAILED;
}

enum ctl_code ctl_approve(const struct ctl_args *args, struct vtpm_error *err)
{
    const char *key = ctl_value(args, "key"), *out = ctl_value(args, "out");
    struct vtpmmgr_approval approval = {0};
    char text[VTPMMGR_APPROVAL_MAX];
    enum ctl_code code;
    size_t len;

    if (!key)
        return ctl_mistake(err, "--key is missing: who approves signs");
    code = strchr(args->operand[0], '=') ? take_values(args, &approval, err)
           : args->count > 1
               ? ctl_mistake(err, "one request, or values of PCRs")
               : take_request(args, &approval, err);
    if (code == CTL_OK)
        code = sign(key, &approval, err);
    if (code != CTL_OK)
        return code;
    len = vtpmmgr_approval_print(&approval, text);
    if (out)
        return ctl_write_new(out, text, len, err);
    fputs(text, stdout);
    return CTL_OK;
}
