/* SPDX-License-Identifier: MIT */
#include "support.h"

static const unsigned char get_random[12] = {0x80, 0x01, 0,    0,    0, 12,
                                             0,    0,    0x01, 0x7b, 0, 16};

static void test_parse(void **state)
{
    struct vtpmring_tpm_header header;

    (void)state;
    assert_int_equal(vtpmring_tpm_parse(get_random, 12, &header), VTPMRING_OK);
    assert_int_equal(header.tag, VTPMRING_TPM_TAG_NO_SESSIONS);
    assert_int_equal(header.size, 12);
    assert_int_equal(header.code, 0x17b);
}

static void test_parse_size_is_length(void **state)
{
    struct vtpmring_tpm_header header;
    unsigned char packet[14] = {0};

    (void)state;
    memcpy(packet, get_random, 12);
    assert_int_equal(vtpmring_tpm_parse(packet, 13, &header),
                     VTPMRING_EPEER_HEADER);
    assert_int_equal(vtpmring_tpm_parse(packet, 11, &header),
                     VTPMRING_EPEER_HEADER);
    assert_int_equal(header.tag, 0x8001); /* enough for an error response */
    assert_int_equal(header.code, 0x17b);
    memset(packet + 2, 0xff, 4);
    assert_int_equal(vtpmring_tpm_parse(packet, 12, &header),
                     VTPMRING_EPEER_HEADER);
    assert_true(header.size == 0xffffffff);
}

static void test_parse_short(void **state)
{
    struct vtpmring_tpm_header header;

    (void)state;
    for (size_t length = 0; length < 10; length++) {
        unsigned char *exact = malloc(length + 1);

        assert_non_null(exact);
        memset(exact, 0x80, length + 1);
        memset(&header, 0xff, sizeof(header));
        assert_int_equal(vtpmring_tpm_parse(exact, length, &header),
                         VTPMRING_EPEER_LENGTH);
        assert_int_equal(header.tag, 0);
        assert_int_equal(header.size, 0);
        assert_int_equal(header.code, 0);
        free(exact);
    }
}

static void test_format_is_big_endian(void **state)
{
    struct vtpmring_tpm_header header = {0x8002, 0x01020304, 0xa1a2a3a4};
    static const unsigned char expected[10] = {0x80, 0x02, 1,    2,    3,
                                               4,    0xa1, 0xa2, 0xa3, 0xa4};
    unsigned char packet[10];

    (void)state;
    vtpmring_tpm_format(&header, packet);
    assert_memory_equal(packet, expected, 10);
}

static const struct {
    enum vtpmring_tpm_family family;
    uint16_t tag;
    enum vtpmring_tpm_error error;
    uint16_t answer;
    uint32_t code;
} errors[] = {
    /* family 2.0: Part 2, 6.6.3, codes of format 0 */
    {VTPMRING_TPM_20, 0x8001, VTPMRING_TPM_ERROR_SIZE, 0x8001, 0x142},
    {VTPMRING_TPM_20, 0x8002, VTPMRING_TPM_ERROR_CANCELED, 0x8001, 0x909},
    {VTPMRING_TPM_20, 0x8002, VTPMRING_TPM_ERROR_FAILURE, 0x8001, 0x101},
    {VTPMRING_TPM_20, 0x8001, VTPMRING_TPM_ERROR_NO_SPACE, 0x8001, 0x904},
    {VTPMRING_TPM_20, 0x8001, VTPMRING_TPM_ERROR_RETRY, 0x8001, 0x922},
    {VTPMRING_TPM_20, 0x1234, VTPMRING_TPM_ERROR_SIZE, 0x8001, 0x142},
    {VTPMRING_TPM_12, 0x8001, VTPMRING_TPM_ERROR_SIZE, 0x8001, 0x142},
    /* family 1.2: Part 2, 16; defect 14: an answer to an AUTH1 command
     * carries the tag of a response */
    {VTPMRING_TPM_12, 0x00c1, VTPMRING_TPM_ERROR_SIZE, 0x00c4, 25},
    {VTPMRING_TPM_12, 0x00c2, VTPMRING_TPM_ERROR_CANCELED, 0x00c4, 9},
    {VTPMRING_TPM_12, 0x00c3, VTPMRING_TPM_ERROR_NO_SPACE, 0x00c4, 23},
    {VTPMRING_TPM_12, 0x00c1, VTPMRING_TPM_ERROR_FAILURE, 0x00c4, 9},
    {VTPMRING_TPM_12, 0x00c1, VTPMRING_TPM_ERROR_RETRY, 0x00c4, 0x800},
    {VTPMRING_TPM_12, 0x0000, VTPMRING_TPM_ERROR_SIZE, 0x00c4, 25},
    {VTPMRING_TPM_20, 0x00c2, VTPMRING_TPM_ERROR_SIZE, 0x00c4, 25},
    /* the manager's */
    {VTPMRING_TPM_20, 0x01c1, VTPMRING_TPM_ERROR_FAILURE, 0x01c4, 9},
    {VTPMRING_TPM_12, 0x01c2, VTPMRING_TPM_ERROR_SIZE, 0x01c5, 25},
};

static void test_error_responses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        struct vtpmring_tpm_header header;
        unsigned char *response = malloc(10);

        assert_non_null(response);
        assert_int_equal(vtpmring_tpm_error(errors[i].family, errors[i].tag,
                                            errors[i].error, response),
                         10);
        assert_int_equal(vtpmring_tpm_parse(response, 10, &header),
                         VTPMRING_OK);
        assert_int_equal(header.tag, errors[i].answer);
        assert_int_equal(header.code, errors[i].code);
        free(response);
    }
}

static void test_unknown_error_is_a_failure(void **state)
{
    unsigned char response[10];

    (void)state;
    assert_int_equal(vtpmring_tpm_error(VTPMRING_TPM_20, 0x8001,
                                        VTPMRING_TPM_ERROR_COUNT, response),
                     10);
    assert_int_equal(support_code(response), 0x101);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_size_is_length),
        cmocka_unit_test(test_parse_short),
        cmocka_unit_test(test_format_is_big_endian),
        cmocka_unit_test(test_error_responses),
        cmocka_unit_test(test_unknown_error_is_a_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
