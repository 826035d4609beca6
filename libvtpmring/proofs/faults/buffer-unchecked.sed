# SPDX-License-Identifier: MIT
# back_command.c: a command may be longer than the buffer
# caught by: eva back 16
/^        back->head.length > back->config.buffer_size ||/d
