# SPDX-License-Identifier: MIT
# Loop annotations of core/xenbus.c, put into a copy.
/^    for (int step = 0; step < MAX_STEPS; step++) {/i\
    /*@ loop invariant 0 <= step <= 64 && phase < rows;\
        loop assigns step, phase;\
        loop variant 64 - step; */
/^    for (size_t i = 0; i <=* length; i++) {/i\
    /*@ loop invariant 0 <= i <= length;\
        loop invariant digits(text, i);\
        loop invariant value == decimal(text, i);\
        loop invariant value < power(i);\
        loop assigns i, value;\
        loop variant length - i; */
