/* SPDX-License-Identifier: MIT */
/* Bytes through the FIFO: as many at a time as TPM_STS.burstCount allows. */
#include "private.h"
#include "registers.h"

/* How many bytes go at once. The last one goes alone, after another look at
 * the status: that is where the chip says whether it sees the same end. */
static size_t portion(uint32_t sts, size_t left)
{
    size_t burst = TIS_STS_BURST(sts);

    if (left > 1)
        left--;
    return burst < left ? burst : left;
}

/* Status and burst count in one read, so that they belong together. */
static enum vtpmring_status status(const struct vtpmring_tis *tis,
                                   uint32_t *sts)
{
    *sts = tis_read32(tis, tis->held, TIS_STS);
    if ((*sts & 0xff) != 0xff)
        return VTPMRING_OK;
    return vtpmring_tis_is_ours(tis) ? VTPMRING_AGAIN : VTPMRING_EPEER_GONE;
}

enum vtpmring_status vtpmring_tis_fifo_send(struct vtpmring_tis *tis,
                                            bool *moved)
{
    uint32_t sts;
    enum vtpmring_status rc = status(tis, &sts);
    size_t count;

    if (rc != VTPMRING_OK)
        return rc;
    if (tis->at > 0 && (sts & TIS_STS_VALID) == 0)
        return VTPMRING_AGAIN;
    if (tis->at > 0 && (sts & TIS_STS_EXPECT) == 0)
        return VTPMRING_EPEER_STATE; /* it takes less for the whole command */
    count = portion(sts, tis->command_length - tis->at);
    *moved = count > 0;
    while (count-- > 0)
        tis_write8(tis, tis->held, TIS_FIFO, tis->command[tis->at++]);
    return tis->at == tis->command_length ? VTPMRING_OK : VTPMRING_AGAIN;
}

enum vtpmring_status vtpmring_tis_judge(struct vtpmring_tis *tis, size_t limit)
{
    struct vtpmring_tpm_header header;

    (void)vtpmring_tpm_parse(tis->response, VTPMRING_TPM_HEADER_SIZE, &header);
    /* 0x00c5 and 0x00c6: responses of a TPM 1.2 with one and two sessions */
    if (header.tag != VTPMRING_TPM_TAG_NO_SESSIONS &&
        header.tag != VTPMRING_TPM_TAG_SESSIONS &&
        (header.tag < VTPMRING_TPM_TAG_RSP ||
         header.tag > VTPMRING_TPM_TAG_RSP + 2))
        return VTPMRING_EPEER_HEADER;
    if (header.size < VTPMRING_TPM_HEADER_SIZE || header.size > limit)
        return VTPMRING_EPEER_LENGTH;
    tis->length = header.size;
    return header.size > tis->capacity ? VTPMRING_ENOBUF : VTPMRING_OK;
}

enum vtpmring_status vtpmring_tis_fifo_receive(struct vtpmring_tis *tis,
                                               bool *moved)
{
    uint32_t sts;
    enum vtpmring_status rc = status(tis, &sts);
    size_t end = tis->length > 0 ? tis->length : VTPMRING_TPM_HEADER_SIZE;
    size_t count;

    if (rc != VTPMRING_OK)
        return rc;
    if ((sts & TIS_STS_VALID) == 0)
        return VTPMRING_AGAIN;
    if ((sts & TIS_STS_AVAILABLE) == 0)
        return VTPMRING_EPEER_LENGTH; /* less than its header says */
    count = portion(sts, end - tis->at);
    *moved = count > 0;
    for (; count > 0; count--, tis->at++)
        tis->response[tis->at] = tis_read8(tis, tis->held, TIS_FIFO);
    if (tis->length == 0 && tis->at == end) {
        rc = vtpmring_tis_judge(tis, VTPMRING_TPM_COMMAND_MAX);
        if (rc != VTPMRING_OK)
            return rc;
    }
    return tis->length > 0 && tis->at == tis->length ? VTPMRING_OK
                                                     : VTPMRING_AGAIN;
}
