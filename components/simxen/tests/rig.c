/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

char rig_dir[64];

static FILE *shell(const char *format, va_list list)
{
    char command[4096];
    char whole[4400];
    FILE *out;

    (void)vsnprintf(command, sizeof(command), format, list);
    (void)snprintf(whole, sizeof(whole), "exec 2>&1; S='%s'; %s", SIMXEN_BIN,
                   command);
    out = popen(whole, "re");
    assert_non_null(out);
    return out;
}

char *rig_output(const char *format, ...)
{
    size_t len = 0;
    size_t room = 1 << 16;
    char *text = malloc(room);
    va_list list;
    FILE *out;

    assert_non_null(text);
    va_start(list, format);
    out = shell(format, list);
    va_end(list);
    len = fread(text, 1, room - 1, out);
    text[len] = '\0';
    (void)pclose(out);
    return text;
}

int rig_shell(const char *format, ...)
{
    char line[512];
    va_list list;
    FILE *out;
    int status;

    va_start(list, format);
    out = shell(format, list);
    va_end(list);
    while (fgets(line, sizeof(line), out))
        print_message("    %s", line);
    status = pclose(out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int rig_start(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    strcpy(rig_dir, "/tmp/simxen-test-XXXXXX");
    assert_non_null(mkdtemp(rig_dir));
    assert_int_equal(setenv("SIMXEN_DIR", rig_dir, 1), 0);
    assert_int_equal(rig_shell("$S start"), 0);
    return 0;
}

int rig_stop(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(rig_shell("$S stop"), 0);
    assert_int_equal(stat(rig_dir, &st), -1);
    assert_int_equal(errno, ENOENT);
    return 0;
}

struct agent agent_start(const char *domain)
{
    struct agent agent;
    int to[2];
    int from[2];

    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    agent.pid = fork();
    assert_true(agent.pid >= 0);
    if (agent.pid == 0) {
        /* A test that fails leaves nobody behind. */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(to[0], 0);
        (void)dup2(from[1], 1);
        (void)execl(SIMXEN_BIN, "simxen", "run", "--domain", domain, "--",
                    SIMXEN_AGENT, (char *)NULL);
        _exit(1);
    }
    close(to[0]);
    close(from[1]);
    agent.in = fdopen(to[1], "w");
    agent.out = fdopen(from[0], "r");
    assert_int_equal(agent_ask(&agent, "open"), 0);
    return agent;
}

void agent_stop(struct agent *agent)
{
    int status;

    (void)fclose(agent->in);
    assert_int_equal(waitpid(agent->pid, &status, 0), agent->pid);
    (void)fclose(agent->out);
    assert_int_equal(status, 0);
}

void agent_kill(struct agent *agent)
{
    (void)kill(agent->pid, SIGKILL);
    (void)fclose(agent->in);
    assert_int_equal(waitpid(agent->pid, NULL, 0), agent->pid);
    (void)fclose(agent->out);
    /* The hang-ups were queued before this question. */
    for (int i = 0; i < 3; i++)
        assert_int_equal(rig_shell("$S domid Domain-0 >/dev/null"), 0);
}

static void tell(struct agent *agent, const char *format, va_list list)
{
    (void)vfprintf(agent->in, format, list);
    (void)fputc('\n', agent->in);
    assert_int_equal(fflush(agent->in), 0);
}

void agent_tell(struct agent *agent, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    tell(agent, format, list);
    va_end(list);
}

/* The answer to a command, without "OK" or "ERR". */
static char *hear(struct agent *agent, const char *expected, char line[8192])
{
    struct pollfd wait = {fileno(agent->out), POLLIN, 0};
    size_t len = strlen(expected);

    if (poll(&wait, 1, 30000) != 1)
        fail_msg("the program in the domain does not answer");
    if (!fgets(line, 8192, agent->out))
        fail_msg("the program in the domain has died");
    if (strncmp(line, expected, len) != 0)
        fail_msg("expected %s, got %s", expected, line);
    return line + len;
}

long agent_hear(struct agent *agent, uint32_t *more, unsigned most)
{
    char line[8192];
    char *next = hear(agent, "OK ", line);
    long first = strtol(next, &next, 10);

    for (unsigned i = 0; i < most; i++)
        more[i] = (uint32_t)strtoul(next, &next, 10);
    return first;
}

long agent_ask(struct agent *agent, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    tell(agent, format, list);
    va_end(list);
    return agent_hear(agent, NULL, 0);
}

int agent_refused(struct agent *agent, const char *format, ...)
{
    char line[8192];
    va_list list;

    va_start(list, format);
    tell(agent, format, list);
    va_end(list);
    return (int)strtol(hear(agent, "ERR ", line), NULL, 10);
}

static unsigned listed(const char *domain, unsigned column)
{
    char *text =
        rig_output("$S list | awk '$4 == \"%s\" {print $%u}'", domain, column);
    unsigned value = (unsigned)strtoul(text, NULL, 10);

    assert_true(text[0] != '\0');
    free(text);
    return value;
}

unsigned rig_ports(const char *domain)
{
    return listed(domain, 2);
}

unsigned rig_grants(const char *domain)
{
    return listed(domain, 3);
}

int rig_connect(const char *domain, const char *name, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path),
                   "%s/domains/%s/%s", rig_dir, domain, name);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)),
                     0);
    return fd;
}

bool rig_hung_up(int fd)
{
    char bytes[256];
    struct pollfd wait = {fd, POLLIN, 0};

    while (poll(&wait, 1, 5000) == 1)
        if (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) <= 0)
            return true;
    return false;
}
