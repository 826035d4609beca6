/* SPDX-License-Identifier: MIT */
/**
 * @file paths.h
 * Where things are.
 */
#ifndef SIMXEN_PATHS_H
#define SIMXEN_PATHS_H

/**
 * The runtime folder: the argument of --dir, $SIMXEN_DIR, or simxen-UID in
 * $XDG_RUNTIME_DIR or /tmp; always absolute.
 * @param option the argument of --dir or NULL
 * @return an allocated path, or NULL after a line on stderr.
 */
char *path_runtime(const char *option);

/**
 * The folder of the drop-in libraries, found from this program's own place.
 * @return an allocated path, or NULL after a line on stderr.
 */
char *path_libraries(void);

/** printf into an allocated string; ends the program without memory. */
char *path_format(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
