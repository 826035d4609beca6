/* SPDX-License-Identifier: MIT */
#include "xen_user.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_BYTES 512u
#define COMPLAINTS_PER_PERIOD 20u
#define COMPLAINT_PERIOD_US UINT64_C(60000000)

enum { LEVEL_ERROR = 3, LEVEL_WARNING = 4, LEVEL_DEBUG = 7 };

/* systemd names the stream that is its journal by device and inode; a program
 * whose stderr was redirected inherits the variable all the same. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat status;

    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
           status.st_ino == inode;
}

/* Text may quote what a peer wrote: it must not fake lines or drive a
 * terminal. */
static void log_to_stderr(const struct vtpmring_port_xen_user *xen, int level,
                          const char *text)
{
    char line[LINE_MAX_BYTES];
    char prefix[8] = "";
    int length;
    ssize_t written;

    if (xen->log_is_journal)
        (void)snprintf(prefix, sizeof(prefix), "<%d>", level & 7);
    length = snprintf(line, sizeof(line), "%s%s%s%s", prefix,
                      xen->prog ? xen->prog : "", xen->prog ? ": " : "", text);
    if (length < 0)
        return;
    if ((size_t)length >= sizeof(line))
        length = (int)sizeof(line) - 1;
    for (int i = 0; i < length; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    line[length++] = '\n';
    /* One write: lines of several threads and processes stay whole. */
    written = write(STDERR_FILENO, line, (size_t)length);
    (void)written;
}

void vtpmring_xen_user_log(struct vtpmring_port *port, int level,
                           const char *text)
{
    struct vtpmring_port_xen_user *xen = xen_user(port);
    const int saved_errno = errno;

    if (xen->log)
        xen->log(xen->log_context, level, text);
    else if (level < LEVEL_DEBUG)
        log_to_stderr(xen, level, text);
    errno = saved_errno;
}

void vtpmring_xen_user_complain(struct vtpmring_port_xen_user *xen,
                                const char *format, ...)
{
    const uint64_t now = vtpmring_xen_user_now_us(&xen->port);
    char text[LINE_MAX_BYTES];
    unsigned count;
    va_list arguments;

    (void)pthread_mutex_lock(&xen->complaint_lock);
    if (now - xen->complaint_since_us >= COMPLAINT_PERIOD_US) {
        xen->complaint_since_us = now;
        xen->complaint_count = 0;
    }
    count = xen->complaint_count;
    if (count <= COMPLAINTS_PER_PERIOD)
        xen->complaint_count++;
    (void)pthread_mutex_unlock(&xen->complaint_lock);

    if (count < COMPLAINTS_PER_PERIOD) {
        va_start(arguments, format);
        (void)vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        vtpmring_xen_user_log(&xen->port, LEVEL_WARNING, text);
    } else if (count == COMPLAINTS_PER_PERIOD) {
        vtpmring_xen_user_log(
            &xen->port, LEVEL_WARNING,
            "too many such messages: silent for up to a minute");
    }
}

enum vtpmring_status
vtpmring_xen_user_open_failed(struct vtpmring_port_xen_user *xen,
                              const char *what, const char *remedy)
{
    const int error = errno;
    char text[LINE_MAX_BYTES];

    switch (error) {
    case ENOMEM:
        return VTPMRING_ENOMEM;
    case EACCES:
    case EPERM:
        remedy = "run the program as root, or give its user access";
        break;
    case EMFILE:
    case ENFILE:
        remedy = "raise the limit of open files";
        break;
    default:
        break;
    }
    (void)snprintf(text, sizeof(text),
                   "cannot open %s: %s; %s (without Xen, start the program "
                   "with `simxen run`)",
                   what, strerror(error), remedy);
    vtpmring_xen_user_log(&xen->port, LEVEL_ERROR, text);
    return VTPMRING_EPORT;
}

/* What the Xen libraries would print on their own is detail: the status of the
 * call that failed gets its line from us. */
__attribute__((format(printf, 5, 0))) static void
from_xen(xentoollog_logger *logger, xentoollog_level level, int error,
         const char *context, const char *format, va_list arguments)
{
    struct vtpmring_port_xen_user *xen =
        (struct vtpmring_port_xen_user *)((char *)logger -
                                          offsetof(
                                              struct vtpmring_port_xen_user,
                                              xen_logger));
    char message[LINE_MAX_BYTES / 2];
    char text[LINE_MAX_BYTES];

    (void)level;
    (void)vsnprintf(message, sizeof(message), format, arguments);
    (void)snprintf(text, sizeof(text), "%s: %s%s%s", context ? context : "xen",
                   message, error > 0 ? ": " : "",
                   error > 0 ? strerror(error) : "");
    vtpmring_xen_user_log(&xen->port, LEVEL_DEBUG, text);
}

static void keep_logger(xentoollog_logger *logger)
{
    (void)logger;
}

void vtpmring_xen_user_log_init(struct vtpmring_port_xen_user *xen,
                                vtpmring_port_xen_user_log *log, void *context,
                                const char *prog)
{
    xen->log = log;
    xen->log_context = context;
    xen->prog = prog;
    xen->log_is_journal = !log && stderr_is_journal();
    xen->xen_logger.vmessage = from_xen;
    xen->xen_logger.destroy = keep_logger;
}
