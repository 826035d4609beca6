# SPDX-License-Identifier: MIT
# xenbus.c: a name is read past the end of the table
# caught by: eva leaf 0
# caught by: wp xenbus vtpmring_xenbus_state_name
s/^    return i < VTPMRING_XENBUS_STATE_COUNT/    return i <= VTPMRING_XENBUS_STATE_COUNT/
