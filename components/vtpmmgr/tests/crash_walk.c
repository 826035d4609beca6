/* SPDX-License-Identifier: MIT */
/*
 * The joint life of a vTPM's store and the manager's: the real code of both,
 * over the real frames and dispatch, on two devices in memory. At each write,
 * sync, request and reply, the vTPM, the manager or both are killed, or the
 * power is cut; then what is left is opened again.
 *
 *   crash_walk [--saves N] [--cuts N] [--fault early-reply|no-sync]
 *
 * Acknowledged states must be there, no record may be gone, every store must
 * go on. With a fault the walk has to find losses.
 */
#include "../../vtpm/bytes.h"
#include "../../vtpm/keys_manager.h"
#include "../../vtpm/os.h"
#include "../../vtpm/store.h"
#include "../dispatch.h"
#include "../store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vtpmring/link.h>
#include <vtpmring/port_xen_user.h>

#define SECTOR 512u
#define WRITES_MAX 512u
#define VTPM_DISK "vtpm"
#define MANAGER_DISK "manager"

enum side { VTPM, MANAGER, SIDES };
enum crash { KILL_VTPM, KILL_MANAGER, KILL_BOTH, POWER_CUT };

struct write {
    uint64_t offset;
    size_t len;
    uint8_t *before;
};

/* A device: as it is read, and what is not durable of it. */
struct disk {
    size_t size;
    uint8_t *bytes;
    uint8_t *first; /* what each life begins with */
    bool opened;
    size_t count;
    struct write write[WRITES_MAX];
};

static struct disk disks[SIDES];
static const uint8_t uuid[VTPM_UUID_SIZE] = {1, 2, 3, 4};
static const uint8_t root[VTPM_KEY_SIZE] = {9, 8, 7};

static struct {
    enum crash crash;
    unsigned at;   /* the point, from 1 */
    unsigned step; /* points so far */
    bool dead[SIDES];
    bool happened;
    bool recovering; /* no further crash at a point */
    uint32_t seed;
    bool early_reply;
    bool no_sync;
    unsigned points, lost, reborn;
} walk;

static struct vtpmmgr_store *manager_store;
static struct vtpmmgr_vtpm owed; /* --fault early-reply */
static bool is_owed;

/* ---- crashes ---- */

static void point(void)
{
    if (walk.recovering || ++walk.step != walk.at)
        return;
    walk.happened = true;
    walk.dead[VTPM] = walk.crash != KILL_MANAGER;
    walk.dead[MANAGER] = walk.crash != KILL_VTPM;
}

static uint32_t chance(uint32_t n)
{
    walk.seed = walk.seed * 1664525u + 1013904223u;
    return (walk.seed >> 16) % n;
}

static void forget(struct disk *disk)
{
    for (size_t i = 0; i < disk->count; i++)
        free(disk->write[i].before);
    disk->count = 0;
}

/* Seeds 0 and 1: nothing, and all of what was not synced. Else any sectors of
 * any write, and now and then one that is neither old nor new. */
static void cut_power(struct disk *disk)
{
    const uint32_t variant = walk.seed;

    for (size_t i = disk->count; i-- > 0 && variant != 1;) {
        const struct write *write = &disk->write[i];

        for (size_t at = 0; at < write->len; at += SECTOR) {
            size_t left = write->len - at;
            size_t len = left < SECTOR ? left : SECTOR;
            size_t keep = variant == 0 ? 0 : chance(3) * len / 2;

            memcpy(disk->bytes + write->offset + at + keep,
                   write->before + at + keep, len - keep);
        }
    }
    forget(disk);
}

/* ---- os.h ---- */

static struct disk *of(const struct vtpm_os_file *file)
{
    return &disks[file->fd];
}

enum vtpm_status vtpm_os_open(struct vtpm_os_file *file, const char *path,
                              enum vtpm_os_mode mode, struct vtpm_error *err)
{
    int side = strcmp(path, MANAGER_DISK) == 0 ? MANAGER : VTPM;

    file->fd = -1;
    if (mode == VTPM_OS_OWN && disks[side].opened)
        return vtpm_fail(err, VTPM_EBUSY, "%s has one owner", path);
    *file = (struct vtpm_os_file){.fd = side,
                                  .block = true,
                                  .published = true,
                                  .size = disks[side].size,
                                  .path = path};
    disks[side].opened = true;
    return VTPM_OK;
}

