/* SPDX-License-Identifier: MIT */
/* store check: what can be said of a store, with its root or without. */
#include "store.h"

#include "command.h"
#include "output.h"
#include "root_key.h"
#include "scan.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct ctl_column fields[] = {
    {"store", "store"},     {"id", "id"},
    {"bytes", "bytes"},     {"in_use", "in use"},
    {"envelope", "root"},   {"blocks", "blocks"},
    {"last", "last block"}, {"anchor", "anchor"},
    {"counter", "counter"}, {"contents", "contents"},
    {"vtpms", "vTPMs"},     {"groups", "groups"},
    {NULL, NULL},
};

/* Which kind of root made the envelope; it says so in its first bytes. */
static enum vtpm_status add_envelope(const char *path,
                                     struct json_object *object,
                                     struct vtpm_error *err)
{
    uint8_t bytes[VTPMMGR_ENVELOPE_MAX];
    size_t len = 0;
    enum vtpm_status status = vtpmmgr_envelope_read(path, bytes, &len, err);

    if (status != VTPM_OK)
        return status;
    ctl_add_text(object, "envelope",
                 len >= 8 && memcmp(bytes, "vTPMroot", 8) == 0   ? "tpm"
                 : len >= 8 && memcmp(bytes, "VTPMKEYF", 8) == 0 ? "key-file"
                                                                 : "unknown");
    return VTPM_OK;
}

static void add_scan(const struct ctl_scan *scan, struct json_object *object)
{
    char id[2 * VTPMMGR_ID_SIZE + 1];

    ctl_add_text(object, "store", scan->file.path);
    ctl_hex(scan->header.id, sizeof scan->header.id, id, sizeof id);
    ctl_add_text(object, "id", id);
    ctl_add_number(object, "bytes", scan->file.size);
    ctl_add_bool(object, "in_use", scan->in_use);
    ctl_add_number(object, "blocks", scan->head - scan->tail + 1);
    ctl_add_number(object, "last", scan->head);
    ctl_add_number(object, "anchor", scan->anchor);
}

/* Opens the store where it is, or, while its owner changes it, a copy. */
static enum vtpm_status peek(struct ctl_scan *scan,
                             const struct ctl_root_key *root,
                             struct vtpmmgr_store **store,
                             struct vtpm_error *err)
{
    struct vtpm_os_file copy;
    char path[CTL_MEMORY_PATH];
    enum vtpm_status status = vtpmmgr_store_peek(store, scan->file.path,
                                                 root->key, root->anchor, err);

    if (status == VTPM_OK || !scan->in_use)
        return status;
    status = ctl_memory_file(&copy, path, err);
    if (status != VTPM_OK)
        return status;
    status = ctl_scan_copy(scan, &copy, false, err);
    if (status == VTPM_OK)
        status = vtpmmgr_store_peek(store, path, root->key, root->anchor, err);
    vtpm_os_close(&copy);
    return status;
}

static enum vtpm_status add_contents(struct ctl_scan *scan,
                                     const struct ctl_args *args,
                                     struct json_object *object,
                                     struct vtpm_error *err)
{
    struct ctl_root_key root;
    struct vtpmmgr_store *store;
    enum vtpm_status status =
        ctl_root_key_open(&root, args, scan->file.path, err);

    if (status != VTPM_OK)
        return status;
    status = peek(scan, &root, &store, err);
    if (status == VTPM_OK) {
        ctl_add_text(object, "contents", "authentic");
        ctl_add_number(object, "anchor", vtpmmgr_store_anchor(store));
        if (root.has_counter)
            ctl_add_number(object, "counter", root.anchor);
        ctl_add_number(object, "vtpms", vtpmmgr_store_count(store));
        ctl_add_number(object, "groups", vtpmmgr_store_groups(store));
        vtpmmgr_store_close(store);
    }
    ctl_root_key_wipe(&root);
    return status;
}

static enum vtpm_status check(struct ctl_scan *scan,
                              const struct ctl_args *args,
                              struct json_object *object,
                              struct vtpm_error *err)
{
    enum vtpm_status status;

    add_scan(scan, object);
    status = add_envelope(scan->file.path, object, err);
    if (status != VTPM_OK)
        return status;
    if (ctl_value(args, "root"))
        return add_contents(scan, args, object, err);
    ctl_add_text(object, "contents",
                 "not checked: that takes the root, see --root");
    return VTPM_OK;
}

enum ctl_code ctl_store_check(const struct ctl_args *args,
                              struct vtpm_error *err)
{
    struct ctl_scan *scan = malloc(sizeof *scan);
    struct json_object *object;
    enum vtpm_status status;

    if (!scan)
        return ctl_fail(err, CTL_FAILED, "out of memory; end other programs");
    status = ctl_scan_open(scan, args->operand[0], err);
    if (status != VTPM_OK) {
        free(scan);
        return ctl_code_of(status);
    }
    object = json_object_new_object();
    status = check(scan, args, object, err);
    ctl_scan_close(scan);
    free(scan);
    if (status == VTPM_OK)
        return ctl_print(args, object, fields, err);
    vtpm_error_locate(err, args->operand[0]);
    json_object_put(object);
    return ctl_code_of(status);
}
