# SPDX-License-Identifier: MIT
# page.c: more pages are used than are mapped
# caught by: eva leaf 0
# caught by: wp page fits
s/^    return nr_extra <= extra_count &&/    return extra_count <= 255 \&\&/
