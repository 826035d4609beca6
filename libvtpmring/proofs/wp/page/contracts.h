/* SPDX-License-Identifier: MIT */
/* Contracts of core/page.c, read before it. */
#include <shmem.h>
#include <vtpmring/page.h>

/*@ predicate mapped(struct vtpmring_page *page) =
      \valid_read(page) && \valid(page->first + (0 .. 4095)) &&
      (page->extra == \null ||
       \valid(page->extra + (0 .. page->extra_count * 4096 - 1))) &&
      (page->extra == \null ||
       \separated(page->first + (0 .. 4095),
                  page->extra + (0 .. page->extra_count * 4096 - 1)));

    logic integer room(integer nr_extra) = 4088 - 4 * nr_extra;
    logic integer mapped_extra(struct vtpmring_page *page) =
      page->extra == \null ? 0 : page->extra_count;

    // the packet fits the pages of the exchange, and they are mapped
    predicate fitting(struct vtpmring_page *page, integer nr_extra,
                      integer length) =
      length <= room(nr_extra) ||
      (nr_extra <= mapped_extra(page) &&
       length <= 4088 + 4092 * nr_extra); */

/*@ assigns \nothing;
    ensures \result == 8 + 4 * nr_extra; */
size_t vtpmring_page_packet_offset(uint8_t nr_extra);

/*@ assigns \nothing;
    ensures \result == 4088 + 4092 * nr_extra; */
size_t vtpmring_page_capacity(uint8_t nr_extra);

/*@ requires mapped(page);
    requires 0 <= shmem_now < 1000;
    assigns shmem_now;
    ensures once: shmem_now == \old(shmem_now) + 1;
    ensures \result == peer_u8(page->first + 4, \old(shmem_now)); */
uint8_t vtpmring_page_load_state(const struct vtpmring_page *page);

/*@ requires mapped(page);
    requires 0 <= state <= 3;
    requires \separated(page, page->first + (0 .. 4095));
    assigns page->first[4];
    ensures page->first[4] == state; */
void vtpmring_page_store_state(const struct vtpmring_page *page,
                               enum vtpmring_page_state state);

/*@ requires mapped(page);
    requires 0 <= from <= 3 && 0 <= to <= 3;
    requires \separated(page, page->first + (0 .. 4095));
    assigns page->first[4], shmem_now;
    ensures \result ==> page->first[4] == to;
    ensures !\result ==> page->first[4] == \old(page->first[4]); */
bool vtpmring_page_swap_state(const struct vtpmring_page *page,
                              enum vtpmring_page_state from,
                              enum vtpmring_page_state to);

// the snapshot: three loads, each field one of them
/*@ requires mapped(page);
    requires \valid(head);
    requires \separated(head, page, page->first + (0 .. 4095));
    requires 0 <= shmem_now < 1000;
    assigns *head, shmem_now;
    ensures once: shmem_now == \old(shmem_now) + 3;
    ensures length: head->length == peer_u32(page->first, \old(shmem_now));
    ensures locality:
      head->locality == peer_u8(page->first + 5, \old(shmem_now) + 1);
    ensures nr_extra:
      head->nr_extra == peer_u8(page->first + 7, \old(shmem_now) + 2); */
void vtpmring_page_read_head(const struct vtpmring_page *page,
                             struct vtpmring_page_head *head);

/*@ requires mapped(page);
    requires nr_extra == 0 || \valid(refs + (0 .. nr_extra - 1));
    requires \separated(refs + (0 .. nr_extra - 1), page,
                        page->first + (0 .. 4095));
    requires 0 <= shmem_now < 1000;
    assigns refs[0 .. nr_extra - 1], shmem_now;
    ensures once: shmem_now == \old(shmem_now) + nr_extra;
    ensures refs: \forall integer i; 0 <= i < nr_extra ==>
      refs[i] == peer_u32(page->first + 8 + 4 * i, \old(shmem_now) + i);
    ensures unchanged: !\result ==> \forall integer i; 0 <= i < nr_extra ==>
      refs[i] == \old(refs[i]); */
bool vtpmring_page_read_refs(const struct vtpmring_page *page, uint8_t nr_extra,
                             uint32_t *refs);

