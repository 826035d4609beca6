/* SPDX-License-Identifier: MIT */
/* Does with a TCTI what tpm2-tools have no switch for. Loads it by name, as
   they do. Each mode exits with 0 if what it stands for is so. */
#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <tss2/tss2_tctildr.h>

#define RC_LOCALITY 0x907u
#define RC_CANCELED 0x909u
#define CODE_AT 6

static const uint8_t get_random[] = {0x80, 0x01, 0, 0,    0, 12,
                                     0,    0,    1, 0x7b, 0, 16};

/* TPM2_PCR_Extend of PCR 17, which locality 0 may not do. */
static const uint8_t extend_17[] = {
    0x80, 0x02, 0x00, 0x00, 0x00, 0x41, 0x00, 0x00, 0x01, 0x82, 0x00,
    0x00, 0x00, 0x11, 0x00, 0x00, 0x00, 0x09, 0x40, 0x00, 0x00, 0x09,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x0b,
    'v',  't',  'p',  'm',  'r',  'i',  'n',  'g'};

/* TPM2_CreatePrimary of an RSA 2048 storage key: takes its time. */
static const uint8_t create_primary[] = {
    0x80, 0x02, 0x00, 0x00, 0x00, 0x43, 0x00, 0x00, 0x01, 0x31, 0x40, 0x00,
    0x00, 0x01, 0x00, 0x00, 0x00, 0x09, 0x40, 0x00, 0x00, 0x09, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x1a, 0x00,
    0x01, 0x00, 0x0b, 0x00, 0x03, 0x00, 0x72, 0x00, 0x00, 0x00, 0x06, 0x00,
    0x80, 0x00, 0x43, 0x00, 0x10, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};

static TSS2_TCTI_CONTEXT *tcti;

static void must(const char *what, TSS2_RC rc, TSS2_RC expected)
{
    if (rc == expected)
        return;
    fprintf(stderr, "tcti_probe: %s: 0x%x instead of 0x%x\n", what,
            (unsigned)rc, (unsigned)expected);
    exit(EXIT_FAILURE);
}

static uint32_t code_of(const uint8_t *response)
{
    return (uint32_t)response[CODE_AT] << 24 |
           (uint32_t)response[CODE_AT + 1] << 16 |
           (uint32_t)response[CODE_AT + 2] << 8 | response[CODE_AT + 3];
}

static void send(const uint8_t *command, size_t size)
{
    must("transmit", Tss2_Tcti_Transmit(tcti, size, command), TSS2_RC_SUCCESS);
}

/* The response code of the TPM. */
static uint32_t take(void)
{
    uint8_t response[4096];
    size_t size = sizeof(response);

    must("receive",
         Tss2_Tcti_Receive(tcti, &size, response, TSS2_TCTI_TIMEOUT_BLOCK),
         TSS2_RC_SUCCESS);
    return code_of(response);
}

static void nap(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    (void)nanosleep(&t, NULL);
}

static void must_work(void)
{
    send(get_random, sizeof(get_random));
    must("TPM2_GetRandom", take(), TSS2_RC_SUCCESS);
}

static void extend_at(uint8_t locality, uint32_t expected)
{
    uint8_t command[65] = {0};

    memcpy(command, extend_17, sizeof(extend_17));
    must("setLocality", Tss2_Tcti_SetLocality(tcti, locality), TSS2_RC_SUCCESS);
    send(command, sizeof(command));
    must("setLocality in a command", Tss2_Tcti_SetLocality(tcti, locality),
         TSS2_TCTI_RC_BAD_SEQUENCE);
    must("TPM2_PCR_Extend", take(), expected);
}

static void locality(void)
{
    must("setLocality 9", Tss2_Tcti_SetLocality(tcti, 9),
         TSS2_TCTI_RC_BAD_VALUE);
    extend_at(0, RC_LOCALITY);
    extend_at(3, TSS2_RC_SUCCESS);
    extend_at(0, RC_LOCALITY);
}

