/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "tpm_rig.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct tap tap;

/* A bound socket, or -1. */
static int bound(unsigned port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* The first of two ports that are free now. */
static unsigned two_ports(void)
{
    static unsigned next;

    if (next == 0)
        next = 20000 + 2 * (unsigned)(getpid() % 5000);
    for (;; next = next < 32000 ? next + 2 : 20000) {
        int a = bound(next), b = bound(next + 1);

        (void)close(a);
        (void)close(b);
        if (a >= 0 && b >= 0)
            return next;
    }
}

static bool answers(unsigned port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = connect(fd, (struct sockaddr *)&at, sizeof at) == 0;

    (void)close(fd);
    return ok;
}

static void run_swtpm(const struct rig *rig)
{
    char state[256], server[64], control[64];

    (void)snprintf(state, sizeof state, "dir=%s", in_folder(rig->name));
    (void)snprintf(server, sizeof server, "type=tcp,port=%u", rig->port);
    (void)snprintf(control, sizeof control, "type=tcp,port=%u", rig->port + 1);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state,
                 "--server", server, "--ctrl", control, "--flags",
                 "not-need-init", (char *)NULL);
    _exit(127);
}

static bool try_on(struct rig *rig)
{
    const struct timespec pause = {0, 10000000};

    rig->port = two_ports();
    rig->pid = fork();
    assert_true(rig->pid >= 0);
    if (rig->pid == 0)
        run_swtpm(rig);
    for (unsigned i = 0; i < 3000; i++) {
        if (waitpid(rig->pid, NULL, WNOHANG) == rig->pid)
            return false; /* somebody took the port */
        if (answers(rig->port + 1))
            return true;
        (void)nanosleep(&pause, NULL);
    }
    fail_msg("swtpm does not start");
    return false;
}

void rig_on(struct rig *rig, const char *name)
{
    rig->name = name;
    (void)mkdir(in_folder(name), 0700);
    for (unsigned i = 0; !try_on(rig); i++)
        assert_true(i < 20);
    (void)snprintf(rig->tcti, sizeof rig->tcti, "swtpm:host=127.0.0.1,port=%u",
                   rig->port);
    (void)snprintf(rig->conf, sizeof rig->conf, "%s:%llx:%s", TAP_FILE,
                   (unsigned long long)(uintptr_t)&tap, rig->tcti);
}

void rig_off(struct rig *rig)
{
    if (rig->pid > 0) {
        (void)kill(rig->pid, SIGKILL);
        (void)waitpid(rig->pid, NULL, 0);
    }
    rig->pid = 0;
}

void rig_reboot(struct rig *rig)
{
    rig_off(rig);
    rig_on(rig, rig->name);
}

void rig_destroy(struct rig *rig)
{
    char command[256];

    rig_off(rig);
    (void)snprintf(command, sizeof command, "rm -rf %s", in_folder(rig->name));
    assert_int_equal(system(command), 0);
}

int rig_tool(const struct rig *rig, const char *format, ...)
{
    char command[1024];
    va_list args;
    int result;

    (void)setenv("TPM2TOOLS_TCTI", rig->tcti, 1);
    (void)setenv("DIR", in_folder("."), 1);
    va_start(args, format);
    (void)vsnprintf(command, sizeof command, format, args);
    va_end(args);
    result = system(command);
    return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
}

void tap_clear(void)
{
    memset(&tap, 0, sizeof tap);
}

bool tap_saw(const void *bytes, size_t len)
{
    assert_int_equal(tap.lost, 0);
    return memmem(tap.log, tap.len, bytes, len) != NULL;
}

struct vtpmmgr_root_tpm_options rig_options(const struct rig *rig)
{
    return (struct vtpmmgr_root_tpm_options){.tcti = rig->conf};
}

struct vtpmmgr_root *rig_root(const struct vtpmmgr_root_tpm_options *options)
{
    struct vtpmmgr_root *root;
    struct vtpm_error err;

    assert_answer(vtpmmgr_root_tpm_open(&root, options, &err), VTPM_OK, &err,
                  NULL);
    return root;
}

void check_answer(enum vtpm_status is, enum vtpm_status wanted,
                  const struct vtpm_error *err, const char *text,
                  const char *file, int line)
{
    if (is != wanted) {
        print_error("%s, not %s: %s\n", vtpm_status_text(is),
                    vtpm_status_text(wanted), is == VTPM_OK ? "" : err->text);
        _fail(file, line);
    }
    if (text && !strstr(err->text, text)) {
        print_error("does not say '%s': %s\n", text, err->text);
        _fail(file, line);
    }
}
