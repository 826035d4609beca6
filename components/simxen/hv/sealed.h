/* SPDX-License-Identifier: MIT */
/**
 * @file sealed.h
 * Pages and descriptors that can be given to a stranger.
 */
#ifndef SIMXEN_SEALED_H
#define SIMXEN_SEALED_H

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

/**
 * A zeroed page in a file of its own that can neither shrink (so that nobody
 * who maps it gets SIGBUS) nor grow.
 * @param more_seals further F_SEAL_ flags
 * @return a descriptor or -errno
 */
int sealed_page(int more_seals);

/** Map such a page for reading and writing. @return NULL if it cannot be. */
void *sealed_map(int fd);

/**
 * Open what a descriptor refers to once more, with a file description of its
 * own. @return a close-on-exec descriptor or -errno.
 */
int fd_reopen(int fd, int flags);

#endif
