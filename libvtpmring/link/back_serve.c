/* SPDX-License-Identifier: MIT */
/* The serving thread: sees a command, executes it, answers it. */
#include "back_set.h"
#include "poll_time.h"

/* How many looks at the page between two looks at the clock. */
#define SPIN 16

static void lock(struct vtpmring_back_set *set)
{
    set->port->ops->lock(set->port);
}

static void unlock(struct vtpmring_back_set *set)
{
    set->port->ops->unlock(set->port);
}

static bool control_waits(struct vtpmring_back_set *set)
{
    return __atomic_load_n(&set->control_waits, __ATOMIC_ACQUIRE);
}

static void step_aside(struct vtpmring_back_set *set)
{
    unlock(set);
    while (control_waits(set))
        set->port->ops->relax(set->port);
    lock(set);
}

void vtpmring_back_device_notify(struct vtpmring_back_device *device)
{
    struct vtpmring_port *port = device->set->port;

    if (vtpmring_back_next(&device->machine) != VTPMRING_BACK_NOTIFY)
        return;
    (void)vtpmring_back_done(&device->machine, VTPMRING_BACK_NOTIFY,
                             port->ops->channel_notify(port, device->channel));
}

static void map_extra(struct vtpmring_back_device *device)
{
    struct vtpmring_back *machine = &device->machine;
    struct vtpmring_port *port = device->set->port;
    enum vtpmring_status status;

    if (device->extra != NULL)
        port->ops->unmap(port, device->extra, device->extra_count);
    device->extra_count = machine->nr_refs;
    status = port->ops->map(port, device->domid, machine->config.refs,
                            device->extra_count, &device->extra);
    if (status == VTPMRING_OK)
        (void)vtpmring_back_set_extra(machine, device->extra);
    else
        device->extra = NULL;
    (void)vtpmring_back_done(machine, VTPMRING_BACK_MAP_EXTRA, status);
}

/* A command that runs for long is supervised by the control thread; the timer
 * is set at most once in its period, however many commands run. */
static void arm(struct vtpmring_back_set *set)
{
    if (set->config.ops->abort == NULL || set->armed)
        return;
    set->armed = true;
    set->port->ops->timer(set->port, BACK_SET_SUPERVISE_MS);
}

/* The frontend went while its command ran. The end of the machine had to wait
 * for the executor, and nothing else tells the control thread that it is back.
 */
static void release(struct vtpmring_back_device *device)
{
    struct vtpmring_port *port = device->set->port;

    __atomic_store_n(&device->released, true, __ATOMIC_RELEASE);
    port->ops->wake(port, VTPMRING_PORT_CONTROL);
}

static void execute(struct vtpmring_back_device *device)
{
    struct vtpmring_back_set *set = device->set;
    struct vtpmring_back *machine = &device->machine;
    const unsigned char *response = NULL;
    uint8_t locality = machine->head.locality;
    size_t length = machine->length;
    bool orphan;

    (void)vtpmring_back_done(machine, VTPMRING_BACK_EXECUTE, VTPMRING_OK);
    arm(set);
    set->running = device;
    device->busy = true;
    unlock(set);
    length = set->config.ops->execute(set->config.context, device,
                                      machine->config.buffer, length, locality,
                                      &response);
    lock(set);
    device->busy = false;
    set->running = NULL;
    orphan = machine->orphan;
    if (length == 0)
        (void)vtpmring_back_reply_error(machine, VTPMRING_TPM_ERROR_FAILURE);
    else
        (void)vtpmring_back_reply(machine, response, length);
    vtpmring_back_device_notify(device);
    device->answered_us = set->port->ops->now_us(set->port);
    if (set->config.ops->served != NULL)
        set->config.ops->served(set->config.context, device,
                                device->answered_us - device->seen_us);
    if (orphan)
        release(device);
}

/* Whatever the commands of a device want; one command at most, so that the
 * others have their turn. True if one was executed. */
static bool serve_commands(struct vtpmring_back_device *device)
{
    for (;;) {
        switch (vtpmring_back_next(&device->machine)) {
        case VTPMRING_BACK_NOTIFY:
            vtpmring_back_device_notify(device);
            break;
        case VTPMRING_BACK_MAP_EXTRA:
            map_extra(device);
            break;
        case VTPMRING_BACK_EXECUTE:
            execute(device);
            return true;
        default:
            return false;
        }
    }
}

