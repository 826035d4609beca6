# SPDX-License-Identifier: MIT
# xenbus.c: a number may be larger than the limit
# caught by: eva leaf 0
# caught by: wp xenbus vtpmring_xenbus_parse_number
s/^    if (value > max)/    if (value > UINT32_MAX)/
