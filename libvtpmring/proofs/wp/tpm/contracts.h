/* SPDX-License-Identifier: MIT */
/* Contracts of core/tpm.c, read before it. */
#include <vtpmring/tpm.h>

// big-endian, most significant byte first
/*@ logic integer get16(unsigned char *p) =
      (uint16_t)((uint32_t)(p[0] << 8) | p[1]);
    logic integer get32(unsigned char *p) =
      (uint32_t)(p[0] << 24) | (uint32_t)(p[1] << 16) |
      (uint32_t)(p[2] << 8) | p[3];
    predicate put16(unsigned char *p, integer v) =
      p[0] == (unsigned char)(v >> 8) && p[1] == (unsigned char)v;
    predicate put32(unsigned char *p, integer v) =
      put16(p, (uint16_t)(v >> 16)) && put16(p + 2, (uint16_t)v); */

/*@ requires \valid_read(p + (0 .. 1));
    assigns \nothing;
    ensures \result == get16(p); */
static uint16_t get_u16(const unsigned char *p);

/*@ requires \valid_read(p + (0 .. 3));
    assigns \nothing;
    ensures \result == get32(p); */
static uint32_t get_u32(const unsigned char *p);

/*@ requires \valid(p + (0 .. 1));
    assigns p[0 .. 1];
    ensures put16(p, v); */
static void put_u16(unsigned char *p, uint16_t v);

/*@ requires \valid(p + (0 .. 3));
    assigns p[0 .. 3];
    ensures put32(p, v); */
static void put_u32(unsigned char *p, uint32_t v);

/*@ requires \valid(header);
    requires length < 10 || \valid_read((unsigned char *)packet + (0 .. 9));
    requires \separated(header, (unsigned char *)packet + (0 .. 9));
    assigns *header;
    behavior short:
      assumes length < 10;
      ensures \result == VTPMRING_EPEER_LENGTH;
      ensures header->tag == 0 && header->size == 0 && header->code == 0;
    behavior whole:
      assumes length >= 10;
      ensures header->tag == get16((unsigned char *)packet);
      ensures header->size == get32((unsigned char *)packet + 2);
      ensures header->code == get32((unsigned char *)packet + 6);
      ensures \result == (header->size == length ? VTPMRING_OK
                                                 : VTPMRING_EPEER_HEADER);
    complete behaviors;
    disjoint behaviors; */
enum vtpmring_status vtpmring_tpm_parse(const void *packet, size_t length,
                                        struct vtpmring_tpm_header *header);

/*@ requires \valid_read(header);
    requires \valid((unsigned char *)packet + (0 .. 9));
    requires \separated(header, (unsigned char *)packet + (0 .. 9));
    assigns ((unsigned char *)packet)[0 .. 9];
    ensures put16((unsigned char *)packet, header->tag);
    ensures put32((unsigned char *)packet + 2, header->size);
    ensures put32((unsigned char *)packet + 6, header->code); */
void vtpmring_tpm_format(const struct vtpmring_tpm_header *header,
                         void *packet);

/*@ requires \valid((unsigned char *)response + (0 .. 9));
    assigns ((unsigned char *)response)[0 .. 9];
    ensures \result == 10;
    ensures put32((unsigned char *)response + 2, 10);
    ensures 0xc1 <= command_tag <= 0xc3 ==>
            put16((unsigned char *)response, 0xc4);
    ensures command_tag == 0x1c1 ==>
            put16((unsigned char *)response, 0x1c4);
    ensures command_tag == 0x1c2 ==>
            put16((unsigned char *)response, 0x1c5);
    ensures command_tag == 0x8001 || command_tag == 0x8002 ==>
            put16((unsigned char *)response, 0x8001); */
size_t vtpmring_tpm_error(enum vtpmring_tpm_family family, uint16_t command_tag,
                          enum vtpmring_tpm_error error, void *response);

/*@ assigns \nothing;
    ensures \result <==> locality <= 4 || locality >= 32; */
bool vtpmring_tpm_is_locality(uint8_t locality);
