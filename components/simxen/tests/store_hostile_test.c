/* SPDX-License-Identifier: MIT */
/* Clients that send garbage, fragments, floods, and never read. */
#include "store_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct fixture {
    struct simxen_store *s;
    struct client dom0, g5;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    f->s = simxen_store_new();
    assert_non_null(f->s);
    assert_int_equal(simxen_store_introduce(f->s, 0, "Domain-0"), 0);
    assert_int_equal(simxen_store_introduce(f->s, 5, "five"), 0);
    assert_int_equal(simxen_store_introduce(f->s, 7, "seven"), 0);
    client_open(&f->dom0, f->s, 0);
    client_open(&f->g5, f->s, 5);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    want(0, client_path(&f->dom0, XS_CONTROL, "check"));
    client_close(&f->dom0);
    client_close(&f->g5);
    simxen_store_free(f->s);
    free(f);
    return 0;
}

static void too_long(void **state)
{
    struct fixture *f = *state;
    static char body[XENSTORE_PAYLOAD_MAX];
    struct xsd_sockmsg hdr = {.type = XS_READ, .len = 4097};

    /* The longest there may be, then one byte more. */
    memcpy(body, "data/x", 7);
    want(ENOSPC, client_call(&f->g5, XS_WRITE, body, sizeof(body)));
    want(0, client_call(&f->dom0, XS_WRITE, body, sizeof(body)));
    assert_int_equal(client_raw(&f->g5, &hdr, sizeof(hdr)), CLIENT_DEAD);
    assert_int_equal(simxen_store_io(f->g5.conn, 0), -1);
    hdr.len = UINT32_MAX;
    assert_int_equal(client_raw(&f->dom0, &hdr, sizeof(hdr)), CLIENT_DEAD);
    client_close(&f->dom0);
    client_open(&f->dom0, f->s, 0);
}

static void byte_by_byte(void **state)
{
    struct fixture *f = *state;
    struct xsd_sockmsg hdr = {.type = XS_READ, .req_id = 77, .len = 6};
    uint8_t msg[2 * (sizeof(hdr) + 6)];

    memcpy(msg, &hdr, sizeof(hdr));
    memcpy(msg + sizeof(hdr), "domid", 6);
    memcpy(msg + sizeof(hdr) + 6, msg, sizeof(hdr) + 6);
    for (size_t i = 0; i < sizeof(msg); i++) {
        f->g5.reply_type = XS_INVALID;
        f->g5.req_id = 77;
        assert_int_equal(client_raw(&f->g5, msg + i, 1), 0);
        if (i == sizeof(msg) / 2 - 1 || i == sizeof(msg) - 1) {
            assert_int_equal(f->g5.reply_type, XS_READ);
            assert_string_equal(f->g5.reply, "5");
        } else {
            assert_int_equal(f->g5.reply_type, XS_INVALID);
        }
    }
}

/* Requests whose replies it does not read. */
static void never_reads(void **state)
{
    struct fixture *f = *state;
    struct xsd_sockmsg hdr = {.type = XS_READ, .len = 6};
    uint8_t msg[sizeof(hdr) + 6];
    int sent = 0;
    size_t len;

    memcpy(msg, &hdr, sizeof(hdr));
    memcpy(msg + sizeof(hdr), "domid", 6);
    while (sent < 1000000 &&
           simxen_store_feed(f->g5.conn, msg, sizeof(msg)) == 0)
        sent++;
    /* It ends, and not at once. */
    assert_in_range(sent, 1000, 20000);
    assert_null(simxen_store_output(f->g5.conn, &len));
    assert_int_equal(len, 0);
}

static void put(uint8_t **p, const void *bytes, size_t len)
{
    memcpy(*p, bytes, len);
    *p += len;
}

