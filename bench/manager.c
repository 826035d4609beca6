/* SPDX-License-Identifier: MIT */
/*
 * The manager's store with few and with many vTPMs: how long a save takes until
 * it is durable, in turn with one and the other, how long a start takes, and
 * how much memory the records need.
 */
#define _GNU_SOURCE
#include "bench.h"

#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FEW 10u
#define MANY 100000u
#define TEXT 4096

static const uint8_t root[VTPM_KEY_SIZE] = {1, 2, 3};
static struct vtpm_error err;

static void must(enum vtpm_status status)
{
    errno = 0;
    if (status != VTPM_OK)
        bench_die("the store: %s", err.text);
}

static struct vtpmmgr_vtpm vtpm_of(uint32_t number, uint64_t saves)
{
    struct vtpmmgr_vtpm vtpm = {.saves = saves};

    memcpy(vtpm.uuid, &number, sizeof number);
    memset(vtpm.key, (int)saves, sizeof vtpm.key);
    return vtpm;
}

static struct vtpmmgr_store *make(const char *path, uint32_t count)
{
    struct vtpmmgr_vtpm vtpms[VTPMMGR_BATCH_MAX];
    struct vtpmmgr_store *store;
    uint32_t made = 0;

    (void)unlink(path);
    must(vtpmmgr_store_provision(
        &store, path, &(struct vtpmmgr_new_store){0, root, 0, {NULL, 0}},
        &err));
    must(vtpmmgr_store_put_group(store, 0, (const uint8_t *)"0", 1, &err));
    while (made < count) {
        uint32_t n = 0;

        while (n < VTPMMGR_BATCH_MAX && made < count)
            vtpms[n++] = vtpm_of(made++, 0);
        must(vtpmmgr_store_put(store, vtpms, n, &err));
    }
    return store;
}

/* Not what rand() gives: numbers that differ from run to run of nothing. */
static uint32_t next(uint32_t below)
{
    static uint64_t state = 1;

    state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

static void save(struct vtpmmgr_store *store, uint32_t count, uint64_t round,
                 struct bench_series *series)
{
    struct vtpmmgr_vtpm vtpm = vtpm_of(next(count), round);
    uint64_t start = bench_now_ns();

    must(vtpmmgr_store_put(store, &vtpm, 1, &err));
    bench_series_add(series, (double)(bench_now_ns() - start));
}

int main(int argc, char **argv)
{
    struct bench_series few, many, start, memory;
    struct vtpmmgr_store *with_few, *with_many;
    char few_path[TEXT], many_path[TEXT];
    unsigned rounds, starts;
    double before;

    errno = 0;
    if (argc != 4)
        bench_die("usage: bench_manager WORK-FOLDER SAVES STARTS");
    rounds = (unsigned)bench_number(argv[2], 1, 1000000);
    starts = (unsigned)bench_number(argv[3], 1, 1000);
    (void)snprintf(few_path, TEXT, "%s/manager-few", argv[1]);
    (void)snprintf(many_path, TEXT, "%s/manager-many", argv[1]);
    bench_go_first();
    bench_series_init(&few, "managersave", "10", "us", 1e-3, rounds);
    bench_series_init(&many, "managersave", "100000", "us", 1e-3, rounds);
    bench_series_init(&start, "managerstart", "100000", "ms", 1e-6, starts);
    bench_series_init(&memory, "managermemory", "100000", "KiB", 1, starts);
    with_few = make(few_path, FEW);
    with_many = make(many_path, MANY);
    for (unsigned i = 0; i < rounds; i++) {
        save(with_few, FEW, i, &few);
        save(with_many, MANY, i, &many);
    }
    vtpmmgr_store_close(with_few);
    vtpmmgr_store_close(with_many);
    before = bench_pss_kib(getpid());
    for (unsigned i = 0; i < starts; i++) {
        uint64_t begun = bench_now_ns();

        must(vtpmmgr_store_open(&with_many, many_path, root, 0, &err));
        bench_series_add(&start, (double)(bench_now_ns() - begun));
        bench_series_add(&memory, bench_pss_kib(getpid()) - before);
        vtpmmgr_store_close(with_many);
    }
    (void)unlink(few_path);
    (void)unlink(many_path);
    bench_series_print(&few);
    bench_series_print(&many);
    bench_series_print(&start);
    bench_series_print(&memory);
    return 0;
}
