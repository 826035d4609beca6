/* SPDX-License-Identifier: MIT */
/* Commands and responses through the buffers of CRB. The chip says where they
 * are and how large; believed is what lies in the registers of the locality
 * (PTP: TPM_CRB_DATA_BUFFER). */
#include "private.h"
#include "registers.h"

struct buffer {
    uint32_t offset; /* from the first register of the locality */
    uint32_t size;
};

static enum vtpmring_status find(const struct vtpmring_tis *tis, uint32_t low,
                                 uint32_t high, uint32_t size,
                                 struct buffer *buffer)
{
    uint64_t start =
        tis->config.base + (uint64_t)tis->held * VTPMRING_TIS_LOCALITY_SIZE;
    uint64_t address = tis_read32(tis, tis->held, low) |
                       (uint64_t)tis_read32(tis, tis->held, high) << 32;

    buffer->size = tis_read32(tis, tis->held, size);
    if (address < start || address - start < CRB_BUFFER ||
        address - start >= VTPMRING_TIS_LOCALITY_SIZE)
        return VTPMRING_EUNSUPPORTED;
    buffer->offset = (uint32_t)(address - start);
    if (buffer->size < VTPMRING_TPM_HEADER_SIZE ||
        buffer->size > VTPMRING_TIS_LOCALITY_SIZE - buffer->offset)
        return VTPMRING_EPEER_LENGTH;
    return VTPMRING_OK;
}

enum vtpmring_status vtpmring_tis_crb_send(struct vtpmring_tis *tis)
{
    struct buffer buffer;
    enum vtpmring_status status =
        find(tis, CRB_COMMAND_LOW, CRB_COMMAND_HIGH, CRB_COMMAND_SIZE, &buffer);
    const uint8_t *p = tis->command;
    size_t length = tis->command_length;

    if (status != VTPMRING_OK)
        return status;
    if (length > buffer.size) {
        tis->length = length;
        return VTPMRING_ENOBUF;
    }
    while (tis->at < length) {
        uint32_t offset = buffer.offset + (uint32_t)tis->at;
        const uint8_t *b = p + tis->at;

        if (offset % 4 == 0 && length - tis->at >= 4) {
            tis_write32(tis, tis->held, offset,
                        b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
                            (uint32_t)b[3] << 24);
            tis->at += 4;
        } else {
            tis_write8(tis, tis->held, offset, b[0]);
            tis->at++;
        }
    }
    return VTPMRING_OK;
}

/* Reads on until end. Each byte is read once. */
static void copy(struct vtpmring_tis *tis, const struct buffer *buffer,
                 size_t end)
{
    while (tis->at < end) {
        uint32_t offset = buffer->offset + (uint32_t)tis->at;

        if (offset % 4 == 0 && end - tis->at >= 4) {
            uint32_t word = tis_read32(tis, tis->held, offset);

            for (unsigned i = 0; i < 4; i++)
                tis->response[tis->at++] = (uint8_t)(word >> 8 * i);
        } else {
            tis->response[tis->at] = tis_read8(tis, tis->held, offset);
            tis->at++;
        }
    }
}

enum vtpmring_status vtpmring_tis_crb_receive(struct vtpmring_tis *tis)
{
    struct buffer buffer;
    enum vtpmring_status status = find(tis, CRB_RESPONSE_LOW, CRB_RESPONSE_HIGH,
                                       CRB_RESPONSE_SIZE, &buffer);

    if (status != VTPMRING_OK)
        return status;
    copy(tis, &buffer, VTPMRING_TPM_HEADER_SIZE);
    status = vtpmring_tis_judge(tis, buffer.size);
    if (status != VTPMRING_OK)
        return status;
    copy(tis, &buffer, tis->length);
    return vtpmring_tis_is_ours(tis) ? VTPMRING_OK : VTPMRING_EPEER_GONE;
}