/*@ requires mapped(page);
    requires length < 0x100000000;
    requires \separated(page, page->first + (0 .. 4095));
    assigns page->first[0 .. 3];
    ensures page->first[0] == length % 256;
    ensures page->first[3] == length / 16777216; */
void vtpmring_page_write_length(const struct vtpmring_page *page,
                                size_t length);

/*@ requires mapped(page);
    requires \valid_read(head);
    requires head->length < 0x100000000;
    requires head->nr_extra == 0 ||
             \valid_read(refs + (0 .. head->nr_extra - 1));
    requires \separated(page->first + (0 .. 4095), page, head,
                        refs + (0 .. head->nr_extra - 1));
    assigns page->first[0 .. 3], page->first[5 .. 7],
            page->first[8 .. 7 + 4 * head->nr_extra];
    ensures page->first[5] == head->locality;
    ensures page->first[6] == 0;
    ensures page->first[7] == head->nr_extra; */
void vtpmring_page_write_head(const struct vtpmring_page *page,
                              const struct vtpmring_page_head *head,
                              const uint32_t *refs);

/*@ requires mapped(page);
    assigns \nothing;
    ensures \result != 0 <==> fitting(page, nr_extra, length); */
static bool fits(const struct vtpmring_page *page, uint8_t nr_extra,
                 size_t length);

/*@ requires mapped(page);
    requires fitting(page, nr_extra, length) ==>
             length == 0 || \valid((unsigned char *)dst + (0 .. length - 1));
    requires fitting(page, nr_extra, length) ==>
             \separated((unsigned char *)dst + (0 .. length - 1), page,
                        page->first + (0 .. 4095));
    requires 0 <= shmem_now < 1000;
    assigns ((unsigned char *)dst)[0 .. length - 1], shmem_now;
    behavior good:
      assumes fitting(page, nr_extra, length);
      ensures \result == VTPMRING_OK;
      ensures once: shmem_now ==
        \old(shmem_now) + (length <= room(nr_extra) ? 1 : 2);
      ensures first: \forall integer i; 0 <= i < length ==>
        i < room(nr_extra) ==> ((unsigned char *)dst)[i] ==
        peer_u8(page->first + (8 + 4 * nr_extra + i), \old(shmem_now));
      ensures extra: \forall integer i; room(nr_extra) <= i < length ==>
        ((unsigned char *)dst)[i] ==
        peer_u8(page->extra + (i - room(nr_extra)), \old(shmem_now) + 1);
    behavior bad:
      assumes !fitting(page, nr_extra, length);
      assigns \nothing;
      ensures \result == VTPMRING_EPEER_LENGTH;
    complete behaviors;
    disjoint behaviors; */
enum vtpmring_status vtpmring_page_read(const struct vtpmring_page *page,
                                        uint8_t nr_extra, void *dst,
                                        size_t length);

/*@ requires mapped(page);
    requires fitting(page, nr_extra, length) ==>
      length == 0 || \valid_read((unsigned char *)src + (0 .. length - 1));
    requires fitting(page, nr_extra, length) ==>
             \separated((unsigned char *)src + (0 .. length - 1),
                        page->first + (0 .. 4095),
                        page->extra + (0 .. page->extra_count * 4096 - 1));
    requires \separated(page, page->first + (0 .. 4095));
    requires page->extra == \null ||
             \separated(page,
                        page->extra + (0 .. page->extra_count * 4096 - 1));
    assigns page->first[8 + 4 * nr_extra .. 4095],
            page->extra[0 .. nr_extra * 4096 - 1];
    behavior good:
      assumes fitting(page, nr_extra, length);
      ensures \result == VTPMRING_OK;
      ensures first: \forall integer i; 0 <= i < length ==>
        i < room(nr_extra) ==> page->first[8 + 4 * nr_extra + i] ==
        \old(((unsigned char *)src)[i]);
      ensures extra: \forall integer i; room(nr_extra) <= i < length ==>
        page->extra[i - room(nr_extra)] == \old(((unsigned char *)src)[i]);
    behavior bad:
      assumes !fitting(page, nr_extra, length);
      assigns \nothing;
      ensures \result == VTPMRING_ENOBUF;
    complete behaviors;
    disjoint behaviors; */
enum vtpmring_status vtpmring_page_write(const struct vtpmring_page *page,
                                         uint8_t nr_extra, const void *src,
                                         size_t length);
