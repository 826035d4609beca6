/* SPDX-License-Identifier: MIT */
/* Nodes, paths, permissions and quotas, as a client sees them. */
#include "store_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct fixture {
    struct simxen_store *s;
    struct client dom0, g5, g7;
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
    client_open(&f->g7, f->s, 7);
    *state = f;
    return 0;
}

/* Whatever a test did, the store's own counts must still be right. */
static int teardown(void **state)
{
    struct fixture *f = *state;

    want(0, client_path(&f->dom0, XS_CONTROL, "check"));
    client_close(&f->dom0);
    client_close(&f->g5);
    client_close(&f->g7);
    simxen_store_free(f->s);
    free(f);
    return 0;
}

static void values(void **state)
{
    struct client *c = &((struct fixture *)*state)->dom0;

    want(ENOENT, client_read(c, "/a"));
    want(0, client_write(c, "/a/b/c", "hello"));
    want_value(c, "/a/b/c", "hello");
    assert_int_equal(c->reply_len, 5);
    want_value(c, "/a/b", "");
    want(0, client_write(c, "/a/b/c", ""));
    want_value(c, "/a/b/c", "");
    /* Any octets. */
    want(0, client_call(c, XS_WRITE, "/a/x\0\0\xff\n", 8));
    want(0, client_read(c, "/a/x"));
    assert_int_equal(c->reply_len, 3);
    assert_memory_equal(c->reply, "\0\xff\n", 3);
    /* mkdir leaves what is there alone. */
    want(0, client_mkdir(c, "/a/x"));
    want(0, client_read(c, "/a/x"));
    assert_int_equal(c->reply_len, 3);
}

static void directories(void **state)
{
    struct client *c = &((struct fixture *)*state)->dom0;

    want(0, client_mkdir(c, "/d"));
    want(0, client_path(c, XS_DIRECTORY, "/d"));
    assert_int_equal(c->reply_len, 0);
    want(0, client_write(c, "/d/two", ""));
    want(0, client_write(c, "/d/one", ""));
    want(0, client_write(c, "/d/one1", ""));
    want(0, client_path(c, XS_DIRECTORY, "/d"));
    assert_int_equal(c->reply_len, 13);
    assert_memory_equal(c->reply, "one\0one1\0two\0", 13);
    want(0, client_path(c, XS_DIRECTORY, "/"));
    want(ENOENT, client_path(c, XS_DIRECTORY, "/none"));
}

/* 300 names of 20 bytes do not fit a message. */
static void long_directory(void **state)
{
    struct client *c = &((struct fixture *)*state)->dom0;
    static char all[16 * XENSTORE_PAYLOAD_MAX];
    char gen[24] = "";
    char name[64];
    size_t used = 0;

    for (int i = 0; i < 300; i++) {
        (void)snprintf(name, sizeof(name), "/big/name-%015d", i);
        want(0, client_write(c, name, ""));
    }
    want(E2BIG, client_path(c, XS_DIRECTORY, "/big"));
    do {
        size_t skip;

        (void)snprintf(name, sizeof(name), "%zu", used);
        want(0, client_two(c, XS_DIRECTORY_PART, "/big", name));
        skip = strlen(c->reply) + 1;
        assert_true(used == 0 || strcmp(gen, c->reply) == 0);
        (void)snprintf(gen, sizeof(gen), "%.20s", c->reply);
        memcpy(all + used, c->reply + skip, c->reply_len - skip);
        used += c->reply_len - skip;
    } while (all[used - 1] != '\0' || all[used - 2] != '\0');
    assert_int_equal(used, 300 * 21 + 1);
    for (int i = 0; i < 300; i++) {
        (void)snprintf(name, sizeof(name), "name-%015d", i);
        assert_string_equal(all + 21 * i, name);
    }
    /* The generation tells that the list has changed. */
    want(0, client_write(c, "/big/x", ""));
    want(0, client_two(c, XS_DIRECTORY_PART, "/big", "0"));
    assert_string_not_equal(c->reply, gen);
    /* Beyond the end there is nothing but the end. */
    want(0, client_two(c, XS_DIRECTORY_PART, "/big", "100000000"));
    assert_int_equal(c->reply_len, strlen(c->reply) + 2);
    want(EINVAL, client_two(c, XS_DIRECTORY_PART, "/big", "-1"));
    want(EINVAL, client_path(c, XS_DIRECTORY_PART, "/big"));
}

