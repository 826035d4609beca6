/* SPDX-License-Identifier: MIT */
#include "minios.h"

#include <mini-os/gnttab.h>
#include <mini-os/mm.h>
#include <vtpmring/page.h>

#define PAGES_MAX ((size_t)VTPMRING_PAGE_EXTRA_MAX + 1)

/* What a peer still maps outlives the port that shared it; ports that come later
 * try again. */
static struct vtpmring_minios_share *leftovers;

/* Of the smallest block of pages with so many in it. */
static int order_of(size_t count)
{
    int order = 0;

    while ((size_t)1 << order < count)
        order++;
    return order;
}

static void *page(void *pages, size_t i)
{
    return (char *)pages + i * VTPMRING_PAGE_SIZE;
}

/* Only pages of this allocator have frames of their own: malloc's may not. */
enum vtpmring_status vtpmring_minios_share(struct vtpmring_port *port,
                                           uint16_t peer, size_t count,
                                           void **pages, uint32_t *refs)
{
    struct vtpmring_minios_port *self = minios(port);
    struct vtpmring_minios_share *share;
    void *made;

    if (count == 0 || count > PAGES_MAX)
        return VTPMRING_EINVAL;
    vtpmring_minios_reap();
    share = malloc(sizeof(*share) + count * sizeof(share->refs[0]));
    if (share == NULL)
        return VTPMRING_ENOMEM;
    made = (void *)alloc_pages(order_of(count));
    if (made == NULL) {
        free(share);
        return VTPMRING_ENOMEM;
    }
    memset(made, 0, count * VTPMRING_PAGE_SIZE);
    for (size_t i = 0; i < count; i++)
        refs[i] = share->refs[i] =
            gnttab_grant_access(peer, virt_to_mfn(page(made, i)), 0);
    share->pages = *pages = made;
    share->count = count;
    share->next = self->shares;
    self->shares = share;
    return VTPMRING_OK;
}

/* Whether no grant is left. What a peer maps cannot be ended yet. */
static bool ended(struct vtpmring_minios_share *share)
{
    bool all = true;

    for (size_t i = 0; i < share->count; i++) {
        if (share->refs[i] != 0 && gnttab_end_access(share->refs[i]) != 0)
            share->refs[i] = 0;
        all = all && share->refs[i] == 0;
    }
    return all;
}

static void release(struct vtpmring_minios_share *share)
{
    free_pages(share->pages, order_of(share->count));
    free(share);
}

void vtpmring_minios_reap(void)
{
    struct vtpmring_minios_share **at = &leftovers, *share;

    while ((share = *at) != NULL) {
        if (ended(share)) {
            *at = share->next;
            release(share);
        } else {
            at = &share->next;
        }
    }
}

void vtpmring_minios_unshare(struct vtpmring_port *port, void *pages,
                             size_t count)
{
    struct vtpmring_minios_port *self = minios(port);
    struct vtpmring_minios_share **at = &self->shares, *share;

    (void)count;
    while ((*at)->pages != pages)
        at = &(*at)->next;
    share = *at;
    *at = share->next;
    if (ended(share)) {
        release(share);
        return;
    }
    share->next = leftovers;
    leftovers = share;
}

enum vtpmring_status vtpmring_minios_map(struct vtpmring_port *port,
                                         uint16_t peer, const uint32_t *refs,
                                         size_t count, void **pages)
{
    struct vtpmring_minios_port *self = minios(port);
    struct vtpmring_minios_map *map;
    uint32_t domid = peer;

    if (count == 0 || count > PAGES_MAX)
        return VTPMRING_EINVAL;
    map = malloc(sizeof(*map));
    if (map == NULL)
        return VTPMRING_ENOMEM;
    gntmap_init(&map->map);
    map->pages = NULL;
    if (gntmap_set_max_grants(&map->map, (int)count) == 0)
        map->pages =
            gntmap_map_grant_refs(&map->map, (uint32_t)count, &domid, 0,
                                  (uint32_t *)(unsigned long)refs, 1);
    if (map->pages == NULL) {
        gntmap_fini(&map->map);
        free(map);
        return VTPMRING_EPORT;
    }
    *pages = map->pages;
    map->next = self->maps;
    self->maps = map;
    return VTPMRING_OK;
}

void vtpmring_minios_unmap(struct vtpmring_port *port, void *pages,
                           size_t count)
{
    struct vtpmring_minios_port *self = minios(port);
    struct vtpmring_minios_map **at = &self->maps, *map;

    while ((*at)->pages != pages)
        at = &(*at)->next;
    map = *at;
    *at = map->next;
    (void)gntmap_munmap(&map->map, (unsigned long)pages, (int)count);
    gntmap_fini(&map->map);
    free(map);
}
