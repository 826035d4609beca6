/* SPDX-License-Identifier: MIT */
/*
 * A program of a domain that does what the test tells it on standard input,
 * one command a line, and answers each with "OK NUMBER..." or "ERR errno".
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xenevtchn.h>
#include <xengnttab.h>

enum { SLOTS = 64, MOST_ARGS = 600, PAGE = 4096 };

static xenevtchn_handle *evtchn;
static xengnttab_handle *gnttab;
static xengntshr_handle *gntshr;
static unsigned char *slots[SLOTS];
static unsigned slot_count;

/* The arguments of the command at hand. */
static uint32_t args[MOST_ARGS];
static unsigned arg_count;

static int failed(void)
{
    printf("ERR %d\n", errno);
    return -1;
}

static int done(int result)
{
    return result < 0 ? failed() : printf("OK %d\n", result);
}

static int keep(void *page, const uint32_t *refs, uint32_t count)
{
    if (!page || slot_count == SLOTS)
        return failed();
    slots[slot_count] = page;
    printf("OK %u", slot_count++);
    for (uint32_t i = 0; i < count; i++)
        printf(" %u", refs[i]);
    return printf("\n");
}

static int do_open(void)
{
    evtchn = xenevtchn_open(NULL, 0);
    if (!evtchn)
        return failed();
    gnttab = xengnttab_open(NULL, 0);
    gntshr = xengntshr_open(NULL, 0);
    return gnttab && gntshr ? done(0) : failed();
}

static int do_close(void)
{
    int result = xenevtchn_close(evtchn) | xengnttab_close(gnttab) |
                 xengntshr_close(gntshr);

    return done(result);
}

static int do_unbound(void)
{
    return done(xenevtchn_bind_unbound_port(evtchn, args[0]));
}

static int do_inter(void)
{
    return done(xenevtchn_bind_interdomain(evtchn, args[0], args[1]));
}

static int do_notify(void)
{
    return done(xenevtchn_notify(evtchn, args[0]));
}

static int do_unmask(void)
{
    return done(xenevtchn_unmask(evtchn, args[0]));
}

static int do_unbind(void)
{
    return done(xenevtchn_unbind(evtchn, args[0]));
}

static int do_restrict(void)
{
    return done(xenevtchn_restrict(evtchn, (domid_t)args[0]));
}

/* take MS: the next event, 0 for none in that time. */
static int do_take(void)
{
    struct pollfd wait = {xenevtchn_fd(evtchn), POLLIN, 0};
    int n = poll(&wait, 1, (int)args[0]);

    return n <= 0 ? done(n) : done(xenevtchn_pending(evtchn));
}

static int do_nonblock(void)
{
    return done(fcntl(xenevtchn_fd(evtchn), F_SETFL, O_NONBLOCK));
}

/* Without a poll before. */
static int do_pending(void)
{
    return done(xenevtchn_pending(evtchn));
}

/* unsupported: every function that simxen has not must say so. */
static int do_unsupported(void)
{
    uint32_t fd;
    int good = 0;

    good += xenevtchn_bind_virq(evtchn, 0) == -1 && errno == ENOSYS;
    good += !xenevtchn_fdopen(NULL, 0, 0) && errno == ENOTSUP;
    good += xengnttab_dmabuf_exp_from_refs(gnttab, 0, 0, 0, NULL, &fd) == -1 &&
            errno == EOPNOTSUPP;
    return done(good);
}

/* share DOMID COUNT WRITABLE */
static int do_share(void)
{
    uint32_t refs[MOST_ARGS];
    void *page = xengntshr_share_pages(gntshr, args[0], (int)args[1], refs,
                                       (int)args[2]);

    return keep(page, refs, args[1]);
}

/* share-notify DOMID OFFSET PORT */
static int do_share_notify(void)
{
    uint32_t ref;
    void *page =
        xengntshr_share_page_notify(gntshr, args[0], &ref, 1, args[1], args[2]);

    return keep(page, &ref, 1);
}

/* unshare SLOT COUNT FIRST */
static int do_unshare(void)
{
    return done(xengntshr_unshare(
        gntshr, slots[args[0]] + (size_t)args[2] * PAGE, args[1]));
}

/* map DOMID PROT REF... */
static int do_map(void)
{
    return keep(xengnttab_map_domain_grant_refs(gnttab, arg_count - 2, args[0],
                                                &args[2], (int)args[1]),
                NULL, 0);
}

/* map-notify DOMID REF OFFSET PORT */
static int do_map_notify(void)
{
    return keep(xengnttab_map_grant_ref_notify(gnttab, args[0], args[1],
                                               PROT_READ | PROT_WRITE, args[2],
                                               args[3]),
                NULL, 0);
}

/* unmap SLOT COUNT FIRST */
static int do_unmap(void)
{
    return done(xengnttab_unmap(gnttab, slots[args[0]] + (size_t)args[2] * PAGE,
                                args[1]));
}

static int do_max_grants(void)
{
    return done(xengnttab_set_max_grants(gnttab, args[0]));
}

/* put SLOT OFFSET BYTE */
static int do_put(void)
{
    ((volatile unsigned char *)slots[args[0]])[args[1]] =
        (unsigned char)args[2];
    return done(0);
}

static int do_get(void)
{
    return done(((volatile unsigned char *)slots[args[0]])[args[1]]);
}

/* make-writable SLOT: can a mapping be made writable later? */
static int do_make_writable(void)
{
    return done(mprotect(slots[args[0]], PAGE, PROT_READ | PROT_WRITE));
}

