/* SPDX-License-Identifier: MIT */
/* Prints the tables that the machines run on, for the documentation:
 *     draw_tables dot|markdown front|back */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <vtpmring/back.h>
#include <vtpmring/front.h>

struct machine {
    const char *name;
    const char *peer; /* what the other side is called */
    const struct vtpmring_xenbus_row *rows;
    const char *const *actions;
    uint8_t count;
};

static const char *const front_actions[VTPMRING_FRONT_ACTION_COUNT] = {
    [VTPMRING_FRONT_WAIT] = "WAIT",
    [VTPMRING_FRONT_SHARE] = "SHARE",
    [VTPMRING_FRONT_PUBLISH] = "PUBLISH",
    [VTPMRING_FRONT_CHECK_PEER] = "CHECK_PEER",
    [VTPMRING_FRONT_SET_STATE] = "SET_STATE",
    [VTPMRING_FRONT_NOTIFY] = "NOTIFY",
    [VTPMRING_FRONT_DELIVER] = "DELIVER",
    [VTPMRING_FRONT_UNPUBLISH] = "UNPUBLISH",
    [VTPMRING_FRONT_UNSHARE] = "UNSHARE",
    [VTPMRING_FRONT_END] = "END",
};

static const char *const back_actions[VTPMRING_BACK_ACTION_COUNT] = {
    [VTPMRING_BACK_WAIT] = "WAIT",
    [VTPMRING_BACK_ADVERTISE] = "ADVERTISE",
    [VTPMRING_BACK_READ_PEER] = "READ_PEER",
    [VTPMRING_BACK_MAP] = "MAP",
    [VTPMRING_BACK_SET_STATE] = "SET_STATE",
    [VTPMRING_BACK_MAP_EXTRA] = "MAP_EXTRA",
    [VTPMRING_BACK_EXECUTE] = "EXECUTE",
    [VTPMRING_BACK_ABORT] = "ABORT",
    [VTPMRING_BACK_NOTIFY] = "NOTIFY",
    [VTPMRING_BACK_UNMAP] = "UNMAP",
    [VTPMRING_BACK_END] = "END",
};

static const struct machine machines[] = {
    {"front", "backend", vtpmring_front_table, front_actions,
     VTPMRING_FRONT_PHASE_COUNT},
    {"back", "frontend", vtpmring_back_table, back_actions,
     VTPMRING_BACK_PHASE_COUNT},
};

/* both machines number WAIT 0; END is the row that leads nowhere */
static bool is_wait(const struct vtpmring_xenbus_row *row)
{
    return row->action == 0;
}

static bool is_end(const struct machine *m, uint8_t phase)
{
    const struct vtpmring_xenbus_row *row = &m->rows[phase];

    return !is_wait(row) && row->ok == phase;
}

static const char *state_name(size_t state)
{
    return vtpmring_xenbus_state_name((enum vtpmring_xenbus_state)state);
}

/* "-" for a row that stays where it is */
static const char *target(const struct machine *m, uint8_t from, uint8_t to)
{
    return from == to ? "-" : m->rows[to].name;
}

static void markdown_actions(const struct machine *m)
{
    printf("| phase | action | done | failed | changed |\n");
    printf("|---|---|---|---|---|\n");
    for (uint8_t phase = 0; phase < m->count; phase++) {
        const struct vtpmring_xenbus_row *row = &m->rows[phase];

        if (is_wait(row))
            continue;
        printf("| %s | %s", row->name, m->actions[row->action]);
        if (row->state != VTPMRING_XENBUS_UNKNOWN)
            printf(" %s", state_name(row->state));
        printf(" | %s | %s | %s |\n", target(m, phase, row->ok),
               target(m, phase, row->fail), target(m, phase, row->again));
    }
}

