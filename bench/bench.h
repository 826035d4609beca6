/* SPDX-License-Identifier: MIT */
/**
 * @file bench.h
 * What the benchmarks share: a clock, series of samples, TPM commands, and the
 * ways to a TPM that are compared.
 *
 * A benchmark that cannot go on says why in one line and ends the process:
 * bench_die().
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { BENCH_PACKET_MAX = 4096 };

/** Nanoseconds of a clock that only goes forward. */
uint64_t bench_now_ns(void);
/** Prints one line, with the cause in errno if it is not 0, and exits with 1.
 */
void bench_die(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));
/** Keeps the calling thread on one CPU. */
void bench_pin(int cpu);
/** Puts the calling thread, and what it starts, before all that is not part of
 *  the benchmark, if it may. */
void bench_go_first(void);
/** What a number of the command line says, or the end of the program. */
long bench_number(const char *text, long min, long max);

/* ---- series.c ---- */

/** Samples of one thing. */
struct bench_series {
    const char *work;  /**< what was done */
    const char *where; /**< by whom */
    const char *unit;  /**< of the samples, after scale */
    double scale;      /**< unit per unit of the samples */
    double *samples;
    size_t count;
    size_t room;
};

/** A series; room for count samples, those beyond it are dropped. */
void bench_series_init(struct bench_series *series, const char *work,
                       const char *where, const char *unit, double scale,
                       size_t room);
void bench_series_add(struct bench_series *series, double sample);
/**
 * Sorts the samples and prints two lines, "result" for people and programs,
 * "quantiles" for plots:
 *
 *     result WORK/WHERE UNIT P50 P99 COUNT
 *     quantiles WORK/WHERE Q0 Q1 ... Q200
 *
 * and frees the series.
 */
void bench_series_print(struct bench_series *series);

/* ---- commands.c ---- */

/** A TPM 2.0 command. */
struct bench_command {
    const char *name;
    size_t length;
    uint8_t bytes[BENCH_PACKET_MAX];
};

enum bench_work {
    BENCH_GETRANDOM16, /**< TPM2_GetRandom of 16 bytes */
    BENCH_PCRREAD,     /**< TPM2_PCR_Read of one PCR, SHA-256 */
    BENCH_PCREXTEND,   /**< TPM2_PCR_Extend of PCR 16, SHA-256 */
    BENCH_GETCAP,      /**< TPM2_GetCapability of 8 properties */
    BENCH_MAX4096,     /**< TPM2_GetRandom with bytes behind it, 4096 in all;
                            the TPM reads it whole and answers TPM_RC_SIZE */
    BENCH_WORKS
};

/** Makes one of the commands. */
void bench_command_make(struct bench_command *command, enum bench_work work);
/** TPM2_NV_DefineSpace of 8 bytes. */
void bench_command_nv_define(struct bench_command *command);
/** TPM2_NV_Write of 8 bytes that differ with number: a TPM does not write what
 *  it has. */
void bench_command_nv_write(struct bench_command *command, uint64_t number);
/** The response code. */
uint32_t bench_code(const uint8_t *response);

/* ---- target_*.c ---- */

/** A way to a TPM. */
struct bench_target {
    const char *where;
    /** Sends a command and waits for the response. @return its bytes */
    size_t (*exchange)(struct bench_target *target,
                       const struct bench_command *command, uint8_t *response);
    void *state;
};

/** Frontend link of this domain to the vTPM of a device. */
void bench_target_chain(struct bench_target *target, const char *where,
                        unsigned device, unsigned poll_us);
void bench_target_chain_close(struct bench_target *target);
/** libtpms in this process; one per process. State is saved nowhere. */
void bench_target_inprocess(struct bench_target *target);
/** swtpm's Unix socket; waits up to 10 s for it to appear. */
void bench_target_swtpm(struct bench_target *target, const char *socket);
void bench_target_swtpm_close(struct bench_target *target);

/** Exchange whose response code must be this. */
void bench_expect(struct bench_target *target,
                  const struct bench_command *command, uint32_t code);

/* ---- floors.c ---- */

/** A process on another CPU that answers: by eventfd, or by a shared line. */
struct bench_partner {
    pid_t pid;
    int to, from;         /**< eventfds */
    void *line;           /**< shared between the processes */
    unsigned long rounds; /**< of the shared line */
};

void bench_partner_start(struct bench_partner *partner, int cpu);
void bench_partner_stop(struct bench_partner *partner);
/** One exchange over the eventfds. */
void bench_partner_events(struct bench_partner *partner);
/** One exchange over the shared line; the partner spins while it is asked to.
 */
void bench_partner_spin(struct bench_partner *partner);
void bench_partner_may_spin(struct bench_partner *partner, int on);

/* ---- process.c ---- */

/** Starts a program in a domain's name (NULL: without), its output to a file
 *  that is appended to. */
pid_t bench_spawn(const char *domain, const char *log, char *const argv[]);
/** Sends a signal and waits for the end. */
void bench_end(pid_t pid, int signal_number);
/** Proportional memory of a process, KiB. */
double bench_pss_kib(pid_t pid);

#endif