/* copy-in DOMID REF OFFSET: one foreign byte; copy-out ... BYTE */
static int do_copy(bool out)
{
    unsigned char byte = (unsigned char)args[3];
    xengnttab_grant_copy_segment_t segment = {.len = 1};
    union xengnttab_copy_ptr *foreign = out ? &segment.dest : &segment.source;

    (out ? &segment.source : &segment.dest)->virt = &byte;
    foreign->foreign.domid = (uint16_t)args[0];
    foreign->foreign.ref = args[1];
    foreign->foreign.offset = (uint16_t)args[2];
    segment.flags = out ? GNTCOPY_dest_gref : GNTCOPY_source_gref;
    if (xengnttab_grant_copy(gnttab, 1, &segment) < 0)
        return failed();
    return printf("OK %d %u\n", -segment.status, byte);
}

static int do_copy_in(void)
{
    return do_copy(false);
}

static int do_copy_out(void)
{
    return do_copy(true);
}

/* echo PORT COUNT: answer COUNT events; ping PORT COUNT: the other side. */
static int echo(bool first)
{
    uint32_t rounds = 0;

    while (rounds < args[1]) {
        int port;

        if (first && xenevtchn_notify(evtchn, args[0]) < 0)
            return failed();
        port = xenevtchn_pending(evtchn);
        if (port < 0 || (uint32_t)port != args[0] ||
            xenevtchn_unmask(evtchn, args[0]) < 0)
            return failed();
        if (!first && xenevtchn_notify(evtchn, args[0]) < 0)
            return failed();
        rounds++;
    }
    return done((int)rounds);
}

static int do_echo(void)
{
    return echo(false);
}

static int do_ping(void)
{
    return echo(true);
}

static _Atomic unsigned taken;
static _Atomic bool over;
static _Atomic unsigned *shared_counter;

static void *take_events(void *unused)
{
    struct pollfd wait = {xenevtchn_fd(evtchn), POLLIN, 0};

    (void)unused;
    while (!over) {
        int port;

        if (poll(&wait, 1, 20) <= 0)
            continue;
        port = xenevtchn_pending(evtchn);
        if (port < 0)
            continue;
        taken = *shared_counter; /* what the event was about */
        (void)xenevtchn_unmask(evtchn, (evtchn_port_t)port);
    }
    return NULL;
}

/*
 * sink SLOT LAST MS: two threads take events of one handle until they have
 * seen the counter in the page reach LAST.
 */
static int do_sink(void)
{
    pthread_t threads[2];

    (void)fcntl(xenevtchn_fd(evtchn), F_SETFL, O_NONBLOCK);
    shared_counter = (_Atomic unsigned *)(void *)slots[args[0]];
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, take_events, NULL) != 0)
            abort();
    for (uint32_t ms = 0; ms < args[2] && taken < args[1]; ms++)
        (void)usleep(1000);
    over = true;
    for (int i = 0; i < 2; i++)
        (void)pthread_join(threads[i], NULL);
    return done((int)taken);
}

/* source SLOT PORT LAST: count up in the page, an event for each. */
static int do_source(void)
{
    shared_counter = (_Atomic unsigned *)(void *)slots[args[0]];
    for (uint32_t i = 1; i <= args[2]; i++) {
        *shared_counter = i;
        if (xenevtchn_notify(evtchn, args[1]) < 0)
            return failed();
    }
    return done(0);
}

/* fork: a child closes the handles it inherited; they must go on working. */
static int do_fork(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        (void)xenevtchn_close(evtchn);
        (void)xengnttab_close(gnttab);
        (void)xengntshr_close(gntshr);
        _exit(0);
    }
    return done(pid < 0 ? -1 : 0);
}

static const struct {
    const char *name;
    int (*perform)(void);
} commands[] = {
    {"open", do_open},
    {"close", do_close},
    {"unbound", do_unbound},
    {"inter", do_inter},
    {"notify", do_notify},
    {"unmask", do_unmask},
    {"unbind", do_unbind},
    {"restrict", do_restrict},
    {"take", do_take},
    {"nonblock", do_nonblock},
    {"pending", do_pending},
    {"unsupported", do_unsupported},
    {"share", do_share},
    {"share-notify", do_share_notify},
    {"unshare", do_unshare},
    {"map", do_map},
    {"map-notify", do_map_notify},
    {"unmap", do_unmap},
    {"max-grants", do_max_grants},
    {"put", do_put},
    {"get", do_get},
    {"make-writable", do_make_writable},
    {"copy-in", do_copy_in},
    {"copy-out", do_copy_out},
    {"echo", do_echo},
    {"ping", do_ping},
    {"sink", do_sink},
    {"source", do_source},
    {"fork", do_fork},
};

static void perform(char *line)
{
    char *save;
    const char *name = strtok_r(line, " \n", &save);
    const char *word;

    memset(args, 0, sizeof(args));
    arg_count = 0;
    while ((word = strtok_r(NULL, " \n", &save)) && arg_count < MOST_ARGS)
        args[arg_count++] = (uint32_t)strtoul(word, NULL, 10);
    for (size_t i = 0; name && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i].name, name) == 0) {
            (void)commands[i].perform();
            (void)fflush(stdout);
            return;
        }
    abort();
}

int main(void)
{
    static char line[8192];

    while (fgets(line, sizeof(line), stdin))
        perform(line);
    return 0;
}
