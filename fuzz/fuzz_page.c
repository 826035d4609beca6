/* SPDX-License-Identifier: MIT */
/* The functions of page.h on pages of any number, with any length. */
#include "fuzz.h"
#include "shared.h"
#include <vtpmring/page.h>

#include <string.h>

static struct fuzz_shared first, extra;
static struct vtpmring_page page;
static uint8_t nr_extra;

/* What the peer gave, and what was written, in the order of the packet. */
static struct {
    bool writes_allowed, reads_allowed;
    size_t from; /* the first byte that may be touched on the first page */
    size_t to;   /* the first that may not */
    size_t read, written;
    const unsigned char *expected; /* of writes */
    unsigned char *got;            /* of reads */
} see;

static void check_place(const struct fuzz_shared *s, size_t offset,
                        size_t length)
{
    fuzz_check(s->extra || (offset >= see.from && offset + length <= see.to),
               "a wrong place of the page is touched");
}

void fuzz_on_read(const struct fuzz_shared *s, size_t offset,
                  const unsigned char *value, size_t length)
{
    fuzz_check(see.reads_allowed, "a writer reads");
    check_place(s, offset, length);
    memcpy(see.got + see.read, value, length);
    see.read += length;
}

void fuzz_on_write(const struct fuzz_shared *s, size_t offset,
                   const unsigned char *value, size_t length)
{
    fuzz_check(see.writes_allowed, "a reader writes");
    check_place(s, offset, length);
    if (see.expected != NULL)
        fuzz_check(memcmp(see.expected + see.written, value, length) == 0,
                   "something else is written");
    see.written += length;
}

static void look(bool reads, size_t from, size_t to, size_t room)
{
    memset(&see, 0, sizeof(see));
    see.reads_allowed = reads;
    see.writes_allowed = !reads;
    see.from = from;
    see.to = to;
    if (reads)
        see.got = fuzz_memory(room);
    fuzz_shared_fresh(&first);
    fuzz_shared_fresh(&extra);
}

/* Where a packet begins and how much is there, in wide numbers. */
static uint64_t offset_of(uint8_t nr)
{
    return 8 + 4 * (uint64_t)nr;
}

static bool fits(uint64_t length)
{
    uint64_t room = 4096 - offset_of(nr_extra);

    if (length <= room)
        return true;
    return nr_extra <= page.extra_count && page.extra != NULL &&
           length <= room + 4096 * (uint64_t)nr_extra;
}

/* Long lengths must be refused before anything is touched. */
static size_t length_of_packet(void)
{
    uint64_t room = vtpmring_page_capacity(nr_extra);
    size_t length;

    switch (fuzz_pick(4)) {
    case 0:
        return fuzz_length();
    case 1:
        return (size_t)(room + fuzz_u8() - 16);
    case 2:
        return (size_t)(4096 - offset_of(nr_extra) + fuzz_u8() - 16);
    default:
        length = fuzz_u32();
        return length << fuzz_pick(64);
    }
}

static void read_packet(void)
{
    size_t length = length_of_packet();
    bool right = fits(length);
    unsigned char *dst = fuzz_memory(right ? length : 1);
    enum vtpmring_status status;

    look(true, (size_t)offset_of(nr_extra), 4096, right ? length : 1);
    status = vtpmring_page_read(&page, nr_extra, dst, length);
    fuzz_check(status == (right ? VTPMRING_OK : VTPMRING_EPEER_LENGTH),
               "a length is judged wrongly");
    fuzz_check(see.read == (right ? length : 0) &&
                   memcmp(dst, see.got, see.read) == 0,
               "a packet is not what was read");
}

static void write_packet(void)
{
    size_t length = length_of_packet();
    bool right = fits(length);
    unsigned char *src = fuzz_memory(right ? length : 1);
    enum vtpmring_status status;

    (void)fuzz_bytes(src, right ? length % 64 : 0);
    look(false, (size_t)offset_of(nr_extra), 4096, 0);
    see.expected = src;
    status = vtpmring_page_write(&page, nr_extra, src, length);
    fuzz_check(status == (right ? VTPMRING_OK : VTPMRING_ENOBUF),
               "a length is judged wrongly");
    fuzz_check(see.written == (right ? length : 0), "a packet is cut off");
}

