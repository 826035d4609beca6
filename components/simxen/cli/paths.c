/* SPDX-License-Identifier: MIT */
#include "paths.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *path_format(const char *format, ...)
{
    va_list args;
    char *text;
    int len;

    va_start(args, format);
    len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0) {
        fputs("simxen: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return text;
}

static char *make_absolute(const char *path)
{
    char here[PATH_MAX];

    if (path[0] == '/')
        return path_format("%s", path);
    if (!getcwd(here, sizeof(here))) {
        fprintf(stderr,
                "simxen: where am I: %s; give an absolute path with --dir\n",
                strerror(errno));
        return NULL;
    }
    return path_format("%s/%s", here, path);
}

char *path_runtime(const char *option)
{
    const char *dir = option ? option : getenv("SIMXEN_DIR");
    const char *parent = getenv("XDG_RUNTIME_DIR");

    if (dir && *dir)
        return make_absolute(dir);
    return path_format("%s/simxen-%ld", parent && *parent ? parent : "/tmp",
                       (long)getuid());
}

char *path_libraries(void)
{
    static const char *const places[] = {"../lib/simxen",
                                         "../" SIMXEN_LIBDIR "/simxen"};
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash;

    self[len < 0 ? 0 : len] = '\0';
    slash = strrchr(self, '/');
    for (size_t i = 0; slash && i < sizeof(places) / sizeof(places[0]); i++) {
        char *place;
        char *library;
        char *folder = NULL;

        *slash = '\0';
        place = path_format("%s/%s", self, places[i]);
        library = path_format("%s/libxenevtchn.so.1", place);
        if (access(library, R_OK) == 0)
            folder = realpath(place, NULL);
        free(library);
        free(place);
        if (folder)
            return folder;
    }
    fprintf(stderr,
            "simxen: no drop-in libxenevtchn.so.1 in ../lib/simxen of "
            "%s; build or install simxen completely\n",
            self);
    return NULL;
}
