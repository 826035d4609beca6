/* SPDX-License-Identifier: MIT */
#include "domains.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEADER                                                                 \
    "Name                                        ID   Mem VCPUs\tState\t"      \
    "Time(s)   UUID                            Reason-Code\tSecurity Label\n"
#define DOM0                                                                   \
    "Domain-0                                     0   640     1     r-----  "  \
    "     5.3 00000000-0000-0000-0000-000000000000        -             "      \
    "none\n"
#define UUID " ac0a5b9e-cbe2-4c07-b43b-1d69e46fb839"
#define LINE(name, id, state, time, reason)                                    \
    name " " id "   128     1     " state "  " time UUID " " reason            \
         "             none\n"

static enum vtpm_status parse(struct agent_domains *domains, const char *text)
{
    struct vtpm_error err = {{0}};
    enum vtpm_status status = agent_domains_parse(domains, text, &err);

    if (status != VTPM_OK) {
        assert_non_null(strstr(err.text, "; "));
        assert_null(strchr(err.text, '\n'));
    }
    return status;
}

/* The condition of domain 7, which is all that `line` describes. */
static enum agent_condition condition_of(const char *line)
{
    struct agent_domains domains;
    enum agent_condition condition;
    char text[1024] = HEADER DOM0;

    strcat(text, line);
    assert_int_equal(parse(&domains, text), VTPM_OK);
    assert_int_equal(domains.count, 2);
    condition = agent_domains_find(&domains, 7).condition;
    assert_int_equal(agent_domains_find(&domains, 0).condition, AGENT_RUN);
    assert_int_equal(agent_domains_find(&domains, 8).condition, AGENT_GONE);
    agent_domains_free(&domains);
    return condition;
}

