# SPDX-License-Identifier: MIT
# front.c: the page is kept after it was taken back
# caught by: eva front 0
s/^        front->page = (struct vtpmring_page){0};/        front->want_notify = false;/
