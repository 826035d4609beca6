# SPDX-License-Identifier: MIT
# tpm.c: the bytes of a number in the wrong order
# caught by: wp tpm get_u16
s/(unsigned)p\[0\] << 8 | p\[1\]/(unsigned)p[1] << 8 | p[0]/
