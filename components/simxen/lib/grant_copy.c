/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <xengnttab.h>

#include "grants.h"

/* The foreign side's page, mapped for the length of one copy. */
static uint8_t *map_side(xengnttab_handle *xgt, bool foreign,
                         const union xengnttab_copy_ptr *side, int prot,
                         void **page)
{
    *page = NULL;
    if (!foreign)
        return side->virt;
    *page = xengnttab_map_grant_ref(xgt, side->foreign.domid, side->foreign.ref,
                                    prot);
    return *page ? (uint8_t *)*page + side->foreign.offset : NULL;
}

static int16_t copy_segment(xengnttab_handle *xgt,
                            const xengnttab_grant_copy_segment_t *segment)
{
    const bool from_ref = segment->flags & GNTCOPY_source_gref;
    const bool to_ref = segment->flags & GNTCOPY_dest_gref;
    void *from_page;
    void *to_page;
    const uint8_t *from =
        map_side(xgt, from_ref, &segment->source, PROT_READ, &from_page);
    uint8_t *to =
        map_side(xgt, to_ref, &segment->dest, PROT_READ | PROT_WRITE, &to_page);
    const bool mapped =
        (!from_ref || from_page != NULL) && (!to_ref || to_page != NULL);

    if (mapped)
        memmove(to, from, segment->len);
    if (from_page)
        (void)xengnttab_unmap(xgt, from_page, 1);
    if (to_page)
        (void)xengnttab_unmap(xgt, to_page, 1);
    return mapped ? GNTST_okay : GNTST_bad_gntref;
}

static bool crosses_page(const union xengnttab_copy_ptr *side, uint16_t len)
{
    return (size_t)side->foreign.offset + len > SIMXEN_PAGE_SIZE;
}

int xengnttab_grant_copy(xengnttab_handle *xgt, uint32_t count,
                         xengnttab_grant_copy_segment_t *segs)
{
    const unsigned known = GNTCOPY_source_gref | GNTCOPY_dest_gref;

    for (uint32_t i = 0; i < count; i++) {
        const xengnttab_grant_copy_segment_t *s = &segs[i];

        if ((s->flags & known) == 0 || (s->flags & ~known) != 0 ||
            (s->flags & GNTCOPY_source_gref &&
             crosses_page(&s->source, s->len)) ||
            (s->flags & GNTCOPY_dest_gref && crosses_page(&s->dest, s->len))) {
            errno = EINVAL;
            return -1;
        }
    }
    for (uint32_t i = 0; i < count; i++)
        segs[i].status = copy_segment(xgt, &segs[i]);
    return 0;
}
