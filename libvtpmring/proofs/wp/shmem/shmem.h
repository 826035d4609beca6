/* SPDX-License-Identifier: MIT */
/**
 * @file shmem.h
 * The twin of core/shmem/shmem.h for deductive proofs. Every load happens at a
 * moment of its own and sees what the page holds at that moment, which has
 * nothing to do with what it held before: so a contract can say not only what
 * was read but that it was read once.
 */
#ifndef VTPMRING_SHMEM_H
#define VTPMRING_SHMEM_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

/*@ ghost int shmem_now; */
/*@ ghost int shmem_stored; */

/*@ axiomatic Shared {
      logic integer peer_u8(unsigned char *p, integer moment);
      logic integer peer_u32(unsigned char *p, integer moment);
    } */

/*@ requires \valid_read(p);
    requires 0 <= shmem_now < 1000000;
    assigns shmem_now;
    ensures shmem_now == \old(shmem_now) + 1;
    ensures \result == peer_u8(p, \old(shmem_now)); */
uint8_t shmem_load_u8(const unsigned char *p);

/*@ requires \valid_read(p + (0 .. 3));
    requires 0 <= shmem_now < 1000000;
    assigns shmem_now;
    ensures shmem_now == \old(shmem_now) + 1;
    ensures \result == peer_u32(p, \old(shmem_now)); */
uint32_t shmem_load_u32(const unsigned char *p);

/*@ requires \valid_read(p);
    requires 0 <= shmem_now < 1000000;
    assigns shmem_now;
    ensures shmem_now == \old(shmem_now) + 1;
    ensures \result == peer_u8(p, \old(shmem_now)); */
uint8_t shmem_load_u8_acquire(const unsigned char *p);

/*@ requires \valid(p);
    assigns *p;
    ensures *p == v; */
void shmem_store_u8(unsigned char *p, uint8_t v);

/*@ requires \valid(p);
    assigns *p;
    ensures *p == v; */
void shmem_store_u8_release(unsigned char *p, uint8_t v);

/*@ requires \valid(p + (0 .. 3));
    assigns p[0 .. 3];
    ensures p[0] == v % 256;
    ensures p[1] == (v / 256) % 256;
    ensures p[2] == (v / 65536) % 256;
    ensures p[3] == v / 16777216; */
void shmem_store_u32(unsigned char *p, uint32_t v);

/*@ requires \valid(p);
    assigns *p, shmem_now;
    ensures \result ==> *p == to;
    ensures !\result ==> *p == \old(*p); */
bool shmem_swap_u8(unsigned char *p, uint8_t from, uint8_t to);

/*@ requires length == 0 || \valid(dst + (0 .. length - 1));
    requires length == 0 || \valid_read(src + (0 .. length - 1));
    requires 0 <= shmem_now < 1000000;
    assigns dst[0 .. length - 1], shmem_now;
    ensures shmem_now == \old(shmem_now) + 1;
    ensures \forall integer i; 0 <= i < length ==>
              dst[i] == peer_u8(src + i, \old(shmem_now)); */
void shmem_copy_from(unsigned char *dst, const unsigned char *src,
                     size_t length);

/*@ requires length == 0 || \valid(dst + (0 .. length - 1));
    requires length == 0 || \valid_read(src + (0 .. length - 1));
    requires \separated(dst + (0 .. length - 1), src + (0 .. length - 1));
    assigns dst[0 .. length - 1];
    ensures \forall integer i; 0 <= i < length ==>
              dst[i] == \old(src[i]); */
void shmem_copy_to(unsigned char *dst, const unsigned char *src, size_t length);

#endif
