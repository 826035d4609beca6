/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_GNTMAP_H
#define MINIOS_HOSTED_GNTMAP_H

#include <mini-os/types.h>

struct gntmap {
    int room;
};

void gntmap_init(struct gntmap *map);
void gntmap_fini(struct gntmap *map);
int gntmap_set_max_grants(struct gntmap *map, int count);
void *gntmap_map_grant_refs(struct gntmap *map, uint32_t count,
                            uint32_t *domids, int domids_stride, uint32_t *refs,
                            int writable);
int gntmap_munmap(struct gntmap *map, unsigned long start_address, int count);

#endif
