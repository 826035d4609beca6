/* SPDX-License-Identifier: MIT */
#include "key_file.h"

#include "bytes.h"
#include "os.h"

#include <string.h>

static bool parse(const uint8_t *text, size_t len, uint8_t key[VTPM_KEY_SIZE])
{
    if (len == VTPM_KEY_SIZE) {
        memcpy(key, text, VTPM_KEY_SIZE);
        return true;
    }
    if (len == 2 * VTPM_KEY_SIZE + 1 && text[len - 1] == '\n')
        len--;
    if (len != 2 * VTPM_KEY_SIZE)
        return false;
    for (size_t i = 0; i < VTPM_KEY_SIZE; i++) {
        int high = vtpm_hex_digit((char)text[2 * i]);
        int low = vtpm_hex_digit((char)text[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        key[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

enum vtpm_status vtpm_key_file_read(const char *path,
                                    uint8_t key[VTPM_KEY_SIZE],
                                    struct vtpm_error *err)
{
    uint8_t text[2 * VTPM_KEY_SIZE + 2];
    size_t len = 0;
    enum vtpm_status status =
        vtpm_os_read_secret(path, text, sizeof text, &len, err);

    if (status == VTPM_OK && !parse(text, len, key))
        status = vtpm_fail(err, VTPM_EINVAL,
                           "cannot use key file %s: it holds neither 32 bytes "
                           "nor 64 hexadecimal digits; name another",
                           path);
    vtpm_cleanse(text, sizeof text);
    if (status == VTPM_OK && vtpm_all_zero(key, VTPM_KEY_SIZE))
        status = vtpm_fail(err, VTPM_EINVAL,
                           "cannot use key file %s: the key is all zeros; make "
                           "one with --create-key",
                           path);
    if (status != VTPM_OK)
        memset(key, 0, VTPM_KEY_SIZE);
    return status;
}

enum vtpm_status vtpm_key_file_create(const char *path, struct vtpm_error *err)
{
    uint8_t key[VTPM_KEY_SIZE];
    enum vtpm_status status = vtpm_random(key, sizeof key, err);

    if (status == VTPM_OK)
        status = vtpm_os_write_secret(path, key, sizeof key, err);
    vtpm_cleanse(key, sizeof key);
    return status;
}