/* An event loop: never blocks in the TCTI. */
static void loop(void)
{
    for (int i = 0; i < 20; i++) {
        TSS2_TCTI_POLL_HANDLE handle;
        size_t handles = 1, size = 0;
        uint8_t response[64];
        TSS2_RC rc;

        send(get_random, sizeof(get_random));
        must("getPollHandles",
             Tss2_Tcti_GetPollHandles(tcti, &handle, &handles),
             TSS2_RC_SUCCESS);
        for (;;) {
            rc = Tss2_Tcti_Receive(tcti, &size, NULL, TSS2_TCTI_TIMEOUT_NONE);
            if (rc != TSS2_TCTI_RC_TRY_AGAIN)
                break;
            if (poll(&handle, 1, 5000) != 1) {
                fprintf(stderr, "tcti_probe: nothing to poll for 5 s\n");
                exit(EXIT_FAILURE);
            }
        }
        must("size of the response", rc, TSS2_RC_SUCCESS);
        must("bytes of the response", (TSS2_RC)size, 28);
        size--;
        must("too little room",
             Tss2_Tcti_Receive(tcti, &size, response, TSS2_TCTI_TIMEOUT_NONE),
             TSS2_TCTI_RC_INSUFFICIENT_BUFFER);
        must("receive",
             Tss2_Tcti_Receive(tcti, &size, response, TSS2_TCTI_TIMEOUT_NONE),
             TSS2_RC_SUCCESS);
        must("TPM2_GetRandom", code_of(response), TSS2_RC_SUCCESS);
    }
}

static void cancel(void)
{
    uint32_t code;

    for (long ms = 0; ms < 30; ms += 10) {
        send(create_primary, sizeof(create_primary));
        nap(ms);
        must("cancel", Tss2_Tcti_Cancel(tcti), TSS2_RC_SUCCESS);
        must("transmit in a cancelled command",
             Tss2_Tcti_Transmit(tcti, sizeof(get_random), get_random),
             TSS2_TCTI_RC_BAD_SEQUENCE);
        code = take();
        if (code != RC_CANCELED && code != TSS2_RC_SUCCESS)
            must("cancelled command", code, RC_CANCELED);
        printf("after %ld ms: %s\n", ms,
               code == RC_CANCELED ? "cancelled" : "done before");
        must_work();
    }
}

/* A tool that is killed while the vTPM works for it. */
static void hang(void)
{
    send(create_primary, sizeof(create_primary));
    puts("sent");
    (void)fflush(stdout);
    nap(60000);
    exit(EXIT_FAILURE);
}

/* One command, a long pause, and another. */
static void pause_between(void)
{
    must_work();
    puts("connected");
    (void)fflush(stdout);
    (void)getchar();
    must_work();
}

static void leave_it(void)
{
    send(get_random, sizeof(get_random));
}

/* How many descriptors or threads there are. */
static int count(const char *path)
{
    DIR *directory = opendir(path);
    int n = 0;

    if (directory == NULL) {
        fprintf(stderr, "tcti_probe: cannot read %s\n", path);
        exit(EXIT_FAILURE);
    }
    while (readdir(directory) != NULL)
        n++;
    (void)closedir(directory);
    return n;
}

static void use(const char *conf, void (*run)(void))
{
    int descriptors = count("/proc/self/fd"),
        threads = count("/proc/self/task");

    must("Tss2_TctiLdr_Initialize", Tss2_TctiLdr_Initialize(conf, &tcti),
         TSS2_RC_SUCCESS);
    run();
    Tss2_TctiLdr_Finalize(&tcti);
    must("descriptors left", (TSS2_RC)count("/proc/self/fd"),
         (TSS2_RC)descriptors);
    must("threads left", (TSS2_RC)count("/proc/self/task"), (TSS2_RC)threads);
}

static const struct {
    const char *name;
    void (*run)(void);
} modes[] = {
    {"random", must_work}, {"locality", locality}, {"loop", loop},
    {"cancel", cancel},    {"hang", hang},         {"pause", pause_between},
    {"leave", leave_it},
};

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: tcti_probe MODE TCTI\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(modes[i].name, argv[1]) != 0)
            continue;
        use(argv[2], modes[i].run);
        return EXIT_SUCCESS;
    }
    fprintf(stderr, "tcti_probe: no such mode: %s\n", argv[1]);
    return 2;
}
