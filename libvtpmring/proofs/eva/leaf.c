/* SPDX-License-Identifier: MIT */
/* What has no state: the page functions over EVA_EXTRA mapped pages or none,
 * for every number of pages that a peer can name and every length; packets,
 * texts and names. */
#include <vtpmring/vtpmring.h>
#include "driver.h"

const bool shmem_split_extra = false;

static unsigned char packet[CAPACITY(EVA_EXTRA)];
static uint32_t refs[EVA_EXTRA + 1];
static struct vtpmring_page page = {.first = shmem_page};

/* Numbers of pages above that of the mapped ones are alike, so one run has all
 * of them. */
#define MOST (EVA_EXTRA == 0 ? 255 : EVA_EXTRA + 1)

static void copies(void)
{
    unsigned nr_extra = pick(0, MOST);
    size_t length = any_size;
    unsigned char *bytes = packet;

    //@ split nr_extra;
    page.extra = any ? EXTRA_PAGES : NULL;
    /* the buffer ends with the longest packet that fits */
    if (nr_extra <= EVA_EXTRA)
        bytes += sizeof(packet) - vtpmring_page_capacity((uint8_t)nr_extra);
    if (any)
        vtpmring_page_read(&page, (uint8_t)nr_extra, bytes, length);
    else
        vtpmring_page_write(&page, (uint8_t)nr_extra, bytes, length);
}

static void heads(void)
{
    struct vtpmring_page_head head;
    unsigned nr_extra = pick(0, EVA_EXTRA);

    //@ split nr_extra;
    vtpmring_page_read_head(&page, &head);
    vtpmring_page_read_refs(&page, (uint8_t)nr_extra,
                            refs + (EVA_EXTRA + 1 - nr_extra));
    head.nr_extra = (uint8_t)nr_extra;
    vtpmring_page_write_head(&page, &head, refs + (EVA_EXTRA + 1 - nr_extra));
    vtpmring_page_store_state(&page, (enum vtpmring_page_state)any);
    vtpmring_page_swap_state(&page, (enum vtpmring_page_state)any,
                             (enum vtpmring_page_state)any);
    vtpmring_page_load_state(&page);
}

static void packets(void)
{
    struct vtpmring_tpm_header header;
    unsigned length = pick(0, 12);
    unsigned char *bytes;

    //@ split length;
    bytes = packet + (sizeof(packet) - length);
    if (vtpmring_tpm_parse(bytes, length, &header) == VTPMRING_EPEER_LENGTH) {
        //@ assert length < 10;
        //@ assert header.tag == 0 && header.size == 0 && header.code == 0;
    }
    bytes = packet + (sizeof(packet) - VTPMRING_TPM_HEADER_SIZE);
    vtpmring_tpm_format(&header, bytes);
    length = (unsigned)vtpmring_tpm_error((enum vtpmring_tpm_family)any,
                                          (uint16_t)any,
                                          (enum vtpmring_tpm_error)any, bytes);
    //@ assert length == 10;
    if (vtpmring_tpm_is_locality((uint8_t)any)) {
        const char *name = vtpmring_tpm_command_name((uint16_t)any, any);
        //@ assert \valid_read(name);
    }
}

static const uint32_t limits[] = {0, 1, 6, 9, 255, INT32_MAX, UINT32_MAX};

static void texts(void)
{
    size_t length;
    const char *text = pick_text(&length);
    unsigned which = pick(0, sizeof(limits) / sizeof(limits[0]) - 1);
    uint32_t number = 0, max;
    enum vtpmring_xenbus_state state;

    //@ split which;
    max = limits[which];
    if (vtpmring_xenbus_parse_number(text, length, max, &number) ==
        VTPMRING_OK) {
        //@ assert number <= max;
        //@ assert 1 <= length <= 10;
    }
    state = vtpmring_xenbus_parse_state(text, length);
    //@ assert state < VTPMRING_XENBUS_STATE_COUNT;
}

static void names(void)
{
    const char *text;

    text = vtpmring_xenbus_state_name((enum vtpmring_xenbus_state)any);
    //@ assert \valid_read(text);
    text = vtpmring_status_name((enum vtpmring_status)any);
    //@ assert \valid_read(text);
    text = vtpmring_status_text((enum vtpmring_status)any);
    //@ assert \valid_read(text);
    vtpmring_status_is_peer((enum vtpmring_status)any);
}

/*@ assigns packet[..], refs[..] \from any; */
static void fill(void);

void main(void)
{
    fill();
    page.extra_count = EVA_EXTRA;
    /* what has nothing to do with pages is in one run */
    switch (pick(0, EVA_EXTRA == 0 ? 4 : 1)) {
    case 0:
        copies();
        break;
    case 1:
        heads();
        break;
    case 2:
        packets();
        break;
    case 3:
        texts();
        break;
    default:
        names();
        break;
    }
}
