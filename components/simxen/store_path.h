/* SPDX-License-Identifier: MIT */
/**
 * @file store_path.h
 * Paths of the store: validation, resolution of relative ones, parents.
 */
#ifndef SIMXEN_STORE_PATH_H
#define SIMXEN_STORE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Room for the longest valid path with its NUL. */
#define SXS_PATH_SIZE (3072 + 1)

/**
 * Turn a client's path into an absolute one.
 *
 * @param domid     whose /local/domain/DOMID relative paths begin at
 * @param name      NUL-terminated, as the client sent it
 * @param specials  names that begin with '@' are allowed
 * @param out       the absolute path, NUL-terminated
 * @param len       its length
 * @param base      how much of it a relative path does not have (0 if name
 *                  is absolute)
 * @return 0, or EINVAL
 */
int sxs_path_resolve(uint16_t domid, const char *name, bool specials,
                     char out[SXS_PATH_SIZE], size_t *len, size_t *base);

/** The length of the parent's path; "/" is its own parent, "@x" has none
 * (0). */
size_t sxs_path_parent(const char *path, size_t len);

/** The number of names in an absolute path: 0 for "/". */
size_t sxs_path_depth(const char *path, size_t len);

/** Parse a whole string as a decimal domain id. */
bool sxs_parse_domid(const char *s, uint16_t *domid);

#endif