static void read_head(void)
{
    struct vtpmring_page_head head;
    uint32_t length;

    look(true, 0, 8, 8);
    vtpmring_page_read_head(&page, &head);
    memcpy(&length, see.got, 4);
    fuzz_check(see.read == 6 && head.length == length &&
                   head.locality == see.got[4] && head.nr_extra == see.got[5],
               "the snapshot is not what was read");
}

static void read_refs(void)
{
    uint8_t nr = fuzz_u8();
    uint32_t *refs = fuzz_memory(4 * (size_t)nr);
    bool changed, differs = false;

    for (unsigned i = 0; i < nr && i < 8; i++)
        refs[i] = fuzz_u8();
    look(true, 8, 8 + 4 * (size_t)nr, 4 * (size_t)nr);
    {
        uint32_t *before = fuzz_memory(4 * (size_t)nr);

        memcpy(before, refs, 4 * (size_t)nr);
        changed = vtpmring_page_read_refs(&page, nr, refs);
        differs = memcmp(before, refs, 4 * (size_t)nr) != 0;
    }
    fuzz_check(see.read == 4 * (size_t)nr &&
                   memcmp(refs, see.got, see.read) == 0,
               "the references are not what was read");
    fuzz_check(changed == differs, "a change of references is missed");
}

static void write_head(void)
{
    uint8_t nr = fuzz_u8();
    struct vtpmring_page_head head = {.nr_extra = nr};
    uint32_t *refs = nr == 0 ? NULL : fuzz_memory(4 * (size_t)nr);
    uint32_t length;

    head.length = fuzz_u32();
    head.locality = fuzz_u8();
    for (unsigned i = 0; i < nr && i < 4; i++)
        refs[i] = fuzz_u32();
    look(false, 0, 8 + 4 * (size_t)nr, 0);
    first.at[4] = 0x77;
    vtpmring_page_write_head(&page, &head, refs);
    memcpy(&length, first.at, 4);
    fuzz_check(length == head.length && first.at[4] == 0x77 &&
                   first.at[5] == head.locality && first.at[6] == 0 &&
                   first.at[7] == nr &&
                   (nr == 0 || memcmp(first.at + 8, refs, 4 * nr) == 0),
               "the header is not what was to be written");
}

static void state(void)
{
    uint8_t from = fuzz_u8(), to = fuzz_u8(), now;

    look(true, 4, 5, 4);
    now = vtpmring_page_load_state(&page);
    fuzz_check(see.read == 1 && now == see.got[0], "a state is read wrongly");
    look(false, 4, 5, 0);
    vtpmring_page_store_state(&page, (enum vtpmring_page_state)from);
    fuzz_check(see.written == 1 && first.at[4] == from,
               "a state is written wrongly");
    /* what the peer has just written must not be buried */
    first.honest = true;
    first.at[4] = now;
    fuzz_check(vtpmring_page_swap_state(&page, (enum vtpmring_page_state)from,
                                        (enum vtpmring_page_state)to) ==
                       (now == from) &&
                   first.at[4] == (now == from ? to : now),
               "a state is changed wrongly");
    first.honest = false;
}

static void one(void)
{
    nr_extra = fuzz_u8();
    fuzz_check(vtpmring_page_packet_offset(nr_extra) == offset_of(nr_extra) &&
                   vtpmring_page_capacity(nr_extra) ==
                       4088 + 4092 * (uint64_t)nr_extra,
               "the layout is wrong");
    switch (fuzz_pick(6)) {
    case 0:
        read_packet();
        break;
    case 1:
        write_packet();
        break;
    case 2:
        read_head();
        break;
    case 3:
        read_refs();
        break;
    case 4:
        write_head();
        break;
    default:
        state();
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t count, how;

    fuzz_input(data, size);
    fuzz_shared_run(&page);
    how = fuzz_u8();
    count = how < 248 ? how % 4 : how;
    fuzz_shared_map(&first, 1, &page, false);
    page = (struct vtpmring_page){.first = first.at, .extra_count = count};
    /* pages that are counted need not be mapped */
    if (count > 0 && fuzz_pick(8) != 7) {
        fuzz_shared_map(&extra, count, &page, false);
        extra.extra = true;
        page.extra = extra.at;
    }
    for (int i = 0; i < 16 && fuzz_left() > 0; i++) {
        one();
        fuzz_forget();
    }
    fuzz_shared_end();
    return 0;
}
