/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "tpm_support.h"

#include "bytes.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define RC_CANCELED 0x909u

struct canceller {
    struct vtpm_engine *engine;
    atomic_bool stop;
    unsigned asked;
};

/* What a transport does: see a command run, ask until it has ended. */
static void *cancel_one(void *argument)
{
    struct canceller *self = argument;
    uint64_t number = 0;

    while (number == 0 && !atomic_load(&self->stop))
        number = vtpm_engine_running(self->engine);
    while (vtpm_engine_cancel(self->engine, number) == VTPM_OK) {
        self->asked++;
        (void)usleep(1000);
    }
    return NULL;
}

/* @return whether the key generation was cancelled */
static bool cancel_key_generation(struct tpm *tpm, uint32_t seed)
{
    struct canceller canceller = {.engine = tpm->engine};
    pthread_t thread;
    uint32_t rc, handle = 0;

    assert_int_equal(pthread_create(&thread, NULL, cancel_one, &canceller), 0);
    rc = create_primary_rsa(tpm, RH_NULL, seed, &handle);
    atomic_store(&canceller.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    if (rc == 0) {
        assert_int_equal(flush(tpm, handle), 0);
        return false;
    }
    assert_int_equal(rc, RC_CANCELED);
    assert_true(canceller.asked >= 1);
    return true;
}

static void key_generation_is_cancelled(void **state)
{
    struct tpm tpm;
    unsigned cancelled = 0;

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    /* a lucky prime may be found before the first request */
    for (uint32_t i = 0; i < 100 && cancelled < 10; i++) {
        cancelled += cancel_key_generation(&tpm, i);
        /* the next command is not the one that was cancelled */
        assert_int_equal(get_random(&tpm, 8), 0);
    }
    assert_int_equal(cancelled, 10);
    tpm_end(&tpm);
}

static void nobody_else_is_cancelled(void **state)
{
    struct tpm tpm;
    uint32_t handle = 0;

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    assert_int_equal(vtpm_engine_running(tpm.engine), 0);
    for (uint64_t number = 0; number < 10; number++)
        assert_int_equal(vtpm_engine_cancel(tpm.engine, number), VTPM_EINVAL);
    assert_int_equal(create_primary_rsa(&tpm, RH_NULL, 1, &handle), 0);
    tpm_end(&tpm);
}

static void *cancel_all(void *argument)
{
    struct canceller *self = argument;

    while (!atomic_load(&self->stop)) {
        uint64_t number = vtpm_engine_running(self->engine);

        if (vtpm_engine_cancel(self->engine, number) == VTPM_OK)
            self->asked++;
    }
    return NULL;
}

/* A storm of requests does no harm: commands that cannot be cancelled
 * finish, and state is saved. */
static void a_storm_of_requests_is_harmless(void **state)
{
    struct tpm tpm;
    struct canceller canceller;
    pthread_t thread;
    uint8_t value[8] = {0}, read_back[8];

    (void)state;
    tpm_new(&tpm, VTPM_FAMILY_20);
    assert_int_equal(nv_define(&tpm, 0x01000001, NV_OWNER_AND_AUTH, 8), 0);
    canceller = (struct canceller){.engine = tpm.engine};
    assert_int_equal(pthread_create(&thread, NULL, cancel_all, &canceller), 0);
    for (unsigned i = 0; i < 500; i++) {
        uint32_t rc;

        value[0] = (uint8_t)i;
        rc = nv_write(&tpm, 0x01000001, value, 8);
        assert_true(rc == 0 || rc == RC_CANCELED);
        (void)get_random(&tpm, 8);
    }
    atomic_store(&canceller.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(nv_write(&tpm, 0x01000001, value, 8), 0);
    assert_int_equal(nv_read(&tpm, 0x01000001, read_back, 8), 0);
    assert_memory_equal(value, read_back, 8);
    tpm_end(&tpm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_generation_is_cancelled),
        cmocka_unit_test(nobody_else_is_cancelled),
        cmocka_unit_test(a_storm_of_requests_is_harmless),
    };

    return cmocka_run_group_tests_name("vtpm engine, cancel", tests,
                                       folder_setup, folder_teardown);
}
