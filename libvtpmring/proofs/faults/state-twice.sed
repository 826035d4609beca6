# SPDX-License-Identifier: MIT
# back_command.c: the state is loaded a second time
# caught by: coccinelle
/^    if (drop_inherited(back, state))/i\    state = vtpmring_page_load_state(\&back->page);
