# SPDX-License-Identifier: MIT
# page.c: a grant reference is loaded again after the comparison
# caught by: wp page vtpmring_page_read_refs
# caught by: coccinelle
s/^        refs\[i\] = ref;/        refs[i] = shmem_load_u32(list + i * VTPMRING_PAGE_REF_SIZE);/
