/* SPDX-License-Identifier: MIT */
#include "store_impl.h"

#include <stdlib.h>
#include <string.h>

static enum vtpm_status check_slot(struct vtpm_os_file *file,
                                   struct vtpm_crypto *crypto,
                                   struct vtpm_head *head, uint8_t *buffer,
                                   struct vtpm_error *err)
{
    const struct vtpm_bytes state = {buffer, head->state_len};
    uint8_t digest[VTPM_SHA256_SIZE];
    enum vtpm_status status = vtpm_os_read(
        file, vtpm_slot_offset(head->slot_size, head->slot) + VTPM_HEAD_SIZE,
        buffer, head->state_len, err);

    if (status != VTPM_OK)
        return status;
    if (vtpm_sha256(crypto, &state, 1, digest) != VTPM_OK)
        return vtpm_fail(
            err, VTPM_EIO,
            "cannot hash: OpenSSL failed; check its configuration");
    if (memcmp(digest, head->state_sha256, sizeof digest) != 0)
        head->condition = VTPM_SLOT_DAMAGED;
    return VTPM_OK;
}

static enum vtpm_status check_slots(struct vtpm_os_file *file,
                                    struct vtpm_crypto *crypto,
                                    const struct vtpm_head *header,
                                    struct vtpm_store_info *info,
                                    struct vtpm_error *err)
{
    uint8_t *buffer = malloc(vtpm_slot_capacity(header->slot_size));
    enum vtpm_status status = VTPM_OK;

    if (!buffer)
        return vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
    for (uint32_t i = 0; i < VTPM_SLOTS && status == VTPM_OK; i++) {
        struct vtpm_head head;

        status = vtpm_store_read_head(file, crypto, header, i, &head, err);
        if (status == VTPM_OK && head.condition == VTPM_SLOT_WHOLE)
            status = check_slot(file, crypto, &head, buffer, err);
        info->slot[i].condition = head.condition;
        if (head.condition != VTPM_SLOT_WHOLE)
            continue;
        info->slot[i].generation = head.generation;
        info->slot[i].state_len = head.state_len;
    }
    free(buffer);
    return status;
}

enum vtpm_status vtpm_store_check(const char *path,
                                  struct vtpm_store_info *info,
                                  struct vtpm_error *err)
{
    struct vtpm_os_file file;
    struct vtpm_crypto crypto;
    struct vtpm_head header;
    enum vtpm_status status = vtpm_os_open(&file, path, VTPM_OS_PEEK, err);

    memset(info, 0, sizeof *info);
    if (status != VTPM_OK)
        return status;
    status = vtpm_crypto_init(&crypto, err);
    if (status == VTPM_OK) {
        status = vtpm_store_read_header(&file, &crypto, &header, err);
        if (status == VTPM_OK) {
            memcpy(info->uuid, header.uuid, VTPM_UUID_SIZE);
            info->family = header.family == VTPM_FAMILY_12 ? VTPM_FAMILY_12
                                                           : VTPM_FAMILY_20;
            info->slot_size = header.slot_size;
            status = check_slots(&file, &crypto, &header, info, err);
        }
        vtpm_crypto_free(&crypto);
    }
    if (status != VTPM_OK)
        vtpm_error_locate(err, path);
    vtpm_os_close(&file);
    return status;
}
