# SPDX-License-Identifier: MIT
# back_command.c: more extra pages than the caller allows
# caught by: eva back 1
s/^        back->head.nr_extra > back->config.max_extra) {/        back->head.nr_extra > VTPMRING_PAGE_EXTRA_MAX) {/
