/* SPDX-License-Identifier: MIT */
/* tis_tcti_test CHIP: the calls of the TCTI, in this process and so under its
 * sanitizers, on the registers of tis_chip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <tss2/tss2_tcti_vtpmring_tis.h>

#include "context.h"

static char folder[] = "/tmp/tis_tcti_test.XXXXXX";
static char conf[256];
static const uint8_t get_random[12] = {0x80, 1, 0, 0,    0, 12,
                                       0,    0, 1, 0x7b, 0, 16};
/* TPM2_CreatePrimary of an RSA 2048 storage key: takes its time */
static const uint8_t create_primary[67] = {
    0x80, 0x02, 0, 0, 0,  67, 0, 0, 1,    0x31, 0x40, 0, 0, 7, 0,   0, 0,
    9,    0x40, 0, 0, 9,  0,  0, 0, 0,    0,    0,    4, 0, 0, 0,   0, 0,
    26,   0,    1, 0, 11, 0,  3, 0, 0x72, 0,    0,    0, 6, 0, 128, 0, 67,
    0,    16,   8, 0, 0,  0,  0, 0, 0,    0,    0,    0, 0, 0, 0,   0};

static TSS2_TCTI_CONTEXT *memory(size_t *size)
{
    TSS2_TCTI_CONTEXT *made;

    assert_int_equal(Tss2_Tcti_Vtpmring_Tis_Init(NULL, size, NULL),
                     TSS2_RC_SUCCESS);
    made = malloc(*size);
    assert_non_null(made);
    memset(made, 0xa5, *size);
    return made;
}

static TSS2_TCTI_CONTEXT *make(const char *text)
{
    size_t size;
    TSS2_TCTI_CONTEXT *made = memory(&size);

    assert_int_equal(Tss2_Tcti_Vtpmring_Tis_Init(made, &size, text),
                     TSS2_RC_SUCCESS);
    return made;
}

static void destroy(TSS2_TCTI_CONTEXT *made)
{
    Tss2_Tcti_Finalize(made);
    free(made);
}

static void works(TSS2_TCTI_CONTEXT *tcti)
{
    uint8_t response[64];
    size_t size = sizeof(response);

    assert_int_equal(Tss2_Tcti_Transmit(tcti, sizeof(get_random), get_random),
                     TSS2_RC_SUCCESS);
    assert_int_equal(
        Tss2_Tcti_Receive(tcti, &size, response, TSS2_TCTI_TIMEOUT_BLOCK),
        TSS2_RC_SUCCESS);
    assert_int_equal(size, 28);
    assert_int_equal(response[9], 0);
}

static void test_info(void **state)
{
    const TSS2_TCTI_INFO *info = Tss2_Tcti_Info();

    (void)state;
    assert_int_equal(info->version, 2);
    assert_string_equal(info->name, "tcti-vtpmring-tis");
    assert_non_null(strstr(info->config_help, "mem=PATH"));
    assert_ptr_equal(info->init, Tss2_Tcti_Vtpmring_Tis_Init);
}

static void fails(const char *text, TSS2_RC expected)
{
    size_t size;
    TSS2_TCTI_CONTEXT *made = memory(&size);

    assert_int_equal(Tss2_Tcti_Vtpmring_Tis_Init(made, &size, text), expected);
    /* half made: it may be finalized, and can do nothing else */
    assert_int_not_equal(
        Tss2_Tcti_Transmit(made, sizeof(get_random), get_random),
        TSS2_RC_SUCCESS);
    destroy(made);
}

static void test_init(void **state)
{
    char text[300];
    size_t size;
    TSS2_TCTI_CONTEXT *made = memory(&size);

    (void)state;
    assert_int_equal(Tss2_Tcti_Vtpmring_Tis_Init(NULL, NULL, conf),
                     TSS2_TCTI_RC_BAD_VALUE);
    size--;
    assert_int_equal(Tss2_Tcti_Vtpmring_Tis_Init(made, &size, conf),
                     TSS2_TCTI_RC_INSUFFICIENT_BUFFER);
    assert_int_equal(Tss2_Tcti_Vtpmring_Tis_Init(made, NULL, conf),
                     TSS2_RC_SUCCESS);
    works(made);
    destroy(made);
    fails("adress=0", TSS2_TCTI_RC_BAD_VALUE);
    fails("mem=/does/not/exist", TSS2_TCTI_RC_IO_ERROR);
    (void)snprintf(text, sizeof(text), "%s,locality=1", conf);
    fails(text, TSS2_TCTI_RC_BAD_VALUE);
}

