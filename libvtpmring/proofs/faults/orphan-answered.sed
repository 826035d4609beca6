# SPDX-License-Identifier: MIT
# back_command.c: a response goes to a page that is gone
# caught by: eva back 0
/^    if (back->orphan)$/{N;/bury_orphan/d}
