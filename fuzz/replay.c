/* SPDX-License-Identifier: MIT */
/* Runs a harness on files, without a fuzzer: fuzz_NAME FILE|FOLDER... */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static unsigned long replayed;

static int run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long size = -1;

    if (f != NULL && fseek(f, 0, SEEK_END) == 0)
        size = ftell(f);
    if (size >= 0 && fseek(f, 0, SEEK_SET) == 0)
        bytes = malloc((size_t)size + 1);
    if (bytes == NULL || fread(bytes, 1, (size_t)size, f) != (size_t)size) {
        perror(path);
        if (f != NULL)
            (void)fclose(f);
        free(bytes);
        return 1;
    }
    (void)fclose(f);
    /* of exact size: the sanitizer sees a read beyond it */
    bytes = realloc(bytes, size > 0 ? (size_t)size : 1);
    if (bytes == NULL)
        abort();
    if (getenv("FUZZ_VERBOSE") != NULL)
        (void)fprintf(stderr, "%s\n", path);
    (void)LLVMFuzzerTestOneInput(bytes, (size_t)size);
    free(bytes);
    replayed++;
    return 0;
}

static int run_folder(const char *path)
{
    struct dirent **names;
    int count = scandir(path, &names, NULL, alphasort);
    int rc = count < 0;

    if (rc != 0)
        perror(path);
    for (int i = 0; i < count; i++) {
        char *file = NULL;

        if (names[i]->d_name[0] != '.' && rc == 0) {
            if (asprintf(&file, "%s/%s", path, names[i]->d_name) < 0)
                abort();
            rc = run_file(file);
        }
        free(file);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    return rc;
}

int main(int argc, char **argv)
{
    int rc = 0;

    if (argc < 2) {
        (void)fprintf(stderr, "usage: %s FILE|FOLDER...\n", argv[0]);
        return 2;
    }
    for (int i = 1; i < argc && rc == 0; i++) {
        struct stat st;

        if (stat(argv[i], &st) != 0) {
            perror(argv[i]);
            return 1;
        }
        rc = S_ISDIR(st.st_mode) ? run_folder(argv[i]) : run_file(argv[i]);
    }
    if (rc == 0 && replayed == 0) {
        (void)fprintf(stderr, "%s: nothing to replay\n", argv[0]);
        return 1;
    }
    (void)printf("%lu inputs\n", replayed);
    return rc;
}
