/* SPDX-License-Identifier: MIT */
#include "hosted.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

#include <mini-os/console.h>
#include <mini-os/wait.h>

#define STACK_SIZE (64u << 10)
/* sanitizers, and the host's C library, need more than Mini-OS */
#define STACK_MORE (448u << 10)

struct thread {
    ucontext_t context;
    void (*function)(void *);
    void *data, *stack;
    bool runnable, over;
    s_time_t wakeup;               /* 0: none */
    struct wait_queue_head *queue; /* it sleeps there */
    struct thread *sleeper;        /* the next one there */
    struct thread *next;           /* of all, a ring */
};

static struct thread first = {.runnable = true}, *current = &first;
static struct thread *finished; /* its stack is still in use */

bool minios_events_are_off, minios_in_handler;

void minios_crash(const char *why)
{
    fprintf(stderr, "Mini-OS would crash: %s\n", why);
    abort();
}

void minios_may_sleep(const char *what)
{
    if (minios_in_handler)
        minios_crash(what);
    if (minios_events_are_off)
        minios_crash("a sleep with events off");
}

uint64_t monotonic_clock(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void printk(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
}

/* ---- events ---- */

unsigned long minios_events_off(void)
{
    const bool before = minios_events_are_off;

    minios_events_are_off = true;
    return before;
}

void minios_events_restore(unsigned long flags)
{
    minios_events_are_off = flags != 0;
    if (!minios_events_are_off)
        minios_events_deliver();
}

/* ---- who runs ---- */

/* Waits until an event, a watch or the time comes; not at all if idle is not.
 */
static void look(bool idle, s_time_t until)
{
    struct pollfd fds[] = {minios_events_fd(), minios_store_fd()};
    struct timespec rest = {0, 0}, *limit = &rest;

    if (idle && until == 0) {
        limit = NULL;
    } else if (idle) {
        const s_time_t ns = until - NOW();

        rest.tv_sec = ns > 0 ? ns / 1000000000 : 0;
        rest.tv_nsec = ns > 0 ? ns % 1000000000 : 0;
    }
    if (ppoll(fds, 2, limit, NULL) <= 0)
        return;
    if (fds[0].revents != 0)
        minios_events_take();
    if (fds[1].revents != 0)
        minios_store_take();
}

static void ring_in(s_time_t *earliest)
{
    const s_time_t now = NOW();
    struct thread *t = current;

    *earliest = 0;
    do {
        if (t->wakeup != 0 && t->wakeup <= now) {
            t->runnable = true;
            t->wakeup = 0;
        }
        if (t->wakeup != 0 && (*earliest == 0 || t->wakeup < *earliest))
            *earliest = t->wakeup;
        t = t->next;
    } while (t != current);
}

static struct thread *choose(void)
{
    struct thread *t = current->next;

    while (!t->runnable && t != current)
        t = t->next;
    return t->runnable ? t : NULL;
}

/* The one that has ended, once another one runs. */
static void bury(void)
{
    struct thread *t = current;

    if (finished == NULL)
        return;
    while (t->next != finished)
        t = t->next;
    t->next = finished->next;
    (void)munmap(finished->stack, STACK_SIZE + STACK_MORE);
    free(finished);
    finished = NULL;
}

void schedule(void)
{
    struct thread *before = current, *next;
    s_time_t earliest;

    minios_may_sleep("schedule() in a handler");
    look(false, 0);
    ring_in(&earliest);
    while ((next = choose()) == NULL) {
        look(true, earliest);
        ring_in(&earliest);
    }
    if (next == before)
        return;
    current = next;
    if (before->over) {
        setcontext(&next->context);
        abort();
    }
    (void)swapcontext(&before->context, &next->context);
    bury();
}

void exit_thread(void)
{
    finished = current;
    current->over = true;
    current->runnable = false;
    schedule();
    abort();
}

static void begin(void)
{
    bury();
    current->function(current->data);
    exit_thread();
}

struct thread *create_thread(char *name, void (*function)(void *), void *data)
{
    struct thread *made = calloc(1, sizeof(*made));

    (void)name;
    made->stack = mmap(NULL, STACK_SIZE + STACK_MORE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    made->function = function;
    made->data = data;
    made->runnable = true;
    (void)getcontext(&made->context);
    made->context.uc_stack.ss_sp = made->stack;
    made->context.uc_stack.ss_size = STACK_SIZE + STACK_MORE;
    makecontext(&made->context, begin, 0);
    made->next = current->next;
    current->next = made;
    return made;
}

/* ---- sleeping ---- */

static void leave(struct thread *thread)
{
    struct thread **at;

    if (thread->queue == NULL)
        return;
    for (at = &thread->queue->first; *at != thread; at = &(*at)->sleeper)
        ;
    *at = thread->sleeper;
    thread->queue = NULL;
}

void wake_up(struct wait_queue_head *head)
{
    while (head->first != NULL) {
        struct thread *thread = head->first;

        leave(thread);
        thread->runnable = true;
        thread->wakeup = 0;
    }
}

bool minios_sleep(struct wait_queue_head *head, s_time_t deadline)
{
    minios_may_sleep("a sleep in a handler");
    if (deadline != 0 && NOW() >= deadline)
        return false;
    current->queue = head;
    current->sleeper = head->first;
    head->first = current;
    current->runnable = false;
    current->wakeup = deadline;
    schedule();
    leave(current);
    current->wakeup = 0;
    return true;
}

void msleep(uint32_t ms)
{
    struct wait_queue_head nobody = {NULL};

    (void)minios_sleep(&nobody, NOW() + MILLISECS(ms));
}

int minios_run(int (*function)(void *data), void *data)
{
    first.next = &first;
    if (!minios_events_open() || !minios_memory_open() || !minios_store_open())
        return 1;
    return function(data);
}
