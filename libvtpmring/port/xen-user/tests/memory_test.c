/* SPDX-License-Identifier: MIT */
/* Shared and mapped pages between two domains. */
#include "domains.h"

#include <string.h>
#include <vtpmring/page.h>

static struct domain front, back, stranger;

static int open_all(void **state)
{
    (void)state;
    must_end_within_s(30);
    open_domain(&front, "front", VTPMRING_PORT_XEN_USER_FRONT);
    open_domain(&back, "back", VTPMRING_PORT_XEN_USER_BACK);
    open_domain(&stranger, "stranger", FRONT_AND_BACK);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    close_domain(&front);
    close_domain(&back);
    close_domain(&stranger);
    return 0;
}

static void both_see_the_same_pages(void **state)
{
    enum { COUNT = 3 };
    const size_t size = COUNT * (size_t)VTPMRING_PAGE_SIZE;
    uint32_t refs[COUNT];
    void *ours, *theirs;

    (void)state;
    assert_int_equal(
        front.ops->share(front.port, back.domid, COUNT, &ours, refs),
        VTPMRING_OK);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(((unsigned char *)ours)[i], 0);
    assert_int_equal(
        back.ops->map(back.port, front.domid, refs, COUNT, &theirs),
        VTPMRING_OK);
    for (size_t page = 0; page < COUNT; page++) {
        memset((char *)ours + page * VTPMRING_PAGE_SIZE, 'a' + (int)page,
               VTPMRING_PAGE_SIZE / 2);
        memset((char *)theirs + page * VTPMRING_PAGE_SIZE +
                   VTPMRING_PAGE_SIZE / 2,
               'x', VTPMRING_PAGE_SIZE / 2);
    }
    assert_memory_equal(ours, theirs, size);
    assert_int_equal(((char *)theirs)[VTPMRING_PAGE_SIZE], 'b');
    back.ops->unmap(back.port, theirs, COUNT);
    front.ops->unshare(front.port, ours, COUNT);
    assert_int_equal(front.lines + back.lines, 0);
}

static void references_keep_their_order(void **state)
{
    uint32_t refs[2];
    uint32_t turned[2];
    char *ours, *theirs;

    (void)state;
    assert_int_equal(
        front.ops->share(front.port, back.domid, 2, (void **)&ours, refs),
        VTPMRING_OK);
    turned[0] = refs[1];
    turned[1] = refs[0];
    assert_int_equal(
        back.ops->map(back.port, front.domid, turned, 2, (void **)&theirs),
        VTPMRING_OK);
    ours[0] = '0';
    ours[VTPMRING_PAGE_SIZE] = '1';
    assert_int_equal(theirs[0], '1');
    assert_int_equal(theirs[VTPMRING_PAGE_SIZE], '0');
    back.ops->unmap(back.port, theirs, 2);
    front.ops->unshare(front.port, ours, 2);
}

static void all_the_pages_of_the_protocol(void **state)
{
    static uint32_t refs[VTPMRING_PAGE_EXTRA_MAX + 2];
    const size_t count = VTPMRING_PAGE_EXTRA_MAX + 1;
    char *ours, *theirs;

    (void)state;
    assert_int_equal(
        front.ops->share(front.port, back.domid, count, (void **)&ours, refs),
        VTPMRING_OK);
    assert_int_equal(
        back.ops->map(back.port, front.domid, refs, count, (void **)&theirs),
        VTPMRING_OK);
    ours[count * VTPMRING_PAGE_SIZE - 1] = 'z';
    assert_int_equal(theirs[count * VTPMRING_PAGE_SIZE - 1], 'z');
    back.ops->unmap(back.port, theirs, count);
    front.ops->unshare(front.port, ours, count);
    assert_int_equal(front.ops->share(front.port, back.domid, count + 1,
                                      (void **)&ours, refs),
                     VTPMRING_EINVAL);
    assert_int_equal(
        back.ops->map(back.port, front.domid, refs, 0, (void **)&theirs),
        VTPMRING_EINVAL);
}

static void a_mapped_page_outlives_its_end(void **state)
{
    uint32_t ref;
    char *ours, *theirs;
    void *again;

    (void)state;
    assert_int_equal(
        front.ops->share(front.port, back.domid, 1, (void **)&ours, &ref),
        VTPMRING_OK);
    assert_int_equal(
        back.ops->map(back.port, front.domid, &ref, 1, (void **)&theirs),
        VTPMRING_OK);
    ours[7] = '7';
    front.ops->unshare(front.port, ours, 1);
    assert_int_equal(theirs[7], '7');
    theirs[7] = '8';
    back.ops->unmap(back.port, theirs, 1);
    assert_int_equal(back.ops->map(back.port, front.domid, &ref, 1, &again),
                     VTPMRING_EPORT);
}

static void others_cannot_map(void **state)
{
    uint32_t ref;
    void *ours, *theirs;

    (void)state;
    assert_int_equal(front.ops->share(front.port, back.domid, 1, &ours, &ref),
                     VTPMRING_OK);
    assert_int_equal(
        stranger.ops->map(stranger.port, front.domid, &ref, 1, &theirs),
        VTPMRING_EPORT);
    assert_int_equal(back.ops->map(back.port, stranger.domid, &ref, 1, &theirs),
                     VTPMRING_EPORT);
    front.ops->unshare(front.port, ours, 1);
}

static void a_port_without_the_role_says_so(void **state)
{
    uint32_t ref = 8;
    void *pages;

    (void)state;
    assert_int_equal(back.ops->share(back.port, front.domid, 1, &pages, &ref),
                     VTPMRING_EUNSUPPORTED);
    assert_int_equal(front.ops->map(front.port, back.domid, &ref, 1, &pages),
                     VTPMRING_EUNSUPPORTED);
}

/* A peer that names bad references again and again does not fill the log. */
static void a_hostile_peer_does_not_flood_the_log(void **state)
{
    const uint32_t ref = 0xdeadbeef;
    void *pages;

    (void)state;
    back.lines = 0;
    for (int i = 0; i < 500; i++)
        assert_int_equal(back.ops->map(back.port, front.domid, &ref, 1, &pages),
                         VTPMRING_EPORT);
    assert_true(back.lines > 0);
    assert_true(back.lines <= 21);
    assert_non_null(strstr(back.last_line, "too many"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_see_the_same_pages, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(references_keep_their_order, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(all_the_pages_of_the_protocol, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(a_mapped_page_outlives_its_end,
                                        open_all, close_all),
        cmocka_unit_test_setup_teardown(others_cannot_map, open_all, close_all),
        cmocka_unit_test_setup_teardown(a_port_without_the_role_says_so,
                                        open_all, close_all),
        cmocka_unit_test_setup_teardown(a_hostile_peer_does_not_flood_the_log,
                                        open_all, close_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
