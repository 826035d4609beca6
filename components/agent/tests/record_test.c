/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const uint8_t uuid[VTPM_UUID_SIZE] = {0xac, 0x0a, 0x5b, 0x9e, 0xcb, 0xe2,
                                             0x4c, 0x07, 0xb4, 0x3b, 0x1d, 0x69,
                                             0xe4, 0x6f, 0xb8, 0x39};
#define NAME "ac0a5b9e-cbe2-4c07-b43b-1d69e46fb839"
#define OTHER_BOOT "11111111-2222-3333-4444-555555555555"

static char base[] = "/tmp/vtpm-agent-test.XXXXXX";
static char folder[sizeof(base) + 16];

static struct agent_records records_open(void)
{
    struct agent_records records;
    struct vtpm_error err;

    if (agent_records_open(&records, folder, &err) != VTPM_OK)
        fail_msg("%s", err.text);
    return records;
}

static int setup(void **state)
{
    (void)state;
    if (mkdtemp(base) == NULL)
        return -1;
    (void)snprintf(folder, sizeof(folder), "%s/a/b", base);
    return 0;
}

static int teardown(void **state)
{
    char command[sizeof(base) + 16];

    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf %s", base);
    return system(command);
}

static const char *file(void)
{
    static char path[sizeof(folder) + 64];

    (void)snprintf(path, sizeof(path), "%s/" NAME, folder);
    return path;
}

static void put(const char *text, size_t length)
{
    FILE *out = fopen(file(), "w");

    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, length, out), length);
    assert_int_equal(fclose(out), 0);
}

static struct agent_record get(const struct agent_records *records,
                               bool complains)
{
    struct vtpm_error err;
    struct agent_record record = agent_record_read(records, uuid, &err);

    assert_int_equal(err.text[0] != '\0', complains);
    if (complains)
        assert_non_null(strstr(err.text, "; "));
    return record;
}

static void set(const struct agent_records *records,
                enum agent_record_kind kind, uint32_t domid)
{
    const struct agent_record record = {kind, domid};
    struct vtpm_error err;

    if (agent_record_write(records, uuid, record, &err) != VTPM_OK)
        fail_msg("%s", err.text);
}