static void removal(void **state)
{
    struct client *c = &((struct fixture *)*state)->dom0;

    want(0, client_write(c, "/r/a/b", "1"));
    want(0, client_write(c, "/r/ab", "2"));
    want(0, client_rm(c, "/r/a"));
    want(ENOENT, client_read(c, "/r/a/b"));
    want(ENOENT, client_read(c, "/r/a"));
    want_value(c, "/r/ab", "2");
    /* Absent is fine, an absent parent is not. */
    want(0, client_rm(c, "/r/a"));
    want(ENOENT, client_rm(c, "/r/a/b"));
    want(EINVAL, client_rm(c, "/"));
}

static void path_rules(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {
        "",      "//",    "/a/",   "/a//b", "/a b", "/a.b", "/a:b",    "a/",
        "/\x80", "@else", "/a\nb", "/%s",   "a//b", "@",    "//local", "/a/b/"};
    char path[3100];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        want(EINVAL, client_read(&f->dom0, bad[i]));
        want(EINVAL, client_write(&f->dom0, bad[i], "x"));
        want(EINVAL, client_mkdir(&f->dom0, bad[i]));
        want(EINVAL, client_rm(&f->dom0, bad[i]));
    }
    want(0, client_write(&f->dom0, "/Az09-_@/x", "1"));
    memset(path, 'a', sizeof(path));
    path[0] = '/';
    path[3072] = '\0';
    want(0, client_write(&f->dom0, path, "x"));
    want_value(&f->dom0, path, "x");
    path[3072] = 'a';
    path[3073] = '\0';
    want(EINVAL, client_write(&f->dom0, path, "x"));
    /* Relative: 2048. */
    path[0] = 'a';
    path[2049] = '\0';
    want(EINVAL, client_mkdir(&f->dom0, path));
    path[2048] = '\0';
    want(0, client_mkdir(&f->dom0, path));
    /* A body that is not one string. */
    want(EINVAL, client_call(&f->dom0, XS_READ, "/a", 2));
    want(EINVAL, client_call(&f->dom0, XS_READ, "/a\0b", 5));
    want(EINVAL, client_call(&f->dom0, XS_READ, NULL, 0));
    want(EINVAL, client_call(&f->dom0, XS_WRITE, "/a", 2));
    want(EINVAL, client_call(&f->dom0, XS_WRITE, NULL, 0));
}

static void relative_paths(void **state)
{
    struct fixture *f = *state;

    want_value(&f->g5, "domid", "5");
    want_value(&f->g7, "domid", "7");
    want_value(&f->dom0, "domid", "0");
    want_value(&f->g5, "name", "five");
    want(0, client_write(&f->g5, "data/x", "mine"));
    want_value(&f->dom0, "/local/domain/5/data/x", "mine");
    want(0, client_path(&f->g5, XS_GET_DOMAIN_PATH, "5"));
    assert_string_equal(f->g5.reply, "/local/domain/5");
    want(EINVAL, client_path(&f->g5, XS_GET_DOMAIN_PATH, "70000"));
    want(EINVAL, client_path(&f->g5, XS_GET_DOMAIN_PATH, "5x"));
}

/* What a guest may see and do in the tree that a toolstack makes. */
static void guest_isolation(void **state)
{
    struct fixture *f = *state;
    static const char *const closed[] = {
        "/",        "/local",   "/local/domain",        "/local/domain/7",
        "/tool",    "/libxl",   "/local/domain/7/name", "/libxl/5",
        "/libxl/7", "/nothing", "/local/domain/0",      "/local/domain/99",
        "/vm"};

    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
        want(EACCES, client_read(&f->g5, closed[i]));
        want(EACCES, client_path(&f->g5, XS_DIRECTORY, closed[i]));
        want(EACCES, client_get_perms(&f->g5, closed[i]));
        want(EACCES, client_write(&f->g5, closed[i], "x"));
        want(EACCES, client_mkdir(&f->g5, closed[i]));
        want(EACCES, client_rm(&f->g5, closed[i]));
        want(EACCES, client_set_perms(&f->g5, closed[i], "b5"));
    }
    want(EACCES, client_write(&f->g5, "/local/domain/7/data/x", "x"));
    /* Its own: readable, but what is the toolstack's cannot be changed. */
    want(0, client_path(&f->g5, XS_DIRECTORY, "/local/domain/5"));
    want(EACCES, client_write(&f->g5, "name", "root"));
    want(EACCES, client_write(&f->g5, "domid", "0"));
    want(EACCES, client_rm(&f->g5, "name"));
    want(EACCES, client_rm(&f->g5, "/local/domain/5"));
    want(EACCES, client_mkdir(&f->g5, "new"));
    want(EACCES, client_mkdir(&f->g5, "device/vtpm/0"));
    want(ENOENT, client_read(&f->g5, "new"));
    want(ENOENT, client_read(&f->g5, "device/vtpm/0"));
    /* A backend in a driver domain makes and removes its directories. */
    want(0, client_write(&f->g5, "backend/vtpm/7/0/state", "2"));
    want(0, client_rm(&f->g5, "backend/vtpm/7/0"));
    want(0, client_write(&f->g5, "data/x", "y"));
    want(EACCES, client_read(&f->g7, "/local/domain/5/data/x"));
    want(EACCES, client_read(&f->g7, "/local/domain/5/data"));
}

