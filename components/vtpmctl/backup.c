/* SPDX-License-Identifier: MIT */
/* backup and restore. */
#include "blank.h"
#include "command.h"
#include "root_key.h"
#include "scan.h"
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads again what was written: its chain, and with a root all of it. */
static enum vtpm_status verify(const struct vtpm_os_file *copy,
                               const struct ctl_root_key *root,
                               struct vtpm_error *err)
{
    struct ctl_scan *scan = malloc(sizeof *scan);
    char path[CTL_MEMORY_PATH];
    struct vtpmmgr_store *store;
    enum vtpm_status status;

    if (!scan)
        return vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
    ctl_path_of(copy, path);
    status = ctl_scan_open(scan, path, err);
    if (status == VTPM_OK)
        ctl_scan_close(scan);
    free(scan);
    if (status != VTPM_OK || !root)
        return status;
    status = vtpmmgr_store_peek(&store, path, root->key, root->anchor, err);
    if (status == VTPM_OK)
        vtpmmgr_store_close(store);
    return status;
}

/* ---- backup ---- */

static enum vtpm_status write_backup(struct ctl_scan *scan,
                                     const struct ctl_root_key *root,
                                     const char *path, struct vtpm_error *err)
{
    struct vtpm_os_file copy;
    enum vtpm_status status = vtpm_os_create(&copy, path, err);

    if (status != VTPM_OK)
        return status;
    status = ctl_scan_copy(scan, &copy, false, err);
    if (status == VTPM_OK)
        status = vtpm_os_sync(&copy, err);
    if (status == VTPM_OK)
        status = verify(&copy, root, err);
    if (status == VTPM_OK)
        status = vtpm_os_publish(&copy, err);
    vtpm_os_close(&copy);
    return status;
}

static enum vtpm_status back_up(struct ctl_scan *scan,
                                const struct ctl_args *args,
                                struct vtpm_error *err)
{
    const char *from = args->operand[0], *to = args->operand[1];
    bool has_root = ctl_value(args, "root") != NULL;
    struct ctl_root_key root;
    enum vtpm_status status = ctl_scan_open(scan, from, err);

    if (status != VTPM_OK)
        return status;
    if (has_root)
        status = ctl_root_key_open(&root, args, from, err);
    if (status == VTPM_OK)
        status = write_backup(scan, has_root ? &root : NULL, to, err);
    if (has_root)
        ctl_root_key_wipe(&root);
    ctl_scan_close(scan);
    return status;
}

enum ctl_code ctl_backup(const struct ctl_args *args, struct vtpm_error *err)
{
    struct ctl_scan *scan = malloc(sizeof *scan);
    enum vtpm_status status;

    if (!scan)
        return ctl_fail(err, CTL_FAILED, "out of memory; end other programs");
    status = back_up(scan, args, err);
    if (status == VTPM_OK)
        printf("%s: %llu blocks, up to %llu, anchor %llu%s\n", args->operand[1],
               (unsigned long long)(scan->head - scan->tail + 1),
               (unsigned long long)scan->head, (unsigned long long)scan->anchor,
               ctl_value(args, "root") ? "; opened with the root" : "");
    free(scan);
    return ctl_code_of(status);
}

/* ---- restore ---- */

static enum vtpm_status take_place(struct vtpm_os_file *to, const char *path,
                                   const struct ctl_scan *scan,
                                   struct vtpm_error *err)
{
    uint64_t size = (VTPMMGR_RING_AT + scan->header.ring_blocks) *
                    (uint64_t)VTPMMGR_BLOCK_SIZE;
    enum vtpm_status status = vtpm_os_open(to, path, VTPM_OS_OWN, err);

    if (status == VTPM_EUNPROVISIONED)
        status = vtpm_os_create(to, path, err);
    else if (status == VTPM_OK)
        status = vtpm_require_blank(to, err);
    if (status == VTPM_EEXISTS)
        return vtpm_fail(err, status,
                         "%s is not blank; restore writes over nothing: move "
                         "it away, or wipe the device",
                         path);
    if (status != VTPM_OK)
        return status;
    if (!to->block)
        return vtpm_os_allocate(to, size, err);
    return to->size >= size
               ? VTPM_OK
               : vtpm_fail(err, VTPM_ETOOSMALL,
                           "%s is too small: %llu bytes; the store has %llu",
                           path, (unsigned long long)to->size,
                           (unsigned long long)size);
}

static enum vtpm_status write_store(struct ctl_scan *scan,
                                    const struct ctl_root_key *root,
                                    const char *path, struct vtpm_error *err)
{
    struct vtpm_os_file to = {.fd = -1};
    enum vtpm_status status = take_place(&to, path, scan, err);

    if (status == VTPM_OK)
        status = ctl_scan_copy(scan, &to, true, err);
    if (status == VTPM_OK)
        status = vtpm_os_sync(&to, err);
    if (status == VTPM_OK)
        status = verify(&to, root, err);
    if (status == VTPM_OK)
        status = vtpm_os_publish(&to, err);
    vtpm_os_close(&to);
    return status;
}

/* What is too old is refused before anything is written. */
static enum vtpm_status check_backup(const char *path,
                                     const struct ctl_root_key *root,
                                     struct vtpm_error *err)
{
    struct vtpmmgr_store *store;
    enum vtpm_status status =
        vtpmmgr_store_peek(&store, path, root->key, 0, err);
    unsigned long long anchor;

    if (status != VTPM_OK)
        return status;
    anchor = vtpmmgr_store_anchor(store);
    vtpmmgr_store_close(store);
    if (anchor >= root->anchor)
        return VTPM_OK;
    return vtpm_fail(err, VTPM_EROLLBACK,
                     "%s is an old copy: its anchor is %llu, the root's "
                     "counter says %llu, so the manager has run since; restore "
                     "a newer one",
                     path, anchor, (unsigned long long)root->anchor);
}

static enum vtpm_status restore(struct ctl_scan *scan,
                                const struct ctl_args *args,
                                struct vtpm_error *err)
{
    const char *from = args->operand[0], *to = args->operand[1];
    struct ctl_root_key root;
    enum vtpm_status status = ctl_scan_open(scan, from, err);

    if (status != VTPM_OK)
        return status;
    status = ctl_root_key_open(&root, args, from, err);
    if (status == VTPM_OK)
        status = check_backup(from, &root, err);
    if (status == VTPM_OK)
        status = write_store(scan, &root, to, err);
    if (status == VTPM_OK && !root.has_counter)
        fputs("vtpmctl restore: note: this root has no counter, so nothing "
              "tells whether there was a newer copy\n",
              stderr);
    ctl_root_key_wipe(&root);
    ctl_scan_close(scan);
    return status;
}

enum ctl_code ctl_restore(const struct ctl_args *args, struct vtpm_error *err)
{
    struct ctl_scan *scan;
    enum vtpm_status status;

    if (!ctl_value(args, "root"))
        return ctl_mistake(err, "--root is missing: it says whether the copy "
                                "is an old one");
    scan = malloc(sizeof *scan);
    if (!scan)
        return ctl_fail(err, CTL_FAILED, "out of memory; end other programs");
    status = restore(scan, args, err);
    if (status == VTPM_OK)
        printf("%s: restored up to block %llu, anchor %llu\n", args->operand[1],
               (unsigned long long)scan->head,
               (unsigned long long)scan->anchor);
    free(scan);
    return ctl_code_of(status);
}
