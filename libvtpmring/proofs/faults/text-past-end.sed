# SPDX-License-Identifier: MIT
# xenbus.c: the parser reads one digit past the end
# caught by: eva leaf 0
# caught by: wp xenbus vtpmring_xenbus_parse_number
s/^    for (size_t i = 0; i < length; i++)/    for (size_t i = 0; i <= length; i++)/