static void conditions(void **state)
{
    static const struct {
        const char *line;
        enum agent_condition condition;
    } cases[] = {
        {LINE("guest", "7", "--p---", "     0.0", "       -"), AGENT_UNRUN},
        {LINE("guest", "7", "--p---", "     0.1", "       -"), AGENT_RUN},
        {LINE("guest", "7", "--p---", "    10.0", "       -"), AGENT_RUN},
        {LINE("guest", "7", "------", "     0.0", "       -"), AGENT_RUN},
        {LINE("guest", "7", "-b----", "     3.0", "       -"), AGENT_RUN},
        {LINE("guest", "7", "r-----", "123456.7", "       -"), AGENT_RUN},
        {LINE("guest", "7", "---ss-", "     3.0", "       2"), AGENT_SUSPENDED},
        {LINE("guest", "7", "--pss-", "     0.0", "       2"), AGENT_SUSPENDED},
        {LINE("guest", "7", "---s--", "     3.0", "       0"), AGENT_OVER},
        {LINE("guest", "7", "---sr-", "     3.0", "       1"), AGENT_OVER},
        {LINE("guest", "7", "---sc-", "     3.0", "       3"), AGENT_OVER},
        {LINE("guest", "7", "---sw-", "     3.0", "       4"), AGENT_OVER},
        {LINE("guest", "7", "---sS-", "     3.0", "       5"), AGENT_RUN},
        /* the letters of another xl may be others; the number counts */
        {LINE("guest", "7", "---s?-", "     3.0", "       2"), AGENT_SUSPENDED},
        {LINE("guest", "7", "---s?-", "     3.0", "ffffffff"), AGENT_OVER},
        {LINE("guest", "7", "--ps-d", "     3.0", "       0"), AGENT_GONE},
        {LINE("guest", "7", "---ssd", "     3.0", "       2"), AGENT_GONE},
        {LINE("(null)", "7", "-----d", "     3.0", "       -"), AGENT_GONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (condition_of(cases[i].line) != cases[i].condition)
            fail_msg("%zu: %d %s", i, condition_of(cases[i].line),
                     cases[i].line);
}

/* Nothing in a name is taken for a column. */
static void names(void **state)
{
    (void)state;
    assert_int_equal(condition_of(LINE("", "7", "--p---", "0.0", "-")),
                     AGENT_UNRUN);
    assert_int_equal(condition_of(LINE("a b\tc", "7", "--p---", "0.0", "-")),
                     AGENT_UNRUN);
    assert_int_equal(
        condition_of(LINE("8   128     1     ---ss-  3.0" UUID " 2 none", "7",
                          "--p---", "0.0", "-")),
        AGENT_UNRUN);
    assert_int_equal(condition_of(LINE(
                         "ac0a5b9e-cbe2-4c07-b43b-1d69e46fb839 and a name that "
                         "is longer than its column",
                         "7", "--p---", "0.0", "-")),
                     AGENT_UNRUN);
    assert_int_equal(condition_of(LINE("Name", "7", "--p---", "0.0", "-")),
                     AGENT_UNRUN);
    assert_int_equal(
        condition_of(LINE("\xff\x01\xc3\xa4", "7", "--p---", "0.0", "-")),
        AGENT_UNRUN);
}

static bool is_incoming(const char *name)
{
    struct agent_domains domains;
    char text[1024] = HEADER;
    bool incoming;

    strcat(text, name);
    strcat(text, "     7   128     1     --p---       0.0" UUID " - none\n");
    assert_int_equal(parse(&domains, text), VTPM_OK);
    incoming = agent_domains_find(&domains, 7).incoming;
    agent_domains_free(&domains);
    return incoming;
}

static void incoming(void **state)
{
    (void)state;
    assert_true(is_incoming("guest--incoming"));
    assert_true(is_incoming("--incoming"));
    assert_true(is_incoming("a guest --incoming"));
    assert_false(is_incoming("guest"));
    assert_false(is_incoming("guest-incoming"));
    assert_false(is_incoming("guest--incoming2"));
    assert_false(is_incoming("incoming"));
}

static void labels(void **state)
{
    (void)state;
    assert_int_equal(condition_of("g 7 128 1 --p---  0.0" UUID
                                  " - system_u:system_r:domU_t\n"),
                     AGENT_UNRUN);
    assert_int_equal(condition_of("g 7 128 1 --p---  0.0" UUID " - a b c\n"),
                     AGENT_UNRUN);
    assert_int_equal(condition_of("g 7 128 1 --p---  0.0" UUID " -   \n"),
                     AGENT_UNRUN);
    assert_int_equal(condition_of("g 7 128 1 --p---  0.0" UUID " -"),
                     AGENT_UNRUN);
}

static void not_understood(void **state)
{
    static const char *const lines[] = {
        "\n",
        "error\n",
        LINE("guest", "x", "--p---", "0.0", "-"),
        LINE("guest", "-7", "--p---", "0.0", "-"),
        LINE("guest", "32752", "--p---", "0.0", "-"),
        LINE("guest", "4294967303", "--p---", "0.0", "-"),
        LINE("guest", "99999999999999999999", "--p---", "0.0", "-"),
        LINE("guest", "", "--p---", "0.0", "-"),
        LINE("guest", "7", "--p--", "0.0", "-"),
        LINE("guest", "7", "--p----", "0.0", "-"),
        LINE("guest", "7", "p-----", "0.0", "-"),
        LINE("guest", "7", "--p---", "0", "-"),
        LINE("guest", "7", "--p---", "0.", "-"),
        LINE("guest", "7", "--p---", ".0", "-"),
        LINE("guest", "7", "--p---", "0,0", "-"),
        LINE("guest", "7", "--p---", "-0.1", "-"),
        LINE("guest", "7", "--p---", "0.0.0", "-"),
        LINE("guest", "7", "--p---", "0.0", "2"),
        LINE("guest", "7", "---ss-", "0.0", "-"),
        LINE("guest", "7", "---ss-", "0.0", "0x2"),
        LINE("guest", "7", "---ss-", "0.0", "000000002"),
        "guest 7 128 1 --p--- 0.0 ac0a5b9e-cbe2-4c07-b43b-1d69e46fb83 - none\n",
        "guest 7 128 1 --p--- 0.0" UUID "\n",
        "guest 7 128 --p--- 0.0" UUID " - none\n",
        "guest 7 x 1 --p--- 0.0" UUID " - none\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct agent_domains domains;
        char text[1024] = HEADER DOM0;

        strcat(text, lines[i]);
        strcat(text, DOM0);
        if (parse(&domains, text) == VTPM_OK)
            fail_msg("%zu: %s", i, lines[i]);
        agent_domains_free(&domains);
    }
}

static void no_listing(void **state)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        DOM0,
                                        HEADER,
                                        "Name",
                                        "xl: not running as root\n",
                                        "Name\n" DOM0 "\n"};
    struct agent_domains domains;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(parse(&domains, texts[i]), VTPM_EINVAL);
        agent_domains_free(&domains);
    }
}

