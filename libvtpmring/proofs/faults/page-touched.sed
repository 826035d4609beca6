# SPDX-License-Identifier: MIT
# back_command.c: shared memory is read past the page functions
# caught by: coccinelle
s/^    back->length = back->head.length;/    back->length = back->page.first[VTPMRING_PAGE_LENGTH_OFFSET];/