/* Each permission letter, for a stranger's read and write. */
static void permission_matrix(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *perms;
        int read, write;
    } row[] = {
        {"n0", EACCES, EACCES},
        {"r0", 0, EACCES},
        {"w0", EACCES, 0},
        {"b0", 0, 0},
        {"n0 r5", 0, EACCES},
        {"n0 w5", EACCES, 0},
        {"n0 b5", 0, 0},
        {"b0 n5", EACCES, EACCES},
        {"n0 b7", EACCES, EACCES},
        {"n0 b7 r5", 0, EACCES},
        {"n5", 0, 0},
        {"n7 r5", 0, EACCES},
        {"b7 r5 b5", 0, EACCES}, /* the first that names it counts */
    };

    want(0, client_write(&f->dom0, "/p/x", "v"));
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        want(0, client_set_perms(&f->dom0, "/p/x", row[i].perms));
        want(row[i].read, client_read(&f->g5, "/p/x"));
        want(row[i].read, client_get_perms(&f->g5, "/p/x"));
        want(row[i].read, client_path(&f->g5, XS_DIRECTORY, "/p/x"));
        want(row[i].write, client_write(&f->g5, "/p/x", "w"));
        want(row[i].write, client_mkdir(&f->g5, "/p/x"));
        want(row[i].write, client_mkdir(&f->g5, "/p/x/child"));
        want(row[i].write, client_rm(&f->g5, "/p/x/child"));
        want_perms(&f->dom0, "/p/x", row[i].perms);
    }
    /* Write on the node is what removal takes; the parent may be closed. */
    want(0, client_set_perms(&f->dom0, "/p/x", "n0 w5"));
    want(0, client_rm(&f->g5, "/p/x"));
    want(ENOENT, client_read(&f->dom0, "/p/x"));
}

static void changing_permissions(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {"x5",  "r",   "5",      "r-1", "r5x",
                                      "rr5", "",    "r65536", "R5",  " r5",
                                      "n5 ", "r+5", "b5 q5"};

    want(0, client_write(&f->g5, "data/x", "v"));
    want_perms(&f->g5, "data/x", "n5");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        want(EINVAL, client_set_perms(&f->g5, "data/x", bad[i]));
    want(EINVAL, client_path(&f->g5, XS_SET_PERMS, "data/x"));
    /* The owner opens it, and cannot give it away. */
    want(0, client_set_perms(&f->g5, "data/x", "n5 r7"));
    want_value(&f->g7, "/local/domain/5/data/x", "v");
    want(EPERM, client_set_perms(&f->g5, "data/x", "n7 r5"));
    want(EPERM, client_set_perms(&f->g5, "data/x", "n0"));
    /* Write permission alone does not allow it. */
    want(0, client_set_perms(&f->g5, "data/x", "b5"));
    want(EACCES, client_set_perms(&f->g7, "/local/domain/5/data/x", "b7"));
    want(ENOENT, client_set_perms(&f->g5, "data/y", "n5"));
    /* Not more than five for a guest, more for Domain-0. */
    want(0, client_set_perms(&f->g5, "data/x", "n5 r1 r2 r3 r4"));
    want(ENOSPC, client_set_perms(&f->g5, "data/x", "n5 r1 r2 r3 r4 r6"));
    want(0, client_set_perms(&f->dom0, "/local/domain/5/data/x",
                             "n5 r1 r2 r3 r4 r6 r7"));
}