enum vtpm_status vtpm_os_create(struct vtpm_os_file *file, const char *path,
                                struct vtpm_error *err)
{
    (void)file;
    return vtpm_fail(err, VTPM_EEXISTS, "%s is a device", path);
}

enum vtpm_status vtpm_os_publish(struct vtpm_os_file *file,
                                 struct vtpm_error *err)
{
    (void)file;
    (void)err;
    return VTPM_OK;
}

enum vtpm_status vtpm_os_allocate(struct vtpm_os_file *file, uint64_t size,
                                  struct vtpm_error *err)
{
    (void)size;
    return vtpm_fail(err, VTPM_EINVAL, "%s is a device", file->path);
}

enum vtpm_status vtpm_os_read(struct vtpm_os_file *file, uint64_t offset,
                              void *to, size_t len, struct vtpm_error *err)
{
    const struct disk *disk = of(file);

    if (offset + len > disk->size)
        return vtpm_fail(err, VTPM_ECORRUPT, "%s ends early", file->path);
    memcpy(to, disk->bytes + offset, len);
    return VTPM_OK;
}

static enum vtpm_status dead(const struct vtpm_os_file *file,
                             struct vtpm_error *err)
{
    return vtpm_fail(err, VTPM_EIO, "whoever owned %s is dead", file->path);
}

enum vtpm_status vtpm_os_write(struct vtpm_os_file *file, uint64_t offset,
                               const void *from, size_t len,
                               struct vtpm_error *err)
{
    struct disk *disk = of(file);
    struct write *write = &disk->write[disk->count];

    point();
    if (walk.dead[file->fd])
        return dead(file, err);
    if (disk->count == WRITES_MAX || offset + len > disk->size)
        abort();
    *write = (struct write){offset, len, malloc(len)};
    if (!write->before)
        abort();
    memcpy(write->before, disk->bytes + offset, len);
    memcpy(disk->bytes + offset, from, len);
    disk->count++;
    point();
    return walk.dead[file->fd] ? dead(file, err) : VTPM_OK;
}

enum vtpm_status vtpm_os_sync(struct vtpm_os_file *file, struct vtpm_error *err)
{
    point();
    if (walk.dead[file->fd])
        return dead(file, err);
    if (!walk.no_sync)
        forget(of(file));
    point();
    return walk.dead[file->fd] ? dead(file, err) : VTPM_OK;
}

enum vtpm_status vtpm_os_settle(struct vtpm_os_file *file,
                                struct vtpm_error *err)
{
    return vtpm_os_sync(file, err);
}

void vtpm_os_close(struct vtpm_os_file *file)
{
    if (file->fd >= 0)
        of(file)->opened = false;
    file->fd = -1;
}

/* ---- the manager ---- */

static uint32_t permit(void *context, enum vtpmmgr_access access)
{
    (void)context;
    return access == VTPMMGR_OWN ? VTPMMGR_SUCCESS : VTPMMGR_AUTHFAIL;
}

static uint32_t save(void *context, const struct vtpmmgr_request *request,
                     struct vtpmmgr_message *response)
{
    const struct vtpmmgr_span *key = &request->message.hash_key;
    struct vtpmmgr_vtpm vtpm;

    (void)context;
    (void)response;
    if (!vtpmmgr_store_get(manager_store, uuid, &vtpm))
        return VTPMMGR_BAD_PARAMETER;
    memset(vtpm.key, 0, sizeof vtpm.key);
    memcpy(vtpm.key, key->at, key->len);
    vtpm.saves++;
    if (walk.early_reply) {
        owed = vtpm;
        is_owed = true;
        return VTPMMGR_SUCCESS;
    }
    return vtpmmgr_store_put(manager_store, &vtpm, 1, NULL) == VTPM_OK
               ? VTPMMGR_SUCCESS
               : VTPMMGR_FAIL;
}

static uint32_t load(void *context, const struct vtpmmgr_request *request,
                     struct vtpmmgr_message *response)
{
    static struct vtpmmgr_vtpm vtpm;

    (void)context;
    (void)request;
    if (!vtpmmgr_store_get(manager_store, uuid, &vtpm))
        return VTPMMGR_BAD_PARAMETER;
    response->hash_key = (struct vtpmmgr_span){vtpm.key, sizeof vtpm.key};
    return VTPMMGR_SUCCESS;
}

