# SPDX-License-Identifier: MIT
# page.c: offset + length wraps at 32 bits
# caught by: eva leaf 1
# caught by: wp page fits
s/^    if (length <= VTPMRING_PAGE_SIZE - vtpmring_page_packet_offset(nr_extra))/    if ((uint32_t)(vtpmring_page_packet_offset(nr_extra) + length) <=\n        VTPMRING_PAGE_SIZE)/
