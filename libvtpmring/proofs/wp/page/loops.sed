# SPDX-License-Identifier: MIT
# Loop annotations of core/page.c, put into a copy.
/^    for (size_t i = 0; i <=* nr_extra; i++) {/i\
    /*@ loop invariant 0 <= i <= nr_extra;\
        loop invariant shmem_now == \\at(shmem_now, Pre) + i;\
        loop invariant \\forall integer k; 0 <= k < i ==>\
          refs[k] == peer_u32(page->first + 8 + 4 * k,\
                              \\at(shmem_now, Pre) + k);\
        loop invariant \\forall integer k; i <= k < nr_extra ==>\
          refs[k] == \\at(refs[k], Pre);\
        loop invariant !changed ==> \\forall integer k; 0 <= k < i ==>\
          refs[k] == \\at(refs[k], Pre);\
        loop assigns i, changed, shmem_now, refs[0 .. nr_extra - 1];\
        loop variant nr_extra - i; */
/^    for (size_t i = 0; i <=* head->nr_extra; i++)/i\
    /*@ loop invariant 0 <= i <= head->nr_extra;\
        loop assigns i, page->first[8 .. 7 + 4 * head->nr_extra];\
        loop variant head->nr_extra - i; */
