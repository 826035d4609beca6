/* SPDX-License-Identifier: MIT */
/* The shared page of tpmif version 2; page.h has the format. */
#include <shmem.h>
#include <vtpmring/page.h>

size_t vtpmring_page_packet_offset(uint8_t nr_extra)
{
    return VTPMRING_PAGE_HEAD_SIZE + (size_t)nr_extra * VTPMRING_PAGE_REF_SIZE;
}

size_t vtpmring_page_capacity(uint8_t nr_extra)
{
    return ((size_t)nr_extra + 1) * VTPMRING_PAGE_SIZE -
           vtpmring_page_packet_offset(nr_extra);
}

uint8_t vtpmring_page_load_state(const struct vtpmring_page *page)
{
    return shmem_load_u8_acquire(page->first + VTPMRING_PAGE_STATE_OFFSET);
}

void vtpmring_page_store_state(const struct vtpmring_page *page,
                               enum vtpmring_page_state state)
{
    shmem_store_u8_release(page->first + VTPMRING_PAGE_STATE_OFFSET,
                           (uint8_t)state);
}

bool vtpmring_page_swap_state(const struct vtpmring_page *page,
                              enum vtpmring_page_state from,
                              enum vtpmring_page_state to)
{
    return shmem_swap_u8(page->first + VTPMRING_PAGE_STATE_OFFSET,
                         (uint8_t)from, (uint8_t)to);
}

void vtpmring_page_read_head(const struct vtpmring_page *page,
                             struct vtpmring_page_head *head)
{
    head->length = shmem_load_u32(page->first + VTPMRING_PAGE_LENGTH_OFFSET);
    head->locality = shmem_load_u8(page->first + VTPMRING_PAGE_LOCALITY_OFFSET);
    head->nr_extra = shmem_load_u8(page->first + VTPMRING_PAGE_NR_EXTRA_OFFSET);
}

bool vtpmring_page_read_refs(const struct vtpmring_page *page, uint8_t nr_extra,
                             uint32_t *refs)
{
    const unsigned char *list = page->first + VTPMRING_PAGE_HEAD_SIZE;
    bool changed = false;

    for (size_t i = 0; i < nr_extra; i++) {
        uint32_t ref = shmem_load_u32(list + i * VTPMRING_PAGE_REF_SIZE);

        changed = changed || ref != refs[i];
        refs[i] = ref;
    }
    return changed;
}

void vtpmring_page_write_head(const struct vtpmring_page *page,
                              const struct vtpmring_page_head *head,
                              const uint32_t *refs)
{
    unsigned char *list = page->first + VTPMRING_PAGE_HEAD_SIZE;

    vtpmring_page_write_length(page, head->length);
    shmem_store_u8(page->first + VTPMRING_PAGE_LOCALITY_OFFSET, head->locality);
    shmem_store_u8(page->first + VTPMRING_PAGE_PAD_OFFSET, 0);
    shmem_store_u8(page->first + VTPMRING_PAGE_NR_EXTRA_OFFSET, head->nr_extra);
    for (size_t i = 0; i < head->nr_extra; i++)
        shmem_store_u32(list + i * VTPMRING_PAGE_REF_SIZE, refs[i]);
}

void vtpmring_page_write_length(const struct vtpmring_page *page, size_t length)
{
    shmem_store_u32(page->first + VTPMRING_PAGE_LENGTH_OFFSET,
                    (uint32_t)length);
}

/* Whether a packet fits the pages that the exchange has and that are mapped. */
static bool fits(const struct vtpmring_page *page, uint8_t nr_extra,
                 size_t length)
{
    size_t extra_count = page->extra == NULL ? 0 : page->extra_count;

    if (length <= VTPMRING_PAGE_SIZE - vtpmring_page_packet_offset(nr_extra))
        return true;
    return nr_extra <= extra_count &&
           length <= vtpmring_page_capacity(nr_extra);
}

enum vtpmring_status vtpmring_page_read(const struct vtpmring_page *page,
                                        uint8_t nr_extra, void *dst,
                                        size_t length)
{
    size_t offset = vtpmring_page_packet_offset(nr_extra);
    size_t room = VTPMRING_PAGE_SIZE - offset;
    unsigned char *to = dst;

    if (!fits(page, nr_extra, length))
        return VTPMRING_EPEER_LENGTH;
    shmem_copy_from(to, page->first + offset, length < room ? length : room);
    if (length > room)
        shmem_copy_from(to + room, page->extra, length - room);
    return VTPMRING_OK;
}

enum vtpmring_status vtpmring_page_write(const struct vtpmring_page *page,
                                         uint8_t nr_extra, const void *src,
                                         size_t length)
{
    size_t offset = vtpmring_page_packet_offset(nr_extra);
    size_t room = VTPMRING_PAGE_SIZE - offset;
    const unsigned char *from = src;

    if (!fits(page, nr_extra, length))
        return VTPMRING_ENOBUF;
    shmem_copy_to(page->first + offset, from, length < room ? length : room);
    if (length > room)
        shmem_copy_to(page->extra, from + room, length - room);
    return VTPMRING_OK;
}
