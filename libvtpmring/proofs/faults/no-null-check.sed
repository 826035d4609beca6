# SPDX-License-Identifier: MIT
# page.c: unmapped pages are not told by NULL
# caught by: eva leaf 1
# caught by: wp page fits
s/page->extra == NULL ? 0 : page->extra_count/page->extra_count/
