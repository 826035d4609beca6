# SPDX-License-Identifier: MIT
# page.c: one grant reference too many
# caught by: eva leaf 1
# caught by: wp page vtpmring_page_read_refs
s/i < nr_extra; i++/i <= nr_extra; i++/
