/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fixture.h"
#include "lock.h"

const uint8_t get_random[12] = {0x80, 0x01, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 4};
const uint8_t answer[16] = {0x80, 0x01, 0, 0, 0, 16, 0, 0,
                            0,    0,    0, 4, 1, 2,  3, 4};

static char folder_path[64];
TSS2_TCTI_CONTEXT *context, *other;

/* The linker puts this in place of the real one: tests keep out of /run. */
int __wrap_tcti_lock_folder(char error[TCTI_LOCK_ERROR_MAX]);

int __wrap_tcti_lock_folder(char error[TCTI_LOCK_ERROR_MAX])
{
    int fd = open(folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        (void)snprintf(error, TCTI_LOCK_ERROR_MAX, "no folder for the test");
    return fd;
}

TSS2_TCTI_CONTEXT *memory(size_t *size)
{
    void *found;

    assert_int_equal(Tss2_Tcti_Vtpmring_Init(NULL, size, NULL),
                     TSS2_RC_SUCCESS);
    found = malloc(*size);
    assert_non_null(found);
    memset(found, 0xa5, *size);
    return found;
}

TSS2_TCTI_CONTEXT *make(const char *conf)
{
    size_t size;
    TSS2_TCTI_CONTEXT *made = memory(&size);

    assert_int_equal(Tss2_Tcti_Vtpmring_Init(made, &size, conf),
                     TSS2_RC_SUCCESS);
    return made;
}

void destroy(TSS2_TCTI_CONTEXT **made)
{
    Tss2_Tcti_Finalize(*made);
    free(*made);
    *made = NULL;
}

int setup(void **state)
{
    (void)state;
    strcpy(folder_path, "/tmp/tcti-test-XXXXXX");
    if (mkdtemp(folder_path) == NULL)
        return -1;
    fake_reset();
    fake.response = answer;
    fake.response_length = sizeof(answer);
    context = make("wait=0,idle=0");
    other = NULL;
    return 0;
}

int teardown(void **state)
{
    char command[192];

    (void)state;
    destroy(&context);
    if (other != NULL)
        destroy(&other);
    if (fake.ports != 0)
        fail_msg("%d ports are still open", fake.ports);
    /* Whatever a test did, the last context has removed its lock file. */
    (void)snprintf(command, sizeof(command),
                   "rmdir %s || { rm -rf %s; false; }", folder_path,
                   folder_path);
    return system(command);
}

TSS2_RC transmit(TSS2_TCTI_CONTEXT *to)
{
    return Tss2_Tcti_Transmit(to, sizeof(get_random), get_random);
}

TSS2_RC receive(uint8_t *response, size_t *size)
{
    return Tss2_Tcti_Receive(context, size, response, TSS2_TCTI_TIMEOUT_BLOCK);
}