/* As Domain-0 and a guest create beneath a node with given permissions. */
static void inheritance(void **state)
{
    struct fixture *f = *state;

    want(0, client_mkdir(&f->dom0, "/i"));
    want(0, client_set_perms(&f->dom0, "/i", "n7 r3 b5"));
    want(0, client_write(&f->dom0, "/i/zero/x", ""));
    want_perms(&f->dom0, "/i/zero", "n7 r3 b5");
    want_perms(&f->dom0, "/i/zero/x", "n7 r3 b5");
    want(0, client_write(&f->g5, "/i/five/x", ""));
    want_perms(&f->dom0, "/i/five", "n5 r3 b5");
    want_perms(&f->dom0, "/i/five/x", "n5 r3 b5");
    /* Writing to what exists changes no permissions. */
    want(0, client_write(&f->g5, "/i/zero/x", "1"));
    want_perms(&f->dom0, "/i/zero/x", "n7 r3 b5");
}

static void introduced_layout(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *path, *perms;
    } row[] = {
        {"/local/domain/5", "n0 r5"},
        {"/local/domain/5/name", "n0 r5"},
        {"/local/domain/5/domid", "n0 r5"},
        {"/local/domain/5/device", "n0 r5"},
        {"/local/domain/5/control", "n0 r5"},
        {"/local/domain/5/control/shutdown", "n5"},
        {"/local/domain/5/backend", "n5"},
        {"/local/domain/5/data", "n5"},
        {"/libxl/5", "n0"},
        {"/local/domain/0", "n0"},
        {"/local/domain/0/backend", "n0"},
        {"/", "n0"},
        {"/tool/xenstored", "n0"},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        want_perms(&f->dom0, row[i].path, row[i].perms);
    assert_int_equal(simxen_store_introduce(f->s, 5, "again"), -EEXIST);
    assert_int_equal(simxen_store_introduce(f->s, 0x7ff0, "x"), -EINVAL);
    assert_int_equal(simxen_store_introduce(f->s, 8, ""), -EINVAL);
}

static void release(void **state)
{
    struct fixture *f = *state;

    want(0, client_write(&f->g5, "data/x", "v"));
    want(0, client_write(&f->dom0, "/shared/a", "v"));
    want(0, client_set_perms(&f->dom0, "/shared/a", "n0 b5 r7"));
    want(0, client_set_perms(&f->dom0, "/shared", "n0 b5"));
    want(0, client_write(&f->g5, "/shared/own/deep", "v"));
    simxen_store_release(f->s, 5);
    want(CLIENT_DEAD, client_read(&f->g5, "domid"));
    assert_int_equal(simxen_store_io(f->g5.conn, 0), -1);
    want(ENOENT, client_read(&f->dom0, "/local/domain/5"));
    want(ENOENT, client_read(&f->dom0, "/libxl/5"));
    want_perms(&f->dom0, "/shared/a", "n0 r7");
    want_perms(&f->dom0, "/shared", "n0");
    want(ENOENT, client_read(&f->dom0, "/shared/own"));
    want(0, client_path(&f->dom0, XS_IS_DOMAIN_INTRODUCED, "5"));
    assert_string_equal(f->dom0.reply, "F");
    /* The next domain with that id starts from nothing. */
    assert_int_equal(simxen_store_introduce(f->s, 5, "next"), 0);
    client_close(&f->g5);
    client_open(&f->g5, f->s, 5);
    want_value(&f->g5, "name", "next");
    want(ENOENT, client_read(&f->g5, "data/x"));
    want(EACCES, client_read(&f->g5, "/shared/a"));
}

static void domain_requests(void **state)
{
    struct fixture *f = *state;

    for (uint32_t type = 0; type < 40; type++) {
        int rc = client_call(&f->g5, type, "5", 2);

        switch (type) {
        case XS_CONTROL:
        case XS_INTRODUCE:
        case XS_RELEASE:
        case XS_RESUME:
        case XS_SET_TARGET:
        case XS_IS_DOMAIN_INTRODUCED:
            assert_int_equal(rc, EACCES);
            break;
        case XS_WATCH_EVENT:
        case XS_ERROR:
            assert_int_equal(rc, ENOSYS);
            break;
        default:
            if (type >= XS_TYPE_COUNT)
                assert_int_equal(rc, ENOSYS);
        }
    }
    want(0, client_path(&f->dom0, XS_IS_DOMAIN_INTRODUCED, "9"));
    assert_string_equal(f->dom0.reply, "F");
    want(0, client_call(&f->dom0, XS_INTRODUCE,
                        "9\0"
                        "1\0"
                        "2",
                        6));
    want(0, client_path(&f->dom0, XS_IS_DOMAIN_INTRODUCED, "9"));
    assert_string_equal(f->dom0.reply, "T");
    want(EINVAL, client_call(&f->dom0, XS_INTRODUCE,
                             "9\0"
                             "1\0"
                             "0",
                             6));
    want(EINVAL, client_path(&f->dom0, XS_INTRODUCE, "9"));
    want(0, client_path(&f->dom0, XS_RESUME, "9"));
    want(0, client_path(&f->dom0, XS_RELEASE, "9"));
    want(ENOENT, client_path(&f->dom0, XS_RELEASE, "9"));
    want(ENOENT, client_path(&f->dom0, XS_RESUME, "9"));
    want(EINVAL, client_path(&f->dom0, XS_RELEASE, "0"));
    /* A device model may do what its target may. */
    want(EACCES, client_write(&f->g7, "/local/domain/5/data/x", "v"));
    want(0, client_two(&f->dom0, XS_SET_TARGET, "7", "5"));
    want(0, client_write(&f->g7, "/local/domain/5/data/x", "v"));
    want(EACCES, client_write(&f->g5, "/local/domain/7/data/x", "v"));
    want(ENOENT, client_two(&f->dom0, XS_SET_TARGET, "7", "9"));
    want(EINVAL, client_path(&f->dom0, XS_CONTROL, "reboot"));
    want(0, client_path(&f->dom0, XS_CONTROL, "help"));
}

