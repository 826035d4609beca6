/* SPDX-License-Identifier: MIT */
/**
 * @file private.h
 * What the files of the driver do for each other.
 */
#ifndef VTPMRING_TIS_PRIVATE_H
#define VTPMRING_TIS_PRIVATE_H

#include <vtpmring/tis.h>

/** Reads a byte of a locality's registers. @return it */
static inline uint8_t tis_read8(const struct vtpmring_tis *tis,
                                unsigned locality, uint32_t offset)
{
    return tis->access->read8(tis->context,
                              locality * VTPMRING_TIS_LOCALITY_SIZE + offset);
}

/** Reads a word of them. @return it */
static inline uint32_t tis_read32(const struct vtpmring_tis *tis,
                                  unsigned locality, uint32_t offset)
{
    return tis->access->read32(tis->context,
                               locality * VTPMRING_TIS_LOCALITY_SIZE + offset);
}

/** Writes a byte of them. */
static inline void tis_write8(const struct vtpmring_tis *tis, unsigned locality,
                              uint32_t offset, uint8_t value)
{
    tis->access->write8(tis->context,
                        locality * VTPMRING_TIS_LOCALITY_SIZE + offset, value);
}

/** Writes a word of them. */
static inline void tis_write32(const struct vtpmring_tis *tis,
                               unsigned locality, uint32_t offset,
                               uint32_t value)
{
    tis->access->write32(tis->context,
                         locality * VTPMRING_TIS_LOCALITY_SIZE + offset, value);
}

/*
 * The work of the phases. Each returns VTPMRING_OK when the phase has done what
 * it is for, VTPMRING_AGAIN when there is more to do, else what is wrong.
 * `moved` is set if there was progress.
 */
/** VTPMRING_TIS_FIFO_SENDS. */
enum vtpmring_status vtpmring_tis_fifo_send(struct vtpmring_tis *tis,
                                            bool *moved);
/** VTPMRING_TIS_FIFO_RECEIVES. */
enum vtpmring_status vtpmring_tis_fifo_receive(struct vtpmring_tis *tis,
                                               bool *moved);
/** VTPMRING_TIS_CRB_SENDS. */
enum vtpmring_status vtpmring_tis_crb_send(struct vtpmring_tis *tis);
/** VTPMRING_TIS_CRB_RECEIVES. */
enum vtpmring_status vtpmring_tis_crb_receive(struct vtpmring_tis *tis);

/**
 * Judges the header of a response, the first ten bytes of tis->response, and
 * sets tis->length.
 * @param tis the driver
 * @param limit bytes that the chip can have
 * @return VTPMRING_OK, or what is wrong
 */
enum vtpmring_status vtpmring_tis_judge(struct vtpmring_tis *tis, size_t limit);

/** Whether the locality is ours at this moment. @return whether */
bool vtpmring_tis_is_ours(const struct vtpmring_tis *tis);

#endif
