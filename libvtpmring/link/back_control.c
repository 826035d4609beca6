/* SPDX-License-Identifier: MIT */
/* The control thread: xenstore, connects and disconnects, cancel. */
#include "back_set.h"
#include "nodes.h"
#include "text.h"

#define TOKEN "vtpmring-back"
/* A device that the serving thread is not done with is looked at again. */
#define RETRY_MS 50
/* Enough for the names of all domains that can be. */
#define NAMES_MAX (65536u * 6)
/* Watch events that are taken before devices are looked after again. */
#define DRAIN 256

/* Reads "DOMID" or "DOMID/HANDLE[/KEY]" after our directory in a path. Returns
 * how many of the three are there. */
static int parse_path(const char *path, uint32_t *domid, uint32_t *handle)
{
    static const char directory[] = BACK_SET_DIRECTORY;
    uint32_t *const numbers[2] = {domid, handle};
    const uint32_t max[2] = {UINT16_MAX, UINT32_MAX};

    for (size_t i = 0; i + 1 < sizeof(directory); i++)
        if (*path++ != directory[i])
            return 0;
    for (int i = 0; i < 2; i++) {
        const char *start = ++path;

        if (start[-1] != '/')
            return i;
        while (*path != '\0' && *path != '/')
            path++;
        if (vtpmring_xenbus_parse_number(start, (size_t)(path - start), max[i],
                                         numbers[i]) != VTPMRING_OK)
            return i;
    }
    return *path == '\0' ? 2 : 3;
}

/* Something of this device has changed, or it is new. What happens inside a
 * device of somebody else is not our affair. */
static enum vtpmring_status touch(struct vtpmring_back_set *set, uint32_t domid,
                                  uint32_t handle, bool whole)
{
    struct vtpmring_back_device *device =
        vtpmring_back_device_find(set, domid, handle);

    if (device == NULL)
        return vtpmring_back_device_add(set, (uint16_t)domid, handle);
    device->dirty = device->dirty || whole || !device->foreign;
    return VTPMRING_OK;
}

/* The names below a directory; none if it is not there. Names that do not fit
 * are left out: there is a limit to the devices that are served. */
static enum vtpmring_status list(struct vtpmring_back_set *set,
                                 const char *path, char *names, size_t size,
                                 size_t *length)
{
    enum vtpmring_status status;

    *length = 0;
    status = set->port->ops->store_list(set->port, path, names, size, length);
    if (status == VTPMRING_EPEER_GONE)
        *length = 0;
    return status == VTPMRING_EPORT ? status : VTPMRING_OK;
}

/* Reads the number at a place in a listing; false if it is none. Moves on. */
static bool next_number(const char *names, size_t *at, uint32_t max,
                        uint32_t *number)
{
    const char *name = names + *at;
    size_t size = 0;

    while (name[size] != '\0')
        size++;
    *at += size + 1;
    return vtpmring_xenbus_parse_number(name, size, max, number) == VTPMRING_OK;
}

static enum vtpmring_status scan_frontend(struct vtpmring_back_set *set,
                                          uint32_t domid)
{
    char path[VTPMRING_PORT_PATH_MAX], names[1024];
    struct text text = text_begin(path, sizeof(path));
    enum vtpmring_status status;
    size_t length, at = 0;
    uint32_t handle;

    text_add(&text, BACK_SET_DIRECTORY "/");
    text_add_number(&text, domid);
    status = list(set, path, names, sizeof(names), &length);
    while (status == VTPMRING_OK && at < length)
        if (next_number(names, &at, UINT32_MAX, &handle))
            status = touch(set, domid, handle, true);
    return status;
}

/* Domains of which this set serves none count, too: ours may be behind them. */
static enum vtpmring_status list_domains(struct vtpmring_back_set *set,
                                         size_t *length)
{
    struct vtpmring_port *port = set->port;

    *length = 0;
    for (;;) {
        enum vtpmring_status status = port->ops->store_list(
            port, BACK_SET_DIRECTORY, set->names, set->names_size, length);

        if (status == VTPMRING_EPEER_GONE)
            *length = 0;
        if (status != VTPMRING_ENOBUF || set->names_size >= NAMES_MAX)
            return status == VTPMRING_EPORT ? status : VTPMRING_OK;
        port->ops->free(port, set->names);
        set->names_size *= 2;
        set->names = port->ops->alloc(port, set->names_size);
        if (set->names == NULL) {
            set->names_size = 0;
            return VTPMRING_ENOMEM;
        }
    }
}

static enum vtpmring_status scan(struct vtpmring_back_set *set)
{
    enum vtpmring_status status;
    size_t length, at = 0;
    uint32_t domid;

    status = list_domains(set, &length);
    while (status == VTPMRING_OK && at < length)
        if (next_number(set->names, &at, UINT16_MAX, &domid))
            status = scan_frontend(set, domid);
    return status;
}