/* What a manager with the seeded fault does after its answer. */
static void pay(void)
{
    if (is_owed && !walk.dead[MANAGER])
        (void)vtpmmgr_store_put(manager_store, &owed, 1, NULL);
    is_owed = false;
}

/* ---- the page between them ---- */

static uint8_t answer[VTPMMGR_FRAME_MAX];
static size_t answer_len;
static bool answered, on_page;
static struct vtpmring_port the_port;

enum vtpmring_status
vtpmring_port_xen_user_open(unsigned roles, vtpmring_port_xen_user_log *log,
                            void *context, const char *prog,
                            struct vtpmring_port **port)
{
    (void)roles;
    (void)log;
    (void)context;
    (void)prog;
    *port = &the_port;
    return VTPMRING_OK;
}

void vtpmring_port_xen_user_close(struct vtpmring_port *port)
{
    (void)port;
}

enum vtpmring_status
vtpmring_front_link_open(struct vtpmring_front_link *link,
                         struct vtpmring_port *port,
                         const struct vtpmring_front_link_config *config)
{
    (void)link;
    (void)port;
    (void)config;
    on_page = false;
    return VTPMRING_OK;
}

enum vtpmring_status vtpmring_front_link_send(struct vtpmring_front_link *link,
                                              const void *command,
                                              size_t length)
{
    struct vtpmmgr_handlers handlers = {.permit = permit};

    (void)link;
    handlers.handle[vtpmmgr_place_of(VTPMMGR_SAVEHASHKEY)] = save;
    handlers.handle[vtpmmgr_place_of(VTPMMGR_LOADHASHKEY)] = load;
    answered = false;
    on_page = true;
    if (walk.dead[VTPM])
        return VTPMRING_EPORT;
    point();
    if (walk.dead[MANAGER] || manager_store == NULL)
        return VTPMRING_OK;
    answer_len = vtpmmgr_dispatch(&handlers, NULL, command, length, answer,
                                  sizeof answer);
    point();
    answered = !walk.dead[MANAGER];
    return VTPMRING_OK;
}

enum vtpmring_status
vtpmring_front_link_receive(struct vtpmring_front_link *link, void *response,
                            size_t size, size_t *length, int timeout_ms)
{
    (void)link;
    (void)timeout_ms;
    *length = 0;
    if (walk.dead[VTPM])
        return VTPMRING_EPORT;
    if (!on_page)
        return VTPMRING_ESTATE;
    /* a new manager sets a killed one's page free */
    if (!answered && walk.dead[MANAGER])
        return VTPMRING_AGAIN;
    on_page = false;
    if (!answered)
        return VTPMRING_EPEER_GONE;
    if (size < answer_len)
        abort();
    memcpy(response, answer, answer_len);
    *length = answer_len;
    return VTPMRING_OK;
}

enum vtpmring_status
vtpmring_front_link_cancel(struct vtpmring_front_link *link)
{
    (void)link;
    return VTPMRING_OK;
}

void vtpmring_front_link_abandon(struct vtpmring_front_link *link)
{
    (void)link;
    on_page = false;
}

void vtpmring_front_link_close(struct vtpmring_front_link *link)
{
    (void)link;
    on_page = false;
}

/* ---- the vTPM ---- */

struct vtpm {
    struct vtpm_manager *manager;
    struct vtpm_keys *keys;
    struct vtpm_store *store;
    unsigned number; /* of the state that was loaded */
};

static void fatal(const char *what, const struct vtpm_error *err)
{
    fprintf(stderr, "crash_walk: %s: %s\n", what, err->text);
    exit(2);
}

static void vtpm_end(struct vtpm *vtpm)
{
    vtpm_store_close(vtpm->store);
    vtpm_keys_close(vtpm->keys);
    vtpm_manager_close(vtpm->manager);
    memset(vtpm, 0, sizeof *vtpm);
}

static void vtpm_connect(struct vtpm *vtpm)
{
    const struct vtpm_manager_options options = {.timeout_ms = 1000};
    struct vtpm_error err;

    memset(vtpm, 0, sizeof *vtpm);
    if (vtpm_manager_open(&vtpm->manager, &options, &err) != VTPM_OK ||
        vtpm_keys_manager_open(&vtpm->keys, vtpm->manager, &err) != VTPM_OK)
        fatal("cannot begin", &err);
}

