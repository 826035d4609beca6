/* SPDX-License-Identifier: MIT */
/* The lock itself; where its file lives is in lock_file.c. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lock.h"

#define MAGIC 0x4b4c5456u /* "VTLK" */
#define BYTE_BUSY 0
#define BYTE_HOLDERS 16
/* Keeps BYTE_HOLDERS + generation within off_t. */
#define GENERATION_MAX (UINT64_MAX >> 2)
/* The record may be so much behind, or an eighth of idle_ms: commands in a row
   need not write it each time. */
#define USED_LAG_MS 10u
#define NAP_MIN_US 200u
#define NAP_MAX_US 20000u
/* Longest time that a process takes to look at the record. */
#define REENTER_MS 1000u

/* What the file says. Read without a lock it is a hint, never a decision. */
struct record {
    uint32_t magic;
    uint32_t pid;
    uint64_t generation;
    uint64_t used_ms; /* CLOCK_MONOTONIC at the end of the last command */
    uint32_t idle_ms;
    uint32_t reserved;
};

static uint64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void nap(uint64_t us)
{
    struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};

    (void)nanosleep(&t, NULL);
}

static struct flock byte(short type, uint64_t at)
{
    struct flock lock = {0};

    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = (off_t)at;
    lock.l_len = 1;
    return lock;
}

/* 1 locked, 0 somebody else has it, -1 errno. */
static int try_byte(int fd, uint64_t at)
{
    struct flock lock = byte(F_WRLCK, at);

    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return 1;
    return errno == EAGAIN || errno == EACCES ? 0 : -1;
}

static void unlock_byte(int fd, uint64_t at)
{
    struct flock lock = byte(F_UNLCK, at);

    (void)fcntl(fd, F_OFD_SETLK, &lock);
}