static void written_is_read(void **state)
{
    struct agent_records records = records_open();
    struct stat st;

    (void)state;
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(get(&records, false).kind, AGENT_RECORD_NONE);
    set(&records, AGENT_RECORD_LIVE, 32751);
    assert_int_equal(get(&records, false).kind, AGENT_RECORD_LIVE);
    assert_int_equal(get(&records, false).domid, 32751);
    set(&records, AGENT_RECORD_SUSPENDED, 0);
    assert_int_equal(get(&records, false).kind, AGENT_RECORD_SUSPENDED);
    assert_int_equal(stat(file(), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    records = records_open();
    assert_int_equal(get(&records, false).kind, AGENT_RECORD_SUSPENDED);
    set(&records, AGENT_RECORD_NONE, 0);
    assert_int_equal(get(&records, false).kind, AGENT_RECORD_NONE);
    assert_int_not_equal(access(file(), F_OK), 0);
    set(&records, AGENT_RECORD_NONE, 0);
}

/* With the host, its guests have ended; those that were saved have not. */
static void the_host_was_restarted(void **state)
{
    struct agent_records records = records_open();

    (void)state;
    set(&records, AGENT_RECORD_LIVE, 5);
    strcpy(records.boot_id, OTHER_BOOT);
    assert_int_equal(get(&records, false).kind, AGENT_RECORD_NONE);
    set(&records, AGENT_RECORD_SUSPENDED, 0);
    records = records_open();
    assert_int_equal(get(&records, false).kind, AGENT_RECORD_SUSPENDED);
    set(&records, AGENT_RECORD_NONE, 0);
}

/* Of what is not understood, PCRs are kept. */
static void damaged(void **state)
{
    static const char *const texts[] = {
        "",
        "suspended",
        "suspended\n\n",
        "live",
        "live " OTHER_BOOT "\n",
        "live " OTHER_BOOT " \n",
        "live " OTHER_BOOT " 5",
        "live " OTHER_BOOT " 32752\n",
        "live " OTHER_BOOT " -1\n",
        "live " OTHER_BOOT " 5 6\n",
        "live 11111111-2222-3333-4444-55555555555x 5\n",
        "none\n",
    };
    struct agent_records records = records_open();
    char large[300];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        put(texts[i], strlen(texts[i]));
        if (get(&records, true).kind != AGENT_RECORD_SUSPENDED)
            fail_msg("%zu: %s", i, texts[i]);
    }
    put("suspended\n\0", 11);
    assert_int_equal(get(&records, true).kind, AGENT_RECORD_SUSPENDED);
    memset(large, 'x', sizeof(large));
    put(large, sizeof(large));
    assert_int_equal(get(&records, true).kind, AGENT_RECORD_SUSPENDED);
    assert_int_equal(unlink(file()), 0);
    assert_int_equal(mkdir(file(), 0700), 0);
    assert_int_equal(get(&records, true).kind, AGENT_RECORD_SUSPENDED);
    assert_int_equal(rmdir(file()), 0);
    /* a good one, to see that the others were not refused for its form */
    put("live " OTHER_BOOT " 5\n", strlen("live " OTHER_BOOT " 5\n"));
    assert_int_equal(get(&records, false).kind, AGENT_RECORD_NONE);
    set(&records, AGENT_RECORD_NONE, 0);
}

static void not_written(void **state)
{
    const struct agent_record record = {AGENT_RECORD_SUSPENDED, 0};
    struct agent_records records = records_open();
    struct vtpm_error err;
    char *long_path;

    (void)state;
    assert_int_equal(mkdir(file(), 0700), 0);
    assert_int_not_equal(agent_record_write(&records, uuid, record, &err),
                         VTPM_OK);
    assert_non_null(strstr(err.text, "; "));
    assert_int_equal(rmdir(file()), 0);

    records.folder = "/proc/self";
    assert_int_not_equal(agent_record_write(&records, uuid, record, &err),
                         VTPM_OK);
    long_path = malloc(5001);
    assert_non_null(long_path);
    memset(long_path, 'x', 5000);
    long_path[5000] = '\0';
    records.folder = long_path;
    assert_int_not_equal(agent_record_write(&records, uuid, record, &err),
                         VTPM_OK);
    assert_int_equal(agent_record_read(&records, uuid, &err).kind,
                     AGENT_RECORD_SUSPENDED);
    assert_int_not_equal(err.text[0], '\0');
    assert_int_not_equal(agent_records_open(&records, long_path, &err),
                         VTPM_OK);
    free(long_path);
}

static void a_folder_of_others(void **state)
{
    struct agent_records records;
    struct vtpm_error err;

    (void)state;
    records = records_open();
    assert_int_equal(chmod(folder, 0770), 0);
    assert_int_equal(agent_records_open(&records, folder, &err), VTPM_EACCESS);
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_not_equal(agent_records_open(&records, "", &err), VTPM_OK);
    assert_int_not_equal(agent_records_open(&records, "/proc/cmdline", &err),
                         VTPM_OK);
    assert_int_not_equal(agent_records_open(&records, "/proc/x/y", &err),
                         VTPM_OK);
}

static void uuid_as_text(void **state)
{
    char text[AGENT_UUID_TEXT];

    (void)state;
    agent_uuid_text(uuid, text);
    assert_string_equal(text, NAME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_is_read),
        cmocka_unit_test(the_host_was_restarted),
        cmocka_unit_test(damaged),
        cmocka_unit_test(not_written),
        cmocka_unit_test(a_folder_of_others),
        cmocka_unit_test(uuid_as_text),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
