/* SPDX-License-Identifier: MIT */
/**
 * @file lock.h
 * Who of several processes uses a vTPM now.
 *
 * A frontend device has one shared page, so one process at a time can be
 * connected. The connected process is the holder. It stays the holder from its
 * first command until it closes the lock or dies; processes that come meanwhile
 * wait. A holder that has been idle for idle_ms can be replaced by one that
 * waits: without that, `tpm2_getrandom 32 | tpm2_sign -c key ...` hangs
 * whenever the reader of the pipe, which loads its key before it reads, became
 * the holder before its writer.
 *
 * All of it is a small file: a record (who holds, since when idle) and open
 * file description locks on three kinds of bytes of it. The kernel drops those
 * when a process dies, so nothing stale can remain.
 *
 * | byte            | is locked                                           |
 * |-----------------|-----------------------------------------------------|
 * | 0               | by whoever runs a command, or changes the holder    |
 * | 16 + generation | by the holder of that generation, while it lives    |
 *
 * Every change of the holder raises the generation, so a holder notices by
 * comparing numbers that it was replaced. The last one to close removes the
 * file; whoever has it open still notices by its link count, and opens a new
 * one.
 */
#ifndef VTPMRING_TCTI_LOCK_H
#define VTPMRING_TCTI_LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** Bytes of the longest file name, with its NUL. */
#define TCTI_LOCK_NAME_MAX 64
/** Bytes of room for the reason of a failure, with its NUL. */
#define TCTI_LOCK_ERROR_MAX 256

/** A process's view of the lock; the fields are not API. */
struct tcti_lock {
    int fd;                        /**< of the file, -1 if not open */
    int folder;                    /**< where the file is, -1 if not open */
    char name[TCTI_LOCK_NAME_MAX]; /**< of the file */
    uint64_t generation; /**< under which we became the holder, 0: never */
    uint64_t used_ms;    /**< end of a command, as the file says */
    unsigned idle_ms;    /**< others may replace us after that */
    bool busy;           /**< byte 0 is ours */
};

/** How entering went. */
enum tcti_lock_result {
    TCTI_LOCK_KEPT,  /**< we are the holder, and have been all the time */
    TCTI_LOCK_TAKEN, /**< we are the holder now: what we had before is void */
    TCTI_LOCK_HELD,  /**< another process is, and the time is over */
    TCTI_LOCK_BROKEN /**< the file failed; errno says how */
};

/**
 * Opens the file of a lock, or makes it; for lock.c.
 * @param lock folder and name are set; gets fd, -1 after a failure
 * @param error gets TCTI_LOCK_ERROR_MAX bytes after a failure
 * @return whether it is open; if not, errno says why
 */
bool tcti_lock_open_file(struct tcti_lock *lock,
                         char error[TCTI_LOCK_ERROR_MAX]);

/**
 * Opens the folder for lock files: /run/vtpmring, which root makes if it is
 * missing; else $XDG_RUNTIME_DIR; else /tmp/vtpmring-UID. A folder that
 * strangers can write to is not used.
 * @param error gets TCTI_LOCK_ERROR_MAX bytes if there is none
 * @return a descriptor for the caller to close, or -1
 */
int tcti_lock_folder(char error[TCTI_LOCK_ERROR_MAX]);

/**
 * Opens a vTPM's lock, and makes its file if needed. Does not wait.
 * @param lock gets its first state
 * @param folder where; stays the caller's
 * @param world which set of devices: "" for the domain that this system is,
 *        anything else for a simulated one
 * @param device number of the device
 * @param idle_ms others may replace us after so long; 0: never
 * @param error gets TCTI_LOCK_ERROR_MAX bytes after a failure
 * @return whether it is open
 */
bool tcti_lock_open(struct tcti_lock *lock, int folder, const char *world,
                    unsigned device, unsigned idle_ms,
                    char error[TCTI_LOCK_ERROR_MAX]);

/**
 * Becomes the holder, or finds that we still are, and begins a command: until
 * tcti_lock_leave() nobody can replace us.
 * @param lock open, not entered
 * @param wait_ms longest wait for another holder; 0 does not wait
 * @param holder gets the process that has it after TCTI_LOCK_HELD; 0 unknown
 * @return how it went; entered after TCTI_LOCK_KEPT and TCTI_LOCK_TAKEN
 */
enum tcti_lock_result tcti_lock_enter(struct tcti_lock *lock, uint64_t wait_ms,
                                      pid_t *holder);

/**
 * Ends a command; from now on we are idle, and still the holder.
 * @param lock entered
 */
void tcti_lock_leave(struct tcti_lock *lock);

/**
 * Enters only if we are the holder still. Waits for a moment at most.
 * @param lock open, not entered
 * @return whether it is entered; if not, we are not the holder any more
 */
bool tcti_lock_reenter(struct tcti_lock *lock);

/**
 * Stops being the holder.
 * @param lock entered; it is left
 */
void tcti_lock_drop(struct tcti_lock *lock);

/**
 * Lets go of everything, closes the file, and removes it if nobody holds.
 * @param lock open in any state, or closed
 */
void tcti_lock_close(struct tcti_lock *lock);

#endif
