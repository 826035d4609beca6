/* SPDX-License-Identifier: MIT */
#include <vtpmring/tpm.h>

static uint16_t get_u16(const unsigned char *p)
{
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static uint32_t get_u32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static void put_u16(unsigned char *p, uint16_t v)
{
    p[0] = (unsigned char)(v >> 8);
    p[1] = (unsigned char)v;
}

static void put_u32(unsigned char *p, uint32_t v)
{
    put_u16(p, (uint16_t)(v >> 16));
    put_u16(p + 2, (uint16_t)v);
}

enum vtpmring_status vtpmring_tpm_parse(const void *packet, size_t length,
                                        struct vtpmring_tpm_header *header)
{
    const unsigned char *p = packet;

    *header = (struct vtpmring_tpm_header){0};
    if (length < VTPMRING_TPM_HEADER_SIZE)
        return VTPMRING_EPEER_LENGTH;
    header->tag = get_u16(p);
    header->size = get_u32(p + 2);
    header->code = get_u32(p + 6);
    return header->size == length ? VTPMRING_OK : VTPMRING_EPEER_HEADER;
}

void vtpmring_tpm_format(const struct vtpmring_tpm_header *header, void *packet)
{
    unsigned char *p = packet;

    put_u16(p, header->tag);
    put_u32(p + 2, header->size);
    put_u32(p + 6, header->code);
}

static const struct {
    uint32_t tpm12, tpm20;
} codes[VTPMRING_TPM_ERROR_COUNT] = {
    [VTPMRING_TPM_ERROR_SIZE] = {0x19, 0x142},
    [VTPMRING_TPM_ERROR_CANCELED] = {0x09, 0x909},
    [VTPMRING_TPM_ERROR_FAILURE] = {0x09, 0x101},
    [VTPMRING_TPM_ERROR_NO_SPACE] = {0x17, 0x904},
    [VTPMRING_TPM_ERROR_RETRY] = {0x800, 0x922},
};

size_t vtpmring_tpm_error(enum vtpmring_tpm_family family, uint16_t command_tag,
                          enum vtpmring_tpm_error error, void *response)
{
    struct vtpmring_tpm_header header = {.size = VTPMRING_TPM_HEADER_SIZE};

    if ((size_t)error >= VTPMRING_TPM_ERROR_COUNT)
        error = VTPMRING_TPM_ERROR_FAILURE;
    header.code = codes[error].tpm12;
    switch (command_tag) {
    case VTPMRING_TPM_TAG_RQU:
    case VTPMRING_TPM_TAG_RQU_AUTH1:
    case VTPMRING_TPM_TAG_RQU_AUTH2:
        header.tag = VTPMRING_TPM_TAG_RSP;
        break;
    case VTPMRING_TPM_TAG_VTPM_REQ:
        header.tag = VTPMRING_TPM_TAG_VTPM_RSP;
        break;
    case VTPMRING_TPM_TAG_VTPM_REQ2:
        header.tag = VTPMRING_TPM_TAG_VTPM_RSP2;
        break;
    default:
        header.tag = VTPMRING_TPM_TAG_RSP;
        if (family == VTPMRING_TPM_20 ||
            command_tag == VTPMRING_TPM_TAG_NO_SESSIONS ||
            command_tag == VTPMRING_TPM_TAG_SESSIONS) {
            header.tag = VTPMRING_TPM_TAG_NO_SESSIONS;
            header.code = codes[error].tpm20;
        }
        break;
    }
    vtpmring_tpm_format(&header, response);
    return VTPMRING_TPM_HEADER_SIZE;
}

bool vtpmring_tpm_is_locality(uint8_t locality)
{
    return locality <= VTPMRING_TPM_LOCALITY_MAX || locality >= 32;
}
