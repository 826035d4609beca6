# SPDX-License-Identifier: MIT
# page.c: the snapshot loads the length a second time
# caught by: eva leaf 1
# caught by: wp page vtpmring_page_read_head
# caught by: coccinelle
/^    head->locality = shmem_load_u8/i\    head->length = shmem_load_u32(page->first + VTPMRING_PAGE_LENGTH_OFFSET);
