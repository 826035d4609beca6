/* SPDX-License-Identifier: MIT */
/* A set of backends: its life, its lists, its lock. */
#include "back_set.h"
#include "text.h"

/* Bytes of a directory entry "12345" with its NUL, generously. */
#define NAME_SIZE 12u

enum vtpmring_status
vtpmring_back_set_new(struct vtpmring_port *port,
                      const struct vtpmring_back_set_config *config,
                      struct vtpmring_back_set **result)
{
    struct vtpmring_back_set *set;
    size_t buckets = 2;

    if (config->ops == NULL || config->ops->execute == NULL ||
        config->max_extra > VTPMRING_PAGE_EXTRA_MAX ||
        config->command_max < VTPMRING_TPM_HEADER_SIZE ||
        config->command_max > UINT32_MAX || config->max_devices == 0)
        return VTPMRING_EINVAL;
    while (buckets < config->max_devices && buckets < 65536)
        buckets *= 2;
    set = port->ops->alloc(port, sizeof(*set));
    if (set == NULL)
        return VTPMRING_ENOMEM;
    set->port = port;
    set->config = *config;
    set->bucket_count = buckets;
    set->buckets = port->ops->alloc(port, buckets * sizeof(set->buckets[0]));
    set->names_size = ((size_t)config->max_devices + 64) * NAME_SIZE;
    set->names = port->ops->alloc(port, set->names_size);
    if (set->buckets == NULL || set->names == NULL) {
        vtpmring_back_set_free(set);
        return VTPMRING_ENOMEM;
    }
    *result = set;
    return VTPMRING_OK;
}

void vtpmring_back_set_free(struct vtpmring_back_set *set)
{
    struct vtpmring_back_device *device;

    if (set == NULL)
        return;
    while ((device = set->devices) != NULL) {
        set->devices = device->next;
        vtpmring_back_device_leave(device);
        vtpmring_back_device_free(device);
    }
    set->port->ops->free(set->port, set->buckets);
    set->port->ops->free(set->port, set->names);
    set->port->ops->free(set->port, set);
}

void vtpmring_back_set_stop(struct vtpmring_back_set *set)
{
    __atomic_store_n(&set->stop, true, __ATOMIC_RELEASE);
    set->port->ops->wake(set->port, VTPMRING_PORT_SERVER);
    set->port->ops->wake(set->port, VTPMRING_PORT_CONTROL);
}

void vtpmring_back_set_ask(struct vtpmring_back_set *set)
{
    set->port->ops->wake(set->port, VTPMRING_PORT_CONTROL);
}

bool vtpmring_back_set_stopping(struct vtpmring_back_set *set)
{
    return __atomic_load_n(&set->stop, __ATOMIC_ACQUIRE);
}

/* A serving thread under load holds the lock nearly always; the flag asks it to
 * step aside. */
void vtpmring_back_set_lock(struct vtpmring_back_set *set)
{
    __atomic_store_n(&set->control_waits, true, __ATOMIC_RELEASE);
    set->port->ops->lock(set->port);
    __atomic_store_n(&set->control_waits, false, __ATOMIC_RELEASE);
}

void vtpmring_back_set_unlock(struct vtpmring_back_set *set)
{
    set->port->ops->unlock(set->port);
}

void vtpmring_back_set_queue(struct vtpmring_back_set *set,
                             struct vtpmring_back_device *device)
{
    if (device->queued)
        return;
    device->queued = true;
    device->ready_next = NULL;
    if (set->ready_first == NULL)
        set->ready_first = device;
    else
        set->ready_last->ready_next = device;
    set->ready_last = device;
}

struct vtpmring_back_device *
vtpmring_back_set_dequeue(struct vtpmring_back_set *set)
{
    struct vtpmring_back_device *device = set->ready_first;

    if (device != NULL) {
        set->ready_first = device->ready_next;
        device->queued = false;
    }
    return device;
}

static struct vtpmring_back_device **bucket(struct vtpmring_back_set *set,
                                            uint32_t channel)
{
    return &set->buckets[channel & (set->bucket_count - 1)];
}

void vtpmring_back_set_collect(struct vtpmring_back_set *set)
{
    struct vtpmring_back_device *device;
    uint32_t channel;

    /* a storm on one channel must not keep us here; what is left, as of a
     * channel that was just closed, ends the next wait */
    for (unsigned i = 0; i == 0 || i < set->channel_count; i++) {
        if (set->port->ops->channel_next(set->port, &channel) != VTPMRING_OK)
            return;
        device = *bucket(set, channel);
        while (device != NULL && device->channel != channel)
            device = device->bucket_next;
        if (device != NULL)
            vtpmring_back_set_queue(set, device);
    }
}

static void find_sole(struct vtpmring_back_set *set)
{
    struct vtpmring_back_device *device = NULL;

    if (set->channel_count == 1)
        for (device = set->devices; device != NULL; device = device->next)
            if (device->bound)
                break;
    set->sole = device;
}

void vtpmring_back_set_bind(struct vtpmring_back_set *set,
                            struct vtpmring_back_device *device)
{
    struct vtpmring_back_device **at = bucket(set, device->channel);

    device->bucket_next = *at;
    *at = device;
    device->bound = true;
    set->channel_count++;
    find_sole(set);
}

void vtpmring_back_set_unbind(struct vtpmring_back_set *set,
                              struct vtpmring_back_device *device)
{
    struct vtpmring_back_device **at = bucket(set, device->channel);

    while (*at != device)
        at = &(*at)->bucket_next;
    *at = device->bucket_next;
    device->bound = false;
    set->channel_count--;
    find_sole(set);
}

void vtpmring_back_set_log(struct vtpmring_back_device *device, int level,
                           const char *what, enum vtpmring_status status)
{
    char line[200];
    struct text text = text_begin(line, sizeof(line));

    text_add_number(&text, device->domid);
    text_add(&text, "/");
    text_add_number(&text, device->handle);
    text_add(&text, ": ");
    text_add(&text, what);
    if (status != VTPMRING_OK) {
        text_add(&text, ": ");
        text_add(&text, vtpmring_status_text(status));
    }
    device->set->port->ops->log(device->set->port, level, line);
}

uint16_t vtpmring_back_device_domid(const struct vtpmring_back_device *device)
{
    return device->domid;
}

uint32_t vtpmring_back_device_handle(const struct vtpmring_back_device *device)
{
    return device->handle;
}

void **vtpmring_back_device_user(struct vtpmring_back_device *device)
{
    return &device->user;
}

uint32_t vtpmring_back_device_channel(const struct vtpmring_back_device *device)
{
    return device->channel;
}
