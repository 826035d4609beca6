# SPDX-License-Identifier: MIT
# back_command.c: the backend takes a second snapshot
# caught by: eva back 1
# caught by: coccinelle
/^    if (back->head.nr_extra > 0) {/i\    vtpmring_page_read_head(\&back->page, \&back->head);
