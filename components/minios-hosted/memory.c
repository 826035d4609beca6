/* SPDX-License-Identifier: MIT */
#include "hosted.h"

#include <stdlib.h>
#include <sys/mman.h>

#include <mini-os/gntmap.h>
#include <mini-os/gnttab.h>
#include <mini-os/mm.h>
#include <xengnttab.h>

#define PAGE 4096u

static xengntshr_handle *shares;
static xengnttab_handle *maps;

/* A page that is granted: the library has its own mapping of it. */
struct grant {
    grant_ref_t ref;
    void *page, *own;
    struct grant *next;
};
static struct grant *grants;

bool minios_memory_open(void)
{
    shares = xengntshr_open(NULL, 0);
    maps = xengnttab_open(NULL, 0);
    return shares != NULL && maps != NULL;
}

unsigned long alloc_pages(int order)
{
    void *made = mmap(NULL, (size_t)PAGE << order, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return made == MAP_FAILED ? 0 : (unsigned long)made;
}

void free_pages(void *pages, int order)
{
    for (const struct grant *g = grants; g != NULL; g = g->next)
        if ((char *)g->page >= (char *)pages &&
            (char *)g->page < (char *)pages + ((size_t)PAGE << order))
            minios_crash("a page is freed that is granted");
    (void)munmap(pages, (size_t)PAGE << order);
}

/* The page that is there becomes one that the library shares. */
grant_ref_t gnttab_grant_access(domid_t peer, unsigned long frame, int readonly)
{
    struct grant *made = malloc(sizeof(*made));
    void *page = (void *)(frame << 12);

    minios_may_sleep("gnttab_grant_access() in a handler");
    made->own = xengntshr_share_pages(shares, peer, 1, &made->ref, !readonly);
    if (made->own == NULL)
        minios_crash("no grant is free, and none will be");
    __builtin_memcpy(made->own, page, PAGE);
    if (mremap(made->own, 0, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page) != page)
        minios_crash("a granted page cannot be mapped");
    made->page = page;
    made->next = grants;
    grants = made;
    return made->ref;
}

/* A peer that does not let go, so many times: MINIOS_HELD in the environment. */
static bool is_held(void)
{
    static long left = -1;
    const char *text = getenv("MINIOS_HELD");

    if (left < 0)
        left = text != NULL ? strtol(text, NULL, 10) : 0;
    return left > 0 && left-- > 0;
}

int gnttab_end_access(grant_ref_t ref)
{
    struct grant **at = &grants, *found;

    while (*at != NULL && (*at)->ref != ref)
        at = &(*at)->next;
    if (*at == NULL)
        minios_crash("a grant is ended twice");
    if (is_held())
        return 0;
    found = *at;
    *at = found->next;
    (void)mmap(found->page, PAGE, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    (void)xengntshr_unshare(shares, found->own, 1);
    free(found);
    return 1;
}

void gntmap_init(struct gntmap *map)
{
    map->room = 0;
}

void gntmap_fini(struct gntmap *map)
{
    map->room = 0;
}

int gntmap_set_max_grants(struct gntmap *map, int count)
{
    if (map->room != 0)
        return -1;
    map->room = count;
    return 0;
}

void *gntmap_map_grant_refs(struct gntmap *map, uint32_t count,
                            uint32_t *domids, int domids_stride, uint32_t *refs,
                            int writable)
{
    if (domids_stride != 0 || count > (uint32_t)map->room)
        return NULL;
    return xengnttab_map_domain_grant_refs(
        maps, count, domids[0], refs, PROT_READ | (writable ? PROT_WRITE : 0));
}

int gntmap_munmap(struct gntmap *map, unsigned long start_address, int count)
{
    (void)map;
    return xengnttab_unmap(maps, (void *)start_address, (uint32_t)count);
}
