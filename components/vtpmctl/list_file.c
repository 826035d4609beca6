/* SPDX-License-Identifier: MIT */
#include "list_file.h"

#include "arguments.h"
#include "bytes.h"
#include "label.h"
#include "sender.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "vtpmmgr group list 1"
#define LINE_MAX_SIZE 600u
/* Of the TPM_PCR_SELECTION that is written. */
#define SELECT_SIZE 3u

static bool take_sequence(const char *value, struct ctl_list *list)
{
    char *end;

    if (value[0] < '0' || value[0] > '9' || list->sequence != 0)
        return false;
    errno = 0;
    list->sequence = strtoull(value, &end, 10);
    return errno == 0 && *end == '\0' && list->sequence != 0;
}

static bool has_room(const struct ctl_list *list)
{
    return list->platforms + list->kernels < CTL_LIST_MAX;
}

static bool take_platform(const char *value, struct ctl_list *list)
{
    char digest[2 * VTPMMGR_DIGEST_SIZE + 1];
    const char *pcrs = strchr(value, ' ');

    if (!has_room(list) || !pcrs || (size_t)(pcrs - value) != sizeof digest - 1)
        return false;
    memcpy(digest, value, sizeof digest - 1);
    digest[sizeof digest - 1] = '\0';
    if (!ctl_hex_parse(digest, list->platform[list->platforms],
                       VTPMMGR_DIGEST_SIZE) ||
        !vtpm_list_parse(pcrs + 1, CTL_LIST_PCRS, &list->pcrs[list->platforms]))
        return false;
    list->platforms++;
    return true;
}

static bool take_kernel(const char *value, struct ctl_list *list)
{
    return has_room(list) && ctl_hex_parse(value, list->kernel[list->kernels++],
                                           VTPMMGR_DIGEST_SIZE);
}

static bool take_label(const char *value, struct ctl_list *list)
{
    if (!has_room(list) || value[0] == '\0' ||
        strlen(value) >= VTPMMGR_LABEL_SIZE)
        return false;
    vtpmmgr_label_hash(value, list->kernel[list->kernels++]);
    return true;
}

static bool take_signature(const char *value, struct ctl_list *list)
{
    if (list->is_signed)
        return false;
    list->is_signed = true;
    return ctl_hex_parse(value, list->signature, sizeof list->signature);
}

static bool take(const char *line, struct ctl_list *list)
{
    static const struct {
        const char *word;
        bool (*take)(const char *value, struct ctl_list *list);
    } words[] = {
        {"sequence ", take_sequence},   {"platform ", take_platform},
        {"kernel ", take_kernel},       {"label ", take_label},
        {"signature ", take_signature},
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strncmp(line, words[i].word, strlen(words[i].word)) == 0)
            return words[i].take(line + strlen(words[i].word), list);
    return line[0] == '\0' || line[0] == '#';
}

static enum ctl_code read_lines(FILE *file, const char *path,
                                struct ctl_list *list, struct vtpm_error *err)
{
    char line[LINE_MAX_SIZE];

    for (unsigned number = 1; fgets(line, sizeof line, file); number++) {
        const size_t len = strcspn(line, "\n");

        /* neither cut off nor with a NUL in it */
        if (line[len] != '\n' && !feof(file))
            line[0] = '?';
        line[len] = '\0';
        if (number == 1 ? strcmp(line, MAGIC) != 0 : !take(line, list))
            return ctl_fail(err, CTL_FAILED,
                            "%s: line %u is not of a group's list; vtpmctl(8) "
                            "has its form",
                            path, number);
    }
    if (ferror(file))
        return ctl_fail(err, CTL_FAILED, "cannot read %s: %s", path,
                        strerror(errno));
    if (list->sequence == 0)
        return ctl_fail(err, CTL_FAILED,
                        "%s: no sequence; give it a number greater than that "
                        "of the list before",
                        path);
    return CTL_OK;
}

enum ctl_code ctl_list_read(const char *path, struct ctl_list *list,
                            struct vtpm_error *err)
{
    FILE *file = fopen(path, "re");
    enum ctl_code code;

    memset(list, 0, sizeof *list);
    if (!file)
        return ctl_fail(err, CTL_FAILED, "cannot read %s: %s; check the path",
                        path, strerror(errno));
    code = read_lines(file, path, list, err);
    (void)fclose(file);
    return code;
}

static void print_pcrs(uint32_t pcrs, FILE *to)
{
    const char *before = " ";

    for (unsigned i = 0; i < CTL_LIST_PCRS; i++)
        if (pcrs >> i & 1) {
            fprintf(to, "%s%u", before, i);
            before = ",";
        }
    fputs(pcrs == 0 ? " none\n" : "\n", to);
}

bool ctl_list_print(const struct ctl_list *list, FILE *to)
{
    char hex[2 * VTPMMGR_RSA_SIZE + 1];

    fprintf(to, MAGIC "\nsequence %llu\n", (unsigned long long)list->sequence);
    for (size_t i = 0; i < list->platforms; i++) {
        ctl_hex(list->platform[i], VTPMMGR_DIGEST_SIZE, hex, sizeof hex);
        fprintf(to, "platform %s", hex);
        print_pcrs(list->pcrs[i], to);
    }
    for (size_t i = 0; i < list->kernels; i++) {
        ctl_hex(list->kernel[i], VTPMMGR_DIGEST_SIZE, hex, sizeof hex);
        fprintf(to, "kernel %s\n", hex);
    }
    if (list->is_signed) {
        ctl_hex(list->signature, sizeof list->signature, hex, sizeof hex);
        fprintf(to, "signature %s\n", hex);
    }
    return fflush(to) == 0 && !ferror(to);
}

static size_t put_digests(uint8_t (*digests)[VTPMMGR_DIGEST_SIZE], size_t count,
                          uint8_t *bytes)
{
    vtpm_put32(bytes, (uint32_t)count);
    memcpy(bytes + 4, digests, count * VTPMMGR_DIGEST_SIZE);
    return 4 + count * VTPMMGR_DIGEST_SIZE;
}

size_t ctl_list_encode(const struct ctl_list *list,
                       uint8_t bytes[CTL_LIST_SIZE])
{
    size_t len = 8;

    vtpm_put64(bytes, list->sequence);
    len += put_digests((void *)(uintptr_t)list->platform, list->platforms,
                       bytes + len);
    len += put_digests((void *)(uintptr_t)list->kernel, list->kernels,
                       bytes + len);
    return len;
}

size_t ctl_list_selections(const struct ctl_list *list,
                           uint8_t bytes[CTL_SELECTIONS_SIZE])
{
    uint8_t *at = bytes;

    for (size_t i = 0; i < list->platforms; i++) {
        vtpm_put16(at, SELECT_SIZE);
        for (unsigned b = 0; b < SELECT_SIZE; b++)
            at[2 + b] = (uint8_t)(list->pcrs[i] >> 8 * b);
        at += 2 + SELECT_SIZE;
    }
    return (size_t)(at - bytes);
}