static enum vtpm_status save_number(struct vtpm *vtpm, unsigned n)
{
    uint8_t bytes[6000];
    size_t len = n % 3 == 0 ? 5000 + n : 40 + n;

    memset(bytes, (int)(n * 37), sizeof bytes);
    vtpm_put32(bytes, n);
    return vtpm_store_save(vtpm->store, bytes, len, NULL);
}

static enum vtpm_status vtpm_begin(struct vtpm *vtpm, struct vtpm_error *err)
{
    struct vtpm_state state = {0};
    enum vtpm_status status;

    vtpm_connect(vtpm);
    status = vtpm_store_open(&vtpm->store, VTPM_DISK, uuid, vtpm->keys, err);
    if (status == VTPM_OK)
        status = vtpm_store_load(vtpm->store, &state, err);
    if (status == VTPM_OK)
        vtpm->number = vtpm_get32(state.bytes);
    vtpm_state_free(&state);
    if (status != VTPM_OK)
        vtpm_end(vtpm);
    return status;
}

/* ---- the walk ---- */

static void finding(unsigned *count, const char *what, const char *why)
{
    static const char *const names[] = {"kill vtpm", "kill manager",
                                        "kill both", "power cut"};

    if (walk.lost + walk.reborn < 5)
        fprintf(stderr, "point %u, %s: %s: %s\n", walk.at, names[walk.crash],
                what, why);
    (*count)++;
}

static void found(enum vtpm_status status, const char *what, const char *why)
{
    finding(status == VTPM_EUNPROVISIONED ? &walk.reborn : &walk.lost, what,
            why);
}

static bool manager_begin(void)
{
    struct vtpm_error err = {{0}};
    enum vtpm_status status =
        vtpmmgr_store_open(&manager_store, MANAGER_DISK, root, 0, &err);

    /* a crash while it began is no finding */
    if (status != VTPM_OK && !walk.dead[MANAGER])
        found(status, "the manager's store", err.text);
    return status == VTPM_OK;
}

static void manager_end(void)
{
    vtpmmgr_store_close(manager_store);
    manager_store = NULL;
}

/* Both begin anew; what is there is one of the two that may be. */
static bool recover(unsigned acknowledged, unsigned tried, unsigned *number)
{
    struct vtpm_error err = {{0}};
    struct vtpm vtpm;
    enum vtpm_status status;

    if (!manager_begin())
        return false;
    status = vtpm_begin(&vtpm, &err);
    if (status != VTPM_OK) {
        found(status, "the vTPM's store", err.text);
    } else if (vtpm.number < acknowledged || vtpm.number > tried) {
        finding(&walk.lost, "an acknowledged state is gone", "older found");
        status = VTPM_EROLLBACK;
    } else {
        *number = vtpm.number;
        for (unsigned i = 0; i < 2 && status == VTPM_OK; i++)
            status = save_number(&vtpm, ++*number);
        pay();
        if (status != VTPM_OK)
            finding(&walk.lost, "the vTPM does not go on", "a save failed");
    }
    vtpm_end(&vtpm);
    manager_end();
    return status == VTPM_OK;
}

static void live_again(void)
{
    walk.dead[VTPM] = walk.dead[MANAGER] = false;
    is_owed = false;
}

/* The manager comes back while the vTPM lives, and waits for it. */
static void bring_back(struct vtpm *vtpm, unsigned *acknowledged, unsigned last)
{
    manager_end();
    live_again();
    if (!manager_begin())
        return;
    if (save_number(vtpm, last + 1) != VTPM_OK)
        finding(&walk.lost, "the vTPM does not go on", "a save failed");
    else
        *acknowledged = last + 1;
    pay();
}