static void say_goodbye(struct vtpmring_back_device *device)
{
    struct vtpmring_back_set *set = device->set;

    if (!device->goodbye)
        return;
    device->goodbye = false;
    if (set->config.ops->disconnected == NULL)
        return;
    device->busy = true;
    unlock(set);
    set->config.ops->disconnected(set->config.context, device);
    lock(set);
    device->busy = false;
}

bool vtpmring_back_device_is_waiting(const struct vtpmring_back_device *device)
{
    return device->goodbye || vtpmring_back_has_work(&device->machine) ||
           vtpmring_back_next(&device->machine) != VTPMRING_BACK_WAIT;
}

static void ask_for_crowd(struct vtpmring_back_device *device)
{
    struct vtpmring_back_set *set = device->set;

    poll_asked(&device->poll, set->config.poll_us,
               set->port->ops->is_crowded(set->port));
}

/* The next command often comes at once: look for it before sleeping. */
static void poll_page(struct vtpmring_back_device *device)
{
    struct vtpmring_back_set *set = device->set;
    const struct vtpmring_port_ops *ops = set->port->ops;
    const uint64_t start = device->answered_us;
    uint64_t now = start;

    if (set->config.poll_us == 0)
        return;
    device->idle_since_us = start;
    while (now - start < device->poll.us && !control_waits(set) &&
           !vtpmring_back_set_stopping(set)) {
        for (int i = 0; i < SPIN; i++) {
            if (vtpmring_back_has_work(&device->machine)) {
                device->idle_since_us = 0;
                vtpmring_back_set_queue(set, device);
                if (poll_found(&device->poll, set->config.poll_us,
                               ops->now_us(set->port) - start))
                    ask_for_crowd(device);
                return;
            }
            ops->relax(set->port);
        }
        now = ops->now_us(set->port);
    }
}

/* A command has come while we slept. */
static void learn(struct vtpmring_back_device *device)
{
    struct vtpmring_back_set *set = device->set;
    uint64_t waited_us = device->seen_us - device->idle_since_us;

    if (device->idle_since_us == 0 || !vtpmring_back_has_work(&device->machine))
        return;
    device->idle_since_us = 0;
    if (poll_learn(&device->poll, set->config.poll_us, waited_us))
        ask_for_crowd(device);
}

static void serve_device(struct vtpmring_back_device *device)
{
    struct vtpmring_back_set *set = device->set;

    say_goodbye(device);
    device->seen_us = set->port->ops->now_us(set->port);
    learn(device);
    vtpmring_back_on_event(&device->machine);
    if (!serve_commands(device))
        return;
    if (set->channel_count > 1)
        vtpmring_back_set_collect(set);
    if (vtpmring_back_device_is_waiting(device))
        vtpmring_back_set_queue(set, device);
    else if (set->ready_first == NULL)
        poll_page(device);
}

/* Sleeps until a command may be there. If there is one channel it is clear
 * whose event has come: the command goes first, and the event is taken from the
 * port while the answer is on its way. */
static void sleep_for_command(struct vtpmring_back_set *set)
{
    unsigned got;

    unlock(set);
    got = set->port->ops->wait(
        set->port, VTPMRING_PORT_CHANNEL | VTPMRING_PORT_SERVER, -1);
    lock(set);
    if ((got & VTPMRING_PORT_CHANNEL) && set->sole != NULL &&
        vtpmring_back_has_work(&set->sole->machine))
        serve_device(set->sole);
    vtpmring_back_set_collect(set);
}

enum vtpmring_status vtpmring_back_set_serve(struct vtpmring_back_set *set)
{
    struct vtpmring_back_device *device;

    lock(set);
    while (!vtpmring_back_set_stopping(set)) {
        if (control_waits(set))
            step_aside(set);
        device = vtpmring_back_set_dequeue(set);
        if (device != NULL) {
            serve_device(device);
            continue;
        }
        sleep_for_command(set);
    }
    unlock(set);
    return VTPMRING_OK;
}
