/* SPDX-License-Identifier: MIT */
/* Prints the tables that the machines run on as Promela, so that the models
 * have no copy of them. What events lead to is asked of the function that the
 * machines ask, vtpmring_xenbus_settle(). */
#include <ctype.h>
#include <stdio.h>
#include <vtpmring/back.h>
#include <vtpmring/front.h>

struct name {
    const char *name;
    int value;
};

struct machine {
    const char *prefix; /* of the phases */
    const char *macro;  /* of what is looked up */
    const struct vtpmring_xenbus_row *rows;
    uint8_t count;
};

#define FRONT(name)                                                            \
    {                                                                          \
        "FA_" #name, VTPMRING_FRONT_##name                                     \
    }
#define BACK(name)                                                             \
    {                                                                          \
        "BA_" #name, VTPMRING_BACK_##name                                      \
    }
#define STATE(name)                                                            \
    {                                                                          \
        "X_" #name, VTPMRING_XENBUS_##name                                     \
    }
#define PAGE(name)                                                             \
    {                                                                          \
        "PG_" #name, VTPMRING_PAGE_##name                                      \
    }

static const struct name names[] = {
    FRONT(WAIT),        FRONT(SHARE),        FRONT(PUBLISH),
    FRONT(CHECK_PEER),  FRONT(SET_STATE),    FRONT(NOTIFY),
    FRONT(DELIVER),     FRONT(UNPUBLISH),    FRONT(UNSHARE),
    FRONT(END),         BACK(WAIT),          BACK(ADVERTISE),
    BACK(READ_PEER),    BACK(MAP),           BACK(SET_STATE),
    BACK(MAP_EXTRA),    BACK(EXECUTE),       BACK(ABORT),
    BACK(NOTIFY),       BACK(UNMAP),         BACK(END),
    STATE(UNKNOWN),     STATE(INITIALISING), STATE(INIT_WAIT),
    STATE(INITIALISED), STATE(CONNECTED),    STATE(CLOSING),
    STATE(CLOSED),      PAGE(IDLE),          PAGE(SUBMIT),
    PAGE(FINISH),       PAGE(CANCEL),
};

static const struct machine machines[] = {
    {"F_", "FRONT", vtpmring_front_table, VTPMRING_FRONT_PHASE_COUNT},
    {"B_", "BACK", vtpmring_back_table, VTPMRING_BACK_PHASE_COUNT},
};

/* "init-wait" as F_INIT_WAIT */
static void print_phase(const struct machine *m, uint8_t phase)
{
    printf("%s", m->prefix);
    for (const char *c = m->rows[phase].name; *c != '\0'; c++)
        putchar(*c == '-' ? '_' : toupper((unsigned char)*c));
}

/* A macro that is a chain of questions; what is left unsaid is the 0. */
static void print_numbers(const struct machine *m, const char *what,
                          uint8_t (*of)(const struct vtpmring_xenbus_row *))
{
    unsigned depth = 0;

    printf("#define %s_%s(p) ", m->macro, what);
    for (uint8_t phase = 0; phase < m->count; phase++) {
        uint8_t value = of(&m->rows[phase]);

        if (value == 0)
            continue;
        printf("(((p) == ");
        print_phase(m, phase);
        printf(") -> %u : ", value);
        depth++;
    }
    putchar('0');
    while (depth-- > 0)
        putchar(')');
    putchar('\n');
}

static uint8_t action_of(const struct vtpmring_xenbus_row *row)
{
    return row->action;
}

static uint8_t state_of(const struct vtpmring_xenbus_row *row)
{
    return row->state;
}

static uint8_t ok_of(const struct vtpmring_xenbus_row *row)
{
    return row->ok;
}

static uint8_t fail_of(const struct vtpmring_xenbus_row *row)
{
    return row->fail;
}

static uint8_t again_of(const struct vtpmring_xenbus_row *row)
{
    return row->again;
}

/* FRONT_SETTLE(to, phase, peer, close) sets where events lead. */
static void print_settle(const struct machine *m)
{
    printf("inline %s_SETTLE(to, p, peer, close)\n{\n    if\n", m->macro);
    for (uint8_t phase = 0; phase < m->count; phase++) {
        if (m->rows[phase].action != 0)
            continue;
        for (int peer = 0; peer < VTPMRING_XENBUS_STATE_COUNT; peer++) {
            for (int close = 0; close < 2; close++) {
                uint8_t to = vtpmring_xenbus_settle(
                    m->rows, phase, (enum vtpmring_xenbus_state)peer, close);

                if (to == phase)
                    continue;
                printf("    :: p == ");
                print_phase(m, phase);
                printf(" && peer == %d && close == %d -> to = ", peer, close);
                print_phase(m, to);
                printf(";\n");
            }
        }
    }
    printf("    :: else -> to = p;\n    fi\n}\n");
}

int main(void)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        printf("#define %s %d\n", names[i].name, names[i].value);
    for (size_t i = 0; i < 2; i++) {
        const struct machine *m = &machines[i];

        for (uint8_t phase = 0; phase < m->count; phase++) {
            printf("#define ");
            print_phase(m, phase);
            printf(" %u\n", phase);
        }
        print_numbers(m, "ACTION", action_of);
        print_numbers(m, "STATE", state_of);
        print_numbers(m, "OK", ok_of);
        print_numbers(m, "FAIL", fail_of);
        print_numbers(m, "AGAIN", again_of);
        print_settle(m);
    }
    return 0;
}
