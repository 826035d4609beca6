/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { QUANTILES = 200 };

uint64_t bench_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void bench_die(const char *format, ...)
{
    const int error = errno;
    va_list arguments;

    (void)fflush(stdout);
    fprintf(stderr, "bench: ");
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s%s\n", error ? ": " : "", error ? strerror(error) : "");
    exit(EXIT_FAILURE);
}

void bench_pin(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0)
        bench_die("cannot use CPU %d", cpu);
}

void bench_go_first(void)
{
    const struct sched_param lowest = {.sched_priority = 1};

    (void)sched_setscheduler(0, SCHED_FIFO, &lowest);
}

long bench_number(const char *text, long min, long max)
{
    char *end;
    long number;

    errno = 0;
    number = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < min ||
        number > max) {
        errno = 0;
        bench_die("not a number from %ld to %ld: %s", min, max, text);
    }
    return number;
}

void bench_series_init(struct bench_series *series, const char *work,
                       const char *where, const char *unit, double scale,
                       size_t room)
{
    *series = (struct bench_series){.work = work,
                                    .where = where,
                                    .unit = unit,
                                    .scale = scale,
                                    .room = room};
    series->samples = calloc(room, sizeof(series->samples[0]));
    if (!series->samples)
        bench_die("no memory for %zu samples", room);
}

void bench_series_add(struct bench_series *series, double sample)
{
    if (series->count < series->room)
        series->samples[series->count++] = sample;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double quantile(const struct bench_series *series, double q)
{
    const size_t at = (size_t)(q * (double)(series->count - 1) + 0.5);

    return series->samples[at] * series->scale;
}

void bench_series_print(struct bench_series *series)
{
    errno = 0;
    if (series->count == 0)
        bench_die("%s/%s: nothing was measured", series->work, series->where);
    qsort(series->samples, series->count, sizeof(series->samples[0]), compare);
    printf("result %s/%s %s %.4f %.4f %zu\n", series->work, series->where,
           series->unit, quantile(series, 0.5), quantile(series, 0.99),
           series->count);
    printf("quantiles %s/%s", series->work, series->where);
    for (int i = 0; i <= QUANTILES; i++)
        printf(" %.4f", quantile(series, (double)i / QUANTILES));
    printf("\n");
    (void)fflush(stdout);
    free(series->samples);
    series->samples = NULL;
}
