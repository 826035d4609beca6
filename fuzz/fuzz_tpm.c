/* SPDX-License-Identifier: MIT */
/* Framing: headers, error responses, names, and status texts. */
#include "fuzz.h"
#include <vtpmring/vtpmring.h>

#include <string.h>

static void parse(void)
{
    unsigned char raw[64], again[VTPMRING_TPM_HEADER_SIZE];
    size_t length = fuzz_pick(sizeof(raw) + 1), have;
    struct vtpmring_tpm_header header;
    enum vtpmring_status status;
    unsigned char *packet = fuzz_memory(length);

    have = fuzz_bytes(raw, length);
    memcpy(packet, raw, length);
    if (have > 6 && fuzz_pick(2) != 0)
        packet[5] = (unsigned char)length;
    status = vtpmring_tpm_parse(packet, length, &header);
    if (length < VTPMRING_TPM_HEADER_SIZE) {
        fuzz_check(status == VTPMRING_EPEER_LENGTH && header.tag == 0 &&
                       header.size == 0 && header.code == 0,
                   "a header is read where there is none");
        return;
    }
    fuzz_check(fuzz_be32(packet + 2) == header.size &&
                   fuzz_be32(packet + 6) == header.code &&
                   (packet[0] << 8 | packet[1]) == header.tag,
               "a field is read wrongly");
    fuzz_check(
        status == (header.size == length ? VTPMRING_OK : VTPMRING_EPEER_HEADER),
        "size and length are judged wrongly");
    vtpmring_tpm_format(&header, again);
    fuzz_check(memcmp(again, packet, sizeof(again)) == 0,
               "a header changes when it is written again");
    fuzz_check(vtpmring_tpm_command_name(header.tag, header.code) != NULL,
               "no name");
}

static void error(void)
{
    static const uint16_t answers[][2] = {
        {0x00c1, 0x00c4}, {0x00c2, 0x00c4}, {0x00c3, 0x00c4}, {0x01c1, 0x01c4},
        {0x01c2, 0x01c5}, {0x8001, 0x8001}, {0x8002, 0x8001}, {0x1234, 0}};
    unsigned which = fuzz_pick(8);
    bool is12 = fuzz_pick(2) != 0;
    uint16_t tag = answers[which][0], want = answers[which][1];
    unsigned char *response = fuzz_memory(VTPMRING_TPM_HEADER_SIZE);
    struct vtpmring_tpm_header header;

    if (want == 0) {
        tag = (uint16_t)fuzz_u32();
        for (unsigned i = 0; i < 7; i++)
            if (tag == answers[i][0])
                want = answers[i][1];
        if (want == 0)
            want = is12 ? 0x00c4 : 0x8001;
    }
    fuzz_check(vtpmring_tpm_error(is12 ? VTPMRING_TPM_12 : VTPMRING_TPM_20, tag,
                                  (enum vtpmring_tpm_error)fuzz_u8(),
                                  response) == VTPMRING_TPM_HEADER_SIZE &&
                   vtpmring_tpm_parse(response, VTPMRING_TPM_HEADER_SIZE,
                                      &header) == VTPMRING_OK,
               "an error response is none");
    fuzz_check(header.code != 0, "an error response says success");
    fuzz_check(header.tag == want, "an error response has a wrong tag");
}

static void names(void)
{
    static const uint16_t tags[] = {0x00c1, 0x00c2, 0x00c3, 0x01c1,
                                    0x01c2, 0x8001, 0x8002};
    uint16_t tag = tags[fuzz_pick(7)];
    uint32_t code = fuzz_pick(2) != 0 ? fuzz_u32() : 0x100u * fuzz_pick(3);
    enum vtpmring_status status;
    uint8_t locality = fuzz_u8();
    const char *name;

    name = vtpmring_tpm_command_name(tag, code + fuzz_u8());
    fuzz_check(name != NULL && (name[0] == '?' || name[0] == 'T' ||
                                strncmp(name, "VTPM_", 5) == 0),
               "a name is none");
    status = (enum vtpmring_status)fuzz_u8();
    fuzz_check(vtpmring_status_name(status)[0] != '\0' &&
                   vtpmring_status_text(status)[0] != '\0',
               "a status has no name");
    fuzz_check(vtpmring_status_is_peer(status) ==
                   (strncmp(vtpmring_status_name(status), "EPEER_", 6) == 0),
               "the wrong side is blamed");
    fuzz_check(vtpmring_tpm_is_locality(locality) ==
                   (locality < 5 || locality > 31),
               "a locality is judged wrongly");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input(data, size);
    while (fuzz_left() > 0) {
        switch (fuzz_pick(3)) {
        case 0:
            parse();
            break;
        case 1:
            error();
            break;
        default:
            names();
            break;
        }
        fuzz_forget();
    }
    return 0;
}
