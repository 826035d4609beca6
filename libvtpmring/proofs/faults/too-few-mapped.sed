# SPDX-License-Identifier: MIT
# back_command.c: fewer pages are mapped than the command has
# caught by: eva back 1
s/^        if (changed || back->page.extra_count < back->head.nr_extra) {/        if (changed) {/