/* One life, one crash. @return whether the point was reached */
static bool live(unsigned saves, uint32_t variant)
{
    struct vtpm_error err = {{0}};
    struct vtpm vtpm;
    unsigned acknowledged = 1, tried = 1, number = 0;

    for (int i = 0; i < SIDES; i++) {
        forget(&disks[i]);
        memcpy(disks[i].bytes, disks[i].first, disks[i].size);
    }
    live_again();
    walk.happened = walk.recovering = false;
    walk.step = 0;
    if (!manager_begin() || vtpm_begin(&vtpm, &err) != VTPM_OK) {
        /* a crash during the start */
        if (!walk.happened)
            fatal("cannot begin", &err);
        memset(&vtpm, 0, sizeof vtpm);
    }
    while (vtpm.store != NULL && !walk.happened && tried <= saves) {
        if (save_number(&vtpm, ++tried) == VTPM_OK && !walk.dead[VTPM])
            acknowledged = tried;
        point(); /* the guest has its answer */
        pay();
    }
    walk.recovering = true;
    if (walk.happened && walk.crash == KILL_MANAGER && vtpm.store != NULL) {
        bring_back(&vtpm, &acknowledged, tried);
        tried++;
        walk.dead[VTPM] = walk.dead[MANAGER] = true;
    }
    vtpm_end(&vtpm);
    manager_end();
    walk.seed = variant;
    if (walk.crash == POWER_CUT)
        for (int i = 0; i < SIDES; i++)
            cut_power(&disks[i]);
    live_again();
    /* twice: what was seen after the crash is not lost by a power cut */
    if (recover(acknowledged, tried, &number)) {
        walk.seed = 0;
        for (int i = 0; i < SIDES; i++)
            cut_power(&disks[i]);
        (void)recover(number, number, &number);
    }
    return walk.happened;
}

static void prepare(void)
{
    const size_t sizes[] = {4096u + 2u * VTPM_SLOT_MIN, VTPMMGR_STORE_MIN};
    const struct vtpmmgr_new_store what = {.root = root};
    struct vtpmmgr_vtpm entry = {.group = 0};
    struct vtpm_error err = {{0}};
    struct vtpm vtpm;

    for (int i = 0; i < SIDES; i++) {
        disks[i].size = sizes[i];
        disks[i].bytes = calloc(1, sizes[i]);
        disks[i].first = malloc(sizes[i]);
        if (!disks[i].bytes || !disks[i].first)
            abort();
    }
    memcpy(entry.uuid, uuid, sizeof uuid);
    if (vtpmmgr_store_provision(&manager_store, MANAGER_DISK, &what, &err) !=
            VTPM_OK ||
        vtpmmgr_store_put_group(manager_store, 0, uuid, 4, &err) != VTPM_OK ||
        vtpmmgr_store_put(manager_store, &entry, 1, &err) != VTPM_OK)
        fatal("cannot make the manager's store", &err);
    vtpm_connect(&vtpm);
    if (vtpm_store_provision(&vtpm.store, VTPM_DISK, uuid, VTPM_FAMILY_20,
                             vtpm.keys, &err) != VTPM_OK ||
        save_number(&vtpm, 1) != VTPM_OK)
        fatal("cannot make the vTPM's store", &err);
    pay();
    vtpm_end(&vtpm);
    manager_end();
    for (int i = 0; i < SIDES; i++) {
        forget(&disks[i]);
        memcpy(disks[i].first, disks[i].bytes, disks[i].size);
    }
}

static void walk_all(unsigned saves, uint32_t cuts)
{
    for (int crash = KILL_VTPM; crash <= POWER_CUT; crash++) {
        bool reached = true;

        walk.crash = (enum crash)crash;
        for (walk.at = 1; reached; walk.at++)
            for (uint32_t v = 0; v < (crash == POWER_CUT ? cuts : 1); v++) {
                reached = live(saves, v);
                walk.points += reached;
            }
    }
}

static unsigned option(int argc, char **argv, const char *name, unsigned value)
{
    for (int i = 1; i + 1 < argc; i += 2)
        if (strcmp(argv[i], name) == 0)
            return (unsigned)strtoul(argv[i + 1], NULL, 10);
    return value;
}

int main(int argc, char **argv)
{
    const char *fault = "";

    for (int i = 1; i + 1 < argc; i += 2)
        if (strcmp(argv[i], "--fault") == 0)
            fault = argv[i + 1];
    prepare();
    walk.early_reply = strcmp(fault, "early-reply") == 0;
    walk.no_sync = strcmp(fault, "no-sync") == 0;
    walk_all(option(argc, argv, "--saves", 8),
             option(argc, argv, "--cuts", 30));
    for (int i = 0; i < SIDES; i++) {
        forget(&disks[i]);
        free(disks[i].bytes);
        free(disks[i].first);
    }
    printf("crash points: %u, lost: %u, reborn: %u\n", walk.points, walk.lost,
           walk.reborn);
    return walk.points > 0 && walk.lost + walk.reborn == 0 ? EXIT_SUCCESS
                                                           : EXIT_FAILURE;
}
