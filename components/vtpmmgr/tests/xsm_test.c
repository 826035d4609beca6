/* SPDX-License-Identifier: MIT */
/* What Flask may answer, and what of it is a label. The hypercalls are made up
 * here: Debian's Xen is built without XSM. */
#include "xsm.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* the newest form of the interface */
#define __XEN_TOOLS__ 1
#include <xencall.h>
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/xsm/flask_op.h>

#define PORT 17u
#define SID 42u

/* A hypervisor. */
static struct {
    bool is_absent;   /* no device */
    bool has_no_xsm;  /* ENOSYS */
    bool is_denied;   /* SID_TO_CONTEXT */
    const char *text; /* the label */
    size_t size;      /* of it, with its NUL if it has one */
    unsigned calls, buffers;
} xen;

int __wrap_access(const char *path, int mode);

int __wrap_access(const char *path, int mode)
{
    (void)path;
    (void)mode;
    return xen.is_absent ? -1 : 0;
}

xencall_handle *xencall_open(struct xentoollog_logger *logger, unsigned flags)
{
    static int handle;

    (void)logger;
    (void)flags;
    return (xencall_handle *)(void *)&handle;
}

int xencall_close(xencall_handle *calls)
{
    (void)calls;
    return 0;
}

void *xencall_alloc_buffer(xencall_handle *calls, size_t size)
{
    (void)calls;
    xen.buffers++;
    return malloc(size);
}

void xencall_free_buffer(xencall_handle *calls, void *buffer)
{
    (void)calls;
    xen.buffers -= buffer != NULL;
    free(buffer);
}

static int context(struct xen_flask_op *op)
{
    const uint32_t room = op->u.sid_context.size;

    assert_int_equal(op->u.sid_context.sid, SID);
    if (xen.is_denied) {
        errno = EACCES;
        return -1;
    }
    op->u.sid_context.size = (uint32_t)xen.size;
    if (xen.size > room) {
        errno = ERANGE;
        return -1;
    }
    memcpy(op->u.sid_context.context.p, xen.text, xen.size);
    return 0;
}

int xencall1(xencall_handle *calls, unsigned number, uint64_t argument)
{
    struct xen_flask_op *op = (void *)(uintptr_t)argument;

    (void)calls;
    xen.calls++;
    assert_int_equal(number, __HYPERVISOR_xsm_op);
    assert_int_equal(op->interface_version, XEN_FLASK_INTERFACE_VERSION);
    if (xen.has_no_xsm) {
        errno = ENOSYS;
        return -1;
    }
    if (op->cmd == FLASK_SID_TO_CONTEXT)
        return context(op);
    assert_int_equal(op->cmd, FLASK_GET_PEER_SID);
    assert_int_equal(op->u.peersid.evtchn, PORT);
    op->u.peersid.sid = SID;
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    memset(&xen, 0, sizeof xen);
    return 0;
}

static void expect(const char *wanted)
{
    char label[VTPMMGR_LABEL_SIZE];
    struct vtpmmgr_xsm *xsm = vtpmmgr_xsm_open();

    memset(label, 'x', sizeof label);
    vtpmmgr_xsm_label(xsm, PORT, label);
    assert_string_equal(label, wanted);
    vtpmmgr_xsm_close(xsm);
    assert_int_equal(xen.buffers, 0);
}

static void say(const char *text, size_t size)
{
    xen.text = text;
    xen.size = size;
}

static void a_label_is_read(void **state)
{
    static const char text[] = "system_u:system_r:vtpm_t";

    (void)state;
    say(text, sizeof text);
    expect(text);
    say(text, sizeof text - 1);
    expect(text);
}

static void without_xsm_there_is_none(void **state)
{
    (void)state;
    say("a:b:c", 6);
    xen.has_no_xsm = true;
    expect("");
    assert_int_equal(xen.calls, 1);
    xen.has_no_xsm = false;
    xen.is_denied = true;
    expect("");
}

static void without_a_device_nothing_is_asked(void **state)
{
    (void)state;
    xen.is_absent = true;
    assert_null(vtpmmgr_xsm_open());
    expect("");
    assert_int_equal(xen.calls, 0);
}

/* A part of a label would be another label. */
static void what_is_no_label_is_none(void **state)
{
    static char longest[VTPMMGR_LABEL_SIZE + 10];

    (void)state;
    memset(longest, 'a', sizeof longest);
    say(longest, VTPMMGR_LABEL_SIZE);
    expect("");
    say(longest, sizeof longest);
    expect("");
    say("a:b c", 6);
    expect("");
    say("a:\x1b[m", 6);
    expect("");
    say("", 0);
    expect("");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_label_is_read),
        TEST(without_xsm_there_is_none),
        TEST(without_a_device_nothing_is_asked),
        TEST(what_is_no_label_is_none),
    };

    return cmocka_run_group_tests_name("xsm", tests, NULL, NULL);
}
