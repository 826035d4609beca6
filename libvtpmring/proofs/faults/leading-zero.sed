# SPDX-License-Identifier: MIT
# xenbus.c: 01 is a number
# caught by: wp xenbus vtpmring_xenbus_parse_number
s/^    if (text\[0\] == '0' && length > 1)/    if (text[0] == '0' \&\& length > 2)/
