# SPDX-License-Identifier: MIT
# page.c: the snapshot loads the locality a second time
# caught by: eva leaf 1
# caught by: wp page vtpmring_page_read_head
# caught by: coccinelle
/^    head->nr_extra = shmem_load_u8/i\    head->locality = shmem_load_u8(page->first + VTPMRING_PAGE_LOCALITY_OFFSET);