static enum vtpmring_status on_watch(struct vtpmring_back_set *set,
                                     const char *path, const char *token)
{
    struct vtpmring_back_device *device;
    uint32_t domid, handle;

    if (text_equal(token, TOKEN)) {
        int parts = parse_path(path, &domid, &handle);

        switch (parts) {
        case 3:
        case 2:
            return touch(set, domid, handle, parts == 2);
        case 1:
            return scan_frontend(set, domid);
        default:
            return scan(set);
        }
    }
    for (device = set->devices; device != NULL; device = device->next)
        if (text_equal(device->token, token))
            device->dirty = true;
    return VTPMRING_OK;
}

/* Of a storm, some: the rest makes the next wait() return at once. */
static enum vtpmring_status drain_store(struct vtpmring_back_set *set)
{
    char path[VTPMRING_PORT_PATH_MAX], token[32];
    enum vtpmring_status status;

    for (int i = 0; i < DRAIN; i++) {
        status = set->port->ops->store_next_watch(set->port, path, sizeof(path),
                                                  token, sizeof(token));
        if (status == VTPMRING_OK)
            status = on_watch(set, path, token);
        if (status == VTPMRING_AGAIN)
            return VTPMRING_OK;
        if (status != VTPMRING_OK)
            return status;
    }
    return VTPMRING_OK;
}

/* While a command runs for long, its cancel must be seen here: the serving
 * thread is inside it. */
static void supervise(struct vtpmring_back_set *set)
{
    bool queued;

    vtpmring_back_set_lock(set);
    set->watching = set->running != NULL;
    if (set->watching) {
        vtpmring_back_set_collect(set);
        vtpmring_back_on_event(&set->running->machine);
        vtpmring_back_device_abort(set->running);
    } else {
        set->armed = false;
    }
    queued = set->ready_first != NULL;
    vtpmring_back_set_unlock(set);
    /* events that were collected here are lost to the serving thread's sleep */
    if (queued)
        set->port->ops->wake(set->port, VTPMRING_PORT_SERVER);
}

static bool is_due(struct vtpmring_back_device *device, uint64_t now, bool ask)
{
    if (__atomic_exchange_n(&device->released, false, __ATOMIC_ACQ_REL))
        device->dirty = true;
    if (device->held && (ask || now >= device->ask_us))
        device->dirty = true;
    return device->dirty || (device->ended && device->remove_us != UINT64_MAX &&
                             now >= device->remove_us);
}

static enum vtpmring_status work(struct vtpmring_back_set *set, bool ask)
{
    struct vtpmring_back_device **at = &set->devices;
    uint64_t now = set->port->ops->now_us(set->port);
    enum vtpmring_status status = VTPMRING_OK;

    while (*at != NULL && status == VTPMRING_OK) {
        struct vtpmring_back_device *device = *at;

        if (is_due(device, now, ask)) {
            device->dirty = false;
            device->held = false;
            if (device->foreign) {
                status = vtpmring_back_device_renew(set, at);
            } else {
                if (!device->ended)
                    status = vtpmring_back_device_look(device);
                if (status == VTPMRING_OK && !device->ended)
                    vtpmring_back_device_advance(device);
                if (status == VTPMRING_OK && device->ended)
                    status = vtpmring_back_device_after_end(set, at);
            }
        }
        if (*at == device)
            at = &device->next;
    }
    return status;
}

/* When the next device that has ended, or is held, is to be looked at. */
static int timeout(struct vtpmring_back_set *set)
{
    uint64_t now = set->port->ops->now_us(set->port), first = UINT64_MAX;
    struct vtpmring_back_device *device;

    if (set->watching)
        return BACK_SET_SUPERVISE_MS;
    for (device = set->devices; device != NULL; device = device->next) {
        if (device->dirty)
            return 0;
        if (device->ended && device->remove_us < first)
            first = device->remove_us;
        if (device->held && device->ask_us < first)
            first = device->ask_us;
    }
    if (first == UINT64_MAX)
        return -1;
    if (first <= now)
        return RETRY_MS;
    return (int)((first - now) / 1000) + 1;
}

static enum vtpmring_status control(struct vtpmring_back_set *set)
{
    enum vtpmring_status status = VTPMRING_OK;

    while (status == VTPMRING_OK && !vtpmring_back_set_stopping(set)) {
        unsigned want =
            VTPMRING_PORT_STORE | VTPMRING_PORT_TIMER | VTPMRING_PORT_CONTROL;
        unsigned got;

        if (set->watching)
            want |= VTPMRING_PORT_CHANNEL;
        got = set->port->ops->wait(set->port, want, timeout(set));
        if (set->watching || (got & VTPMRING_PORT_TIMER))
            supervise(set);
        if (got & VTPMRING_PORT_STORE)
            status = drain_store(set);
        if (status == VTPMRING_OK)
            status = work(set, (got & VTPMRING_PORT_CONTROL) != 0);
    }
    return status;
}

enum vtpmring_status vtpmring_back_set_control(struct vtpmring_back_set *set)
{
    struct vtpmring_port *port = set->port;
    enum vtpmring_status status;

    status = port->ops->store_watch(port, BACK_SET_DIRECTORY, TOKEN);
    if (status == VTPMRING_OK) {
        status = control(set);
        port->ops->store_unwatch(port, BACK_SET_DIRECTORY, TOKEN);
    }
    if (status != VTPMRING_OK)
        vtpmring_back_set_stop(set);
    return status;
}