static void markdown_waits(const struct machine *m)
{
    printf("\n| wait, %s is | close", m->peer);
    for (size_t state = 0; state < VTPMRING_XENBUS_STATE_COUNT; state++)
        printf(" | %s", state_name(state));
    printf(" |\n|---|---");
    for (size_t state = 0; state < VTPMRING_XENBUS_STATE_COUNT; state++)
        printf("|---");
    printf("|\n");
    for (uint8_t phase = 0; phase < m->count; phase++) {
        const struct vtpmring_xenbus_row *row = &m->rows[phase];

        if (!is_wait(row))
            continue;
        printf("| %s | %s", row->name, target(m, phase, row->close));
        for (size_t state = 0; state < VTPMRING_XENBUS_STATE_COUNT; state++)
            printf(" | %s", target(m, phase, row->peer[state]));
        printf(" |\n");
    }
}

static void dot_node(const struct machine *m, uint8_t phase)
{
    const struct vtpmring_xenbus_row *row = &m->rows[phase];

    printf("    \"%s\" [", row->name);
    if (is_wait(row) || is_end(m, phase)) {
        printf("label=\"%s\", shape=%s", row->name,
               is_wait(row) ? "ellipse" : "doublecircle");
    } else {
        printf("label=\"%s\\n%s", row->name, m->actions[row->action]);
        if (row->state != VTPMRING_XENBUS_UNKNOWN)
            printf(" %s", state_name(row->state));
        printf("\", shape=box");
    }
    printf("];\n");
}

/* one edge per target, with all states that lead there */
static void dot_wait_edges(const struct machine *m, uint8_t phase)
{
    const struct vtpmring_xenbus_row *row = &m->rows[phase];

    for (uint8_t to = 0; to < m->count; to++) {
        const char *separator = "";

        if (to == phase || memchr(row->peer, to, sizeof(row->peer)) == NULL)
            continue;
        printf("    \"%s\" -> \"%s\" [label=\"", row->name, m->rows[to].name);
        for (size_t state = 0; state < VTPMRING_XENBUS_STATE_COUNT; state++) {
            if (row->peer[state] != to)
                continue;
            printf("%s%s", separator, state_name(state));
            separator = "\\n";
        }
        printf("\"];\n");
    }
    if (row->close != phase)
        printf("    \"%s\" -> \"%s\" [label=\"close\", style=dotted];\n",
               row->name, m->rows[row->close].name);
}

static void dot_action_edges(const struct machine *m, uint8_t phase)
{
    const struct vtpmring_xenbus_row *row = &m->rows[phase];

    printf("    \"%s\" -> \"%s\";\n", row->name, m->rows[row->ok].name);
    if (row->fail != row->ok)
        printf("    \"%s\" -> \"%s\" [label=\"failed\", style=dashed];\n",
               row->name, m->rows[row->fail].name);
    if (row->again != row->fail)
        printf("    \"%s\" -> \"%s\" [label=\"changed\", style=dashed];\n",
               row->name, m->rows[row->again].name);
}

static void print_dot(const struct machine *m)
{
    printf("digraph %s {\n", m->name);
    printf("    node [fontname=\"Helvetica\", fontsize=11];\n");
    printf("    edge [fontname=\"Helvetica\", fontsize=9];\n");
    for (uint8_t phase = 0; phase < m->count; phase++)
        dot_node(m, phase);
    for (uint8_t phase = 0; phase < m->count; phase++) {
        if (is_wait(&m->rows[phase]))
            dot_wait_edges(m, phase);
        else if (!is_end(m, phase))
            dot_action_edges(m, phase);
    }
    printf("}\n");
}

static void print_markdown(const struct machine *m)
{
    markdown_actions(m);
    markdown_waits(m);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 3 && i < 2; i++) {
        const struct machine *m = &machines[i];

        if (strcmp(argv[2], m->name) != 0)
            continue;
        if (strcmp(argv[1], "dot") == 0) {
            print_dot(m);
            return 0;
        }
        if (strcmp(argv[1], "markdown") == 0) {
            print_markdown(m);
            return 0;
        }
    }
    fprintf(stderr, "usage: draw_tables dot|markdown front|back\n");
    return 2;
}
