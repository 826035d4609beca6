# SPDX-License-Identifier: MIT
# xenbus.c: the character after 9 is a digit
# caught by: wp xenbus vtpmring_xenbus_parse_number
s/text\[i\] > '9'/text[i] > ':'/