static bool others_have_byte(int fd, uint64_t at)
{
    struct flock lock = byte(F_WRLCK, at);

    return fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

/* Anything that is no record counts as an empty one. */
static struct record read_record(int fd)
{
    struct record record;

    if (pread(fd, &record, sizeof(record), 0) != (ssize_t)sizeof(record) ||
        record.magic != MAGIC || record.generation >= GENERATION_MAX)
        memset(&record, 0, sizeof(record));
    return record;
}

static bool write_record(struct tcti_lock *lock)
{
    struct record record = {0};

    lock->used_ms = now_ms();
    record.magic = MAGIC;
    record.pid = (uint32_t)getpid();
    record.generation = lock->generation;
    record.used_ms = lock->used_ms;
    record.idle_ms = lock->idle_ms;
    return pwrite(lock->fd, &record, sizeof(record), 0) ==
           (ssize_t)sizeof(record);
}

static bool is_alive(const struct tcti_lock *lock, const struct record *record)
{
    return record->generation != 0 && record->generation != lock->generation &&
           others_have_byte(lock->fd, BYTE_HOLDERS + record->generation);
}

/* How long its holder is still protected; 0 if it is not. */
static uint64_t protected_ms(const struct tcti_lock *lock,
                             const struct record *record)
{
    uint64_t now = now_ms();

    if (!is_alive(lock, record))
        return 0;
    if (record->idle_ms == 0)
        return UINT64_MAX;
    /* A time in the future is of another boot, or nonsense. */
    if (record->used_ms > now || now - record->used_ms >= record->idle_ms)
        return 0;
    return record->idle_ms - (now - record->used_ms);
}

static void forget(struct tcti_lock *lock)
{
    if (lock->generation != 0)
        unlock_byte(lock->fd, BYTE_HOLDERS + lock->generation);
    lock->generation = 0;
}

static void leave_byte(struct tcti_lock *lock)
{
    unlock_byte(lock->fd, BYTE_BUSY);
    lock->busy = false;
}

/* Byte 0 is ours and the place is free. */
static enum tcti_lock_result take(struct tcti_lock *lock,
                                  const struct record *record)
{
    uint64_t generation = record->generation;
    int got = 0;

    forget(lock);
    /* An empty record does not prove that no holder of it is left. */
    for (int i = 0; i < 64 && got == 0; i++)
        got = try_byte(lock->fd, BYTE_HOLDERS + ++generation);
    if (got == 0)
        errno = EBUSY;
    if (got == 1) {
        lock->generation = generation;
        if (write_record(lock))
            return TCTI_LOCK_TAKEN;
        forget(lock);
    }
    leave_byte(lock);
    return TCTI_LOCK_BROKEN;
}

/* Byte 0 is ours: are we, or can we become, the holder? */
static enum tcti_lock_result decide(struct tcti_lock *lock)
{
    struct record record = read_record(lock->fd);

    if (lock->generation != 0 && record.generation == lock->generation)
        return TCTI_LOCK_KEPT;
    if (protected_ms(lock, &record) == 0)
        return take(lock, &record);
    leave_byte(lock);
    return TCTI_LOCK_HELD;
}

static bool is_removed(const struct tcti_lock *lock)
{
    struct stat st;

    return fstat(lock->fd, &st) == 0 && st.st_nlink == 0;
}

/* Byte 0 of a file that is no more is worth nothing, nor is its holder. */
static void abandon_file(struct tcti_lock *lock)
{
    forget(lock);
    leave_byte(lock);
    (void)close(lock->fd);
    lock->fd = -1;
}

static enum tcti_lock_result try_enter(struct tcti_lock *lock)
{
    char error[TCTI_LOCK_ERROR_MAX];

    for (;;) {
        int got;

        if (lock->fd < 0 && !tcti_lock_open_file(lock, error))
            return TCTI_LOCK_BROKEN;
        got = try_byte(lock->fd, BYTE_BUSY);
        if (got < 0)
            return TCTI_LOCK_BROKEN;
        if (got == 0)
            return TCTI_LOCK_HELD;
        lock->busy = true;
        if (!is_removed(lock))
            return decide(lock);
        abandon_file(lock);
    }
}

enum tcti_lock_result tcti_lock_enter(struct tcti_lock *lock, uint64_t wait_ms,
                                      pid_t *holder)
{
    uint64_t deadline = now_ms() + wait_ms;
    uint64_t nap_us = NAP_MIN_US;

    *holder = 0;
    for (;;) {
        struct record record;
        uint64_t left, rest;
        enum tcti_lock_result result = try_enter(lock);

        if (result != TCTI_LOCK_HELD)
            return result;
        /* Byte 0 is left alone until there is a chance: the holder needs it for
           each of its commands. */
        do {
            uint64_t now = now_ms();

            record = read_record(lock->fd);
            if (now >= deadline) {
                *holder = (pid_t)record.pid;
                return TCTI_LOCK_HELD;
            }
            rest = (deadline - now) * 1000;
            nap(nap_us < rest ? nap_us : rest);
            nap_us = nap_us * 2 < NAP_MAX_US ? nap_us * 2 : NAP_MAX_US;
            record = read_record(lock->fd);
            left = protected_ms(lock, &record);
        } while (left != 0);
    }
}

void tcti_lock_leave(struct tcti_lock *lock)
{
    unsigned lag = lock->idle_ms / 8;

    if (lag > USED_LAG_MS)
        lag = USED_LAG_MS;
    if (lock->idle_ms != 0 && now_ms() - lock->used_ms >= lag)
        (void)write_record(lock);
    leave_byte(lock);
}

bool tcti_lock_reenter(struct tcti_lock *lock)
{
    uint64_t deadline = now_ms() + REENTER_MS;

    while (lock->generation != 0 &&
           read_record(lock->fd).generation == lock->generation) {
        if (try_byte(lock->fd, BYTE_BUSY) == 1) {
            lock->busy = true;
            if (read_record(lock->fd).generation == lock->generation)
                return true;
            leave_byte(lock);
            return false;
        }
        if (now_ms() >= deadline)
            break;
        nap(NAP_MIN_US);
    }
    return false;
}

void tcti_lock_drop(struct tcti_lock *lock)
{
    forget(lock);
    leave_byte(lock);
}

/* Only with byte 0 ours is the name surely that of our file. */
static void remove_unheld(struct tcti_lock *lock)
{
    struct record record;

    if (!lock->busy && try_byte(lock->fd, BYTE_BUSY) != 1)
        return;
    lock->busy = true;
    record = read_record(lock->fd);
    if (!is_alive(lock, &record) && !is_removed(lock))
        (void)unlinkat(lock->folder, lock->name, 0);
}

void tcti_lock_close(struct tcti_lock *lock)
{
    if (lock->fd >= 0) {
        remove_unheld(lock);
        /* One by one: a forked child may have the description, too. */
        forget(lock);
        if (lock->busy)
            leave_byte(lock);
        (void)close(lock->fd);
    }
    if (lock->folder >= 0)
        (void)close(lock->folder);
    lock->fd = lock->folder = -1;
}