static void test_order_of_calls(void **state)
{
    TSS2_TCTI_CONTEXT *tcti = make(conf);
    uint8_t response[64], odd[12];
    size_t size = 64;

    (void)state;
    assert_int_equal(Tss2_Tcti_Receive(tcti, &size, response, -1),
                     TSS2_TCTI_RC_BAD_SEQUENCE);
    assert_int_equal(Tss2_Tcti_Cancel(tcti), TSS2_TCTI_RC_BAD_SEQUENCE);
    assert_int_equal(Tss2_Tcti_Transmit(tcti, 11, get_random),
                     TSS2_TCTI_RC_BAD_VALUE);
    assert_int_equal(Tss2_Tcti_Transmit(tcti, 12, NULL),
                     TSS2_TCTI_RC_BAD_REFERENCE);
    memcpy(odd, get_random, sizeof(odd));
    odd[5] = 13;
    assert_int_equal(Tss2_Tcti_Transmit(tcti, sizeof(odd), odd),
                     TSS2_TCTI_RC_BAD_VALUE);
    assert_int_equal(Tss2_Tcti_SetLocality(tcti, 1), TSS2_TCTI_RC_BAD_VALUE);
    assert_int_equal(Tss2_Tcti_SetLocality(tcti, 0), TSS2_RC_SUCCESS);
    assert_int_equal(Tss2_Tcti_GetPollHandles(tcti, NULL, &size),
                     TSS2_TCTI_RC_NOT_IMPLEMENTED);
    assert_int_equal(Tss2_Tcti_Transmit(tcti, 12, get_random), TSS2_RC_SUCCESS);
    assert_int_equal(Tss2_Tcti_Transmit(tcti, 12, get_random),
                     TSS2_TCTI_RC_BAD_SEQUENCE);
    assert_int_equal(Tss2_Tcti_SetLocality(tcti, 0), TSS2_TCTI_RC_BAD_SEQUENCE);
    assert_int_equal(Tss2_Tcti_Receive(tcti, NULL, response, -1),
                     TSS2_TCTI_RC_BAD_REFERENCE);
    assert_int_equal(Tss2_Tcti_Receive(tcti, &size, response, -2),
                     TSS2_TCTI_RC_BAD_VALUE);
    /* the size first, as ESYS asks for it, then too little room */
    size = 0;
    assert_int_equal(Tss2_Tcti_Receive(tcti, &size, NULL, -1), TSS2_RC_SUCCESS);
    assert_int_equal(size, 28);
    assert_int_equal(Tss2_Tcti_Cancel(tcti), TSS2_RC_SUCCESS);
    size = 27;
    assert_int_equal(Tss2_Tcti_Receive(tcti, &size, response, -1),
                     TSS2_TCTI_RC_INSUFFICIENT_BUFFER);
    assert_int_equal(size, 28);
    assert_int_equal(Tss2_Tcti_Receive(tcti, &size, response, 0),
                     TSS2_RC_SUCCESS);
    works(tcti);
    destroy(tcti);
}

static void test_time_outs_and_cancel(void **state)
{
    TSS2_TCTI_CONTEXT *tcti = make(conf);
    uint8_t response[1024];
    size_t size = sizeof(response);

    (void)state;
    assert_int_equal(
        Tss2_Tcti_Transmit(tcti, sizeof(create_primary), create_primary),
        TSS2_RC_SUCCESS);
    assert_int_equal(Tss2_Tcti_Receive(tcti, &size, response, 0),
                     TSS2_TCTI_RC_TRY_AGAIN);
    assert_int_equal(Tss2_Tcti_Receive(tcti, &size, response, 1),
                     TSS2_TCTI_RC_TRY_AGAIN);
    assert_int_equal(Tss2_Tcti_Cancel(tcti), TSS2_RC_SUCCESS);
    assert_int_equal(Tss2_Tcti_Cancel(tcti), TSS2_RC_SUCCESS);
    assert_int_equal(Tss2_Tcti_Receive(tcti, &size, response, -1),
                     TSS2_RC_SUCCESS);
    assert_int_equal(size, 10);
    assert_int_equal(response[8] << 8 | response[9], 0x909);
    works(tcti);
    /* what nobody waits for is dropped at the end */
    assert_int_equal(
        Tss2_Tcti_Transmit(tcti, sizeof(create_primary), create_primary),
        TSS2_RC_SUCCESS);
    destroy(tcti);
    tcti = make(conf);
    works(tcti);
    destroy(tcti);
}