/* Whatever is wrong with it, domains that are found are those that are there,
 * and none has a condition that no guest can have. */
static void mutilated(void **state)
{
    static const char whole[] =
        HEADER DOM0 LINE("guest", "7", "---ss-", "     3.0", "       2")
            LINE("other", "12", "--p---", "     0.0", "       -");
    static const char bytes[] = {'\0', '\n', ' ', '\t', '-', '9', 'd', '\x80'};
    struct agent_domains domains;
    char text[sizeof(whole)];

    (void)state;
    for (size_t i = 0; i < sizeof(whole); i++)
        for (size_t b = 0; b < sizeof(bytes); b++) {
            memcpy(text, whole, sizeof(whole));
            text[i] = bytes[b];
            text[sizeof(text) - 1] = '\0';
            (void)parse(&domains, text);
            assert_true(domains.count <= 3);
            for (size_t d = 0; d < domains.count; d++) {
                assert_true(domains.all[d].domid < AGENT_DOMID_END);
                assert_true(domains.all[d].condition < AGENT_CONDITIONS);
            }
            agent_domains_free(&domains);
        }
}

static void many(void **state)
{
    const size_t count = 1000, size = 200 * count;
    char *text = malloc(size), *at = text;
    struct agent_domains domains;

    (void)state;
    assert_non_null(text);
    at += sprintf(at, "%s", HEADER);
    for (size_t i = 0; i < count; i++)
        at += sprintf(at, "guest-%zu %zu 128 1 %s 0.0" UUID " - none\n", i, i,
                      i % 2 == 0 ? "--p---" : "-b----");
    assert_true((size_t)(at - text) < size);
    assert_int_equal(parse(&domains, text), VTPM_OK);
    assert_int_equal(domains.count, count);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(agent_domains_find(&domains, i).condition,
                         i % 2 == 0 ? AGENT_UNRUN : AGENT_RUN);
    agent_domains_free(&domains);
    free(text);
}

static void numbers(void **state)
{
    uint32_t number;

    (void)state;
    assert_true(agent_number("0", 1, 0, &number) && number == 0);
    assert_true(agent_number("4294967295", 10, UINT32_MAX, &number) &&
                number == UINT32_MAX);
    assert_false(agent_number("4294967296", 10, UINT32_MAX, &number));
    assert_false(agent_number("12", 2, 11, &number));
    assert_true(agent_number("123", 2, 12, &number) && number == 12);
    assert_false(agent_number("", 0, 9, &number));
    assert_false(agent_number("+1", 2, 9, &number));
    assert_false(agent_number("1 ", 2, 9, &number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions),     cmocka_unit_test(names),
        cmocka_unit_test(incoming),       cmocka_unit_test(labels),
        cmocka_unit_test(not_understood), cmocka_unit_test(no_listing),
        cmocka_unit_test(mutilated),      cmocka_unit_test(many),
        cmocka_unit_test(numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
