# SPDX-License-Identifier: MIT
# page.c: one byte too many for the first page
# caught by: eva leaf 1
# caught by: wp page vtpmring_page_write
s/length < room ? length : room)/length < room ? length : room + 1)/