static void test_large(void **state)
{
    static uint8_t command[4097];
    TSS2_TCTI_CONTEXT *tcti = make(conf);

    (void)state;
    memcpy(command, get_random, sizeof(get_random));
    command[4] = 0x10; /* 4096 bytes: more than a CRB has room for */
    command[5] = 0;
    assert_int_equal(Tss2_Tcti_Transmit(tcti, 4096, command),
                     TSS2_TCTI_RC_INSUFFICIENT_BUFFER);
    command[5] = 1;
    assert_int_equal(Tss2_Tcti_Transmit(tcti, 4097, command),
                     TSS2_TCTI_RC_INSUFFICIENT_BUFFER);
    works(tcti);
    destroy(tcti);
}

static void test_foreign_contexts(void **state)
{
    TSS2_TCTI_CONTEXT *tcti = make(conf);
    uint64_t magic = TSS2_TCTI_MAGIC(tcti);
    int status;
    pid_t child;

    (void)state;
    TSS2_TCTI_MAGIC(tcti) = magic + 1;
    assert_int_equal(Tss2_Tcti_Cancel(tcti), TSS2_TCTI_RC_BAD_CONTEXT);
    TSS2_TCTI_MAGIC(tcti) = magic;
    child = fork();
    if (child == 0) {
        status = Tss2_Tcti_Transmit(tcti, 12, get_random) !=
                 TSS2_TCTI_RC_BAD_CONTEXT;
        Tss2_Tcti_Finalize(tcti);
        _exit(status);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    works(tcti);
    Tss2_Tcti_Finalize(tcti);
    Tss2_Tcti_Finalize(tcti);
    /* said by tpm2-tss's own macro: it has no version any more */
    assert_int_equal(Tss2_Tcti_Cancel(tcti), TSS2_TCTI_RC_ABI_MISMATCH);
    free(tcti);
}

static void test_two_contexts(void **state)
{
    TSS2_TCTI_CONTEXT *one = make(conf), *two;
    char text[300];

    (void)state;
    (void)snprintf(text, sizeof(text), "%s,wait=0", conf);
    two = make(text);
    works(one);
    usleep(20000);
    works(two);
    assert_int_equal(Tss2_Tcti_Transmit(one, 12, get_random), TSS2_RC_SUCCESS);
    assert_int_equal(Tss2_Tcti_Transmit(two, 12, get_random),
                     TSS2_TCTI_RC_IO_ERROR);
    destroy(one);
    works(two);
    destroy(two);
}

/* tis_chip in the background, until this process ends. */
static void start_chip(const char *program)
{
    char path[64], said[8] = "";
    int ends[2];

    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/registers", folder);
    (void)snprintf(conf, sizeof(conf), "mem=%s,address=0", path);
    (void)setenv("XDG_RUNTIME_DIR", folder, 1);
    (void)setenv("TSS2_LOG", "all+none", 1);
    assert_int_equal(pipe(ends), 0);
    if (fork() == 0) {
        (void)dup2(ends[1], 1);
        (void)execl(program, program, path, (char *)NULL);
        _exit(1);
    }
    (void)close(ends[1]);
    if (read(ends[0], said, sizeof(said) - 1) < 2 ||
        strncmp(said, "on", 2) != 0) {
        (void)fprintf(stderr, "%s does not start\n", program);
        exit(1);
    }
    (void)close(ends[0]);
}

static void remove_folder(void)
{
    char command[64];

    (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
    if (system(command) != 0)
        (void)fprintf(stderr, "%s is left\n", folder);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_info),
        cmocka_unit_test(test_init),
        cmocka_unit_test(test_order_of_calls),
        cmocka_unit_test(test_time_outs_and_cancel),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_foreign_contexts),
        cmocka_unit_test(test_two_contexts),
    };
    int failed;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: tis_tcti_test CHIP\n");
        return 2;
    }
    start_chip(argv[1]);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove_folder();
    return failed;
}