static void node_quota(void **state)
{
    struct fixture *f = *state;
    char path[64];
    int made = 0;
    int rc;

    do {
        (void)snprintf(path, sizeof(path), "data/%d/%d", made / 50, made);
        rc = client_mkdir(&f->g5, path);
    } while (rc == 0 && ++made < 2000);
    assert_int_equal(rc, ENOSPC);
    assert_in_range(made, 900, 1000);
    want(ENOSPC, client_mkdir(&f->g5, "data/one-more"));
    /* What is there can still be written; others are not concerned. */
    want(0, client_write(&f->g5, "data/0", "x"));
    want(0, client_mkdir(&f->g7, "data/x"));
    want(0, client_mkdir(&f->dom0, "/local/domain/5/data/x"));
    want(0, client_rm(&f->dom0, "/local/domain/5/data/x"));
    /* In a transaction, too. */
    want(0, client_begin(&f->g5));
    want(ENOSPC, client_mkdir(&f->g5, "data/one-more"));
    want(0, client_rm(&f->g5, "data/0"));
    want(0, client_mkdir(&f->g5, "data/one-more"));
    want(0, client_end(&f->g5, true));
    /* Removing gives the quota back. */
    want(0, client_rm(&f->g5, "data/1"));
    for (int i = 0; i < 50; i++) {
        (void)snprintf(path, sizeof(path), "data/again-%d", i);
        want(0, client_mkdir(&f->g5, path));
    }
}

/* Two transactions, each within the quota, but not both. */
static void node_quota_at_commit(void **state)
{
    struct fixture *f = *state;
    struct client other;
    char path[64];

    client_open(&other, f->s, 5);
    want(0, client_begin(&f->g5));
    want(0, client_begin(&other));
    for (int i = 0; i < 600; i++) {
        (void)snprintf(path, sizeof(path), "data/a/%d/%d", i / 50, i);
        want(0, client_mkdir(&f->g5, path));
        (void)snprintf(path, sizeof(path), "attr/a/%d/%d", i / 50, i);
        want(0, client_mkdir(&other, path));
    }
    want(0, client_end(&f->g5, true));
    want(ENOSPC, client_end(&other, true));
    want(ENOENT, client_read(&other, "attr/a"));
    client_close(&other);
}

static void size_and_depth_quotas(void **state)
{
    struct fixture *f = *state;
    char value[2049];
    char path[1100] = "data";

    memset(value, 'v', sizeof(value));
    value[2048] = '\0';
    want(ENOSPC, client_write(&f->g5, "data/x", value));
    value[2000] = '\0';
    want(0, client_write(&f->g5, "data/x", value));
    value[2000] = 'v';
    want(ENOSPC, client_write(&f->g5, "data/x", value));
    want(0, client_write(&f->dom0, "/local/domain/5/data/x", value));
    for (int i = 0; i < 500; i++)
        strcat(path, "/a");
    want(ENOSPC, client_mkdir(&f->g5, path));
    path[strlen("data") + 2 * 100] = '\0';
    want(0, client_mkdir(&f->g5, path));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(values),
        T(directories),
        T(long_directory),
        T(removal),
        T(path_rules),
        T(relative_paths),
        T(guest_isolation),
        T(permission_matrix),
        T(changing_permissions),
        T(inheritance),
        T(introduced_layout),
        T(release),
        T(domain_requests),
        T(node_quota),
        T(node_quota_at_commit),
        T(size_and_depth_quotas),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
