/* SPDX-License-Identifier: MIT */
/*
 * A host with a thousand guests, each with a backend: 100,000 nodes and a
 * watch per guest and backend. The bounds are generous, for sanitizers and
 * loaded machines; what they catch is work that grows with the square.
 */
#include "store_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

enum { GUESTS = 1000, NODES_EACH = 80, BOUND_MS = 20000 };

static long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void lap(long *since, const char *what)
{
    long now = now_ms();

    print_message("  %-40s %6ld ms\n", what, now - *since);
    assert_true(now - *since < BOUND_MS);
    *since = now;
}

static void thousand_guests(void **state)
{
    struct simxen_store *s = simxen_store_new();
    struct client *guest = calloc(GUESTS, sizeof(*guest));
    struct client dom0;
    char path[128], token[16];
    long since = now_ms();

    (void)state;
    assert_non_null(s);
    assert_non_null(guest);
    assert_int_equal(simxen_store_introduce(s, 0, "Domain-0"), 0);
    client_open(&dom0, s, 0);
    for (int g = 1; g <= GUESTS; g++)
        assert_int_equal(simxen_store_introduce(s, (uint16_t)g, "guest"), 0);
    lap(&since, "introduce 1,000 domains");
    for (int g = 1; g <= GUESTS; g++) {
        for (int i = 0; i < NODES_EACH; i++) {
            (void)snprintf(path, sizeof(path),
                           "/local/domain/0/backend/vtpm/%d/0/key-%d", g, i);
            want(0, client_write(&dom0, path, "value"));
        }
    }
    lap(&since, "80,000 writes");
    for (int g = 1; g <= GUESTS; g++) {
        struct client *c = &guest[g - 1];

        client_open(c, s, (uint16_t)g);
        want(0, client_watch(c, "data", "d"));
        client_no_events(c);
        (void)snprintf(path, sizeof(path), "/local/domain/%d/data", g);
        (void)snprintf(token, sizeof(token), "%d", g);
        want(0, client_watch(&dom0, path, token));
        client_no_events(&dom0);
    }
    lap(&since, "2,000 watches");
    for (int i = 0; i < 50; i++) {
        for (int g = 1; g <= GUESTS; g++) {
            want(0, client_write(&guest[g - 1], "data/x", "v"));
            (void)snprintf(path, sizeof(path), "/local/domain/%d/data/x", g);
            (void)snprintf(token, sizeof(token), "%d", g);
            assert_true(client_event(&guest[g - 1], "data/x", "d"));
            assert_true(client_event(&dom0, path, token));
        }
    }
    lap(&since, "50,000 watched writes");
    for (int i = 0; i < 10; i++) {
        for (int g = 1; g <= GUESTS; g++) {
            struct client *c = &guest[g - 1];

            want(0, client_begin(c));
            want(0, client_write(c, "data/ring-ref", "8"));
            want(0, client_write(c, "data/event-channel", "9"));
            want(0, client_end(c, true));
        }
    }
    lap(&since, "10,000 transactions of two writes");
    for (int g = 1; g <= GUESTS; g++)
        want(0, client_begin(&guest[g - 1]));
    for (int g = 1; g <= GUESTS; g++)
        want(0, client_write(&guest[g - 1], "data/y", "v"));
    for (int g = 1; g <= GUESTS; g++)
        want(0, client_end(&guest[g - 1], true));
    lap(&since, "1,000 transactions at once");
    want(0, client_path(&dom0, XS_CONTROL, "check"));
    for (int g = 1; g <= GUESTS; g++)
        client_close(&guest[g - 1]);
    client_no_events(&dom0);
    for (int g = 1; g <= 100; g++)
        simxen_store_release(s, (uint16_t)g);
    lap(&since, "release 100 domains");
    want(0, client_path(&dom0, XS_CONTROL, "check"));
    client_close(&dom0);
    simxen_store_free(s);
    free(guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(thousand_guests)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