/* A request of a random type with a body that is often nearly right. */
static size_t random_request(uint8_t *msg)
{
    static const char *const word[] = {"data",
                                       "data/x",
                                       "data/x/y",
                                       "/local/domain/5/data",
                                       "/",
                                       "//",
                                       "@releaseDomain",
                                       "@introduceDomain",
                                       "n5",
                                       "b5",
                                       "n0",
                                       "r7",
                                       "T",
                                       "F",
                                       "token",
                                       "0",
                                       "5",
                                       "7",
                                       "65536",
                                       "-1",
                                       "backend/v/7",
                                       "name",
                                       "/local/domain/7",
                                       "/local/domain/0",
                                       "check",
                                       "",
                                       "data/z",
                                       "attr/q",
                                       "\xff\xfe",
                                       "b5 ",
                                       "4294967296",
                                       "/tool"};
    struct xsd_sockmsg hdr = {.type = (uint32_t)rand() % (XS_TYPE_COUNT + 2),
                              .req_id = 1,
                              .tx_id = rand() % 3 ? 0 : (uint32_t)rand() % 12};
    uint8_t *p = msg + sizeof(hdr);
    int words = rand() % 5;

    for (int i = 0; i < words; i++) {
        const char *w = word[(size_t)rand() % (sizeof(word) / sizeof(*word))];

        put(&p, w, strlen(w) + (rand() % 8 != 0));
    }
    if (rand() % 16 == 0) {
        size_t junk = (size_t)rand() % 2000;

        for (size_t i = 0; i < junk; i++)
            *p++ = (uint8_t)rand();
    }
    hdr.len = (uint32_t)(p - msg - (ptrdiff_t)sizeof(hdr));
    memcpy(msg, &hdr, sizeof(hdr));
    return sizeof(hdr) + hdr.len;
}

/* Each request gets exactly one reply, the store stays consistent, and what
 * is the toolstack's stays what it was. */
static void structured_garbage(void **state)
{
    struct fixture *f = *state;
    static uint8_t msg[8192];

    srand(4);
    for (int i = 0; i < 200000; i++) {
        size_t len = random_request(msg);

        f->g5.reply_type = XS_INVALID;
        f->g5.req_id = 1;
        assert_int_equal(client_raw(&f->g5, msg, len), 0);
        assert_int_not_equal(f->g5.reply_type, XS_INVALID);
        f->g5.event_count = 0;
        if (i % 20000 == 0)
            want(0, client_path(&f->dom0, XS_CONTROL, "check"));
    }
    want_value(&f->dom0, "/local/domain/5/name", "five");
    want_value(&f->dom0, "/local/domain/7/name", "seven");
    want_perms(&f->dom0, "/local/domain/5", "n0 r5");
    want_perms(&f->dom0, "/", "n0");
    want(0, client_path(&f->dom0, XS_DIRECTORY, "/local/domain/7/data"));
    assert_int_equal(f->dom0.reply_len, 0);
}

/* The same as Domain-0, to whom nothing is forbidden, on three connections. */
static void privileged_garbage(void **state)
{
    struct fixture *f = *state;
    static uint8_t msg[8192];
    struct client c[3];

    srand(5);
    for (int i = 0; i < 3; i++)
        client_open(&c[i], f->s, 0);
    for (int i = 0; i < 200000; i++) {
        struct client *one = &c[rand() % 3];
        size_t len = random_request(msg);

        one->reply_type = XS_INVALID;
        one->req_id = 1;
        assert_int_equal(client_raw(one, msg, len), 0);
        assert_int_not_equal(one->reply_type, XS_INVALID);
        for (int k = 0; k < 3; k++)
            client_no_events(&c[k]);
        if (i % 1000 == 0)
            want(0, client_path(&f->dom0, XS_CONTROL, "check"));
        if (i % 5000 == 0)
            (void)simxen_store_introduce(f->s, 7, "seven");
        if (i % 7000 == 0)
            simxen_store_release(f->s, 7);
    }
    for (int i = 0; i < 3; i++)
        client_close(&c[i]);
}

/* Any bytes in any pieces: a reply or the end of the connection. */
static void pure_noise(void **state)
{
    struct fixture *f = *state;
    uint8_t noise[512];

    srand(6);
    for (int i = 0; i < 20000; i++) {
        struct client c;

        client_open(&c, f->s, rand() % 2 ? 5 : 0);
        for (int k = 0; k < 4; k++) {
            size_t len = (size_t)rand() % sizeof(noise);

            for (size_t j = 0; j < len; j++)
                noise[j] = rand() % 3 ? 0 : (uint8_t)rand();
            c.reply_type = XS_INVALID;
            c.req_id = 0;
            if (simxen_store_feed(c.conn, noise, len) != 0)
                break;
            while (simxen_store_output(c.conn, &len))
                simxen_store_consume(c.conn, len);
        }
        client_close(&c);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(too_long),           T(byte_by_byte),       T(never_reads),
        T(structured_garbage), T(privileged_garbage), T(pure_noise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
