# SPDX-License-Identifier: MIT
# front_command.c: the frontend takes a second snapshot
# caught by: eva front 1
# caught by: coccinelle
/^    if (head.length > size)/i\    vtpmring_page_read_head(\&front->page, \&head);
