/* SPDX-License-Identifier: MIT */
#include "manager.h"

#include "crypto.h"
#include "os_threads.h"
#include "os_xen.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <vtpmring/link.h>

/* A connection that ends at once is tried again after so long. */
#define PAUSE_MS 20u
/* What is left of the patience with a manager that is away. */
#define AWAY_PART 10u
/* A question is taken back, and asked anew, after so many waits in vain. */
#define VAIN_MAX 10u

struct vtpm_manager {
    struct vtpm_manager_options options;
    struct vtpmring_port *port;
    struct vtpmring_front_link link;
    bool open;      /* the link is */
    bool away;      /* the last question was not answered in time */
    bool in_flight; /* the question below is */
    unsigned vain;  /* waits for its answer */
    size_t asked_len;
    uint8_t asked[VTPM_MANAGER_FRAME_MAX];
};

static int left_ms(uint64_t deadline)
{
    uint64_t now = vtpm_os_now_ms();

    return now >= deadline ? 0 : (int)(deadline - now);
}

static unsigned patience_ms(const struct vtpm_manager *manager)
{
    unsigned ms = manager->options.timeout_ms;

    return manager->away ? 1 + ms / AWAY_PART : ms;
}

static void close_link(struct vtpm_manager *manager)
{
    if (manager->open)
        vtpmring_front_link_close(&manager->link);
    manager->open = false;
    manager->in_flight = false;
}

/* Xenstore is lost for this port; another one may find it. */
static void close_port(struct vtpm_manager *manager)
{
    if (manager->open)
        vtpmring_front_link_abandon(&manager->link);
    manager->open = false;
    manager->in_flight = false;
    vtpm_os_port_close(manager->port);
    manager->port = NULL;
}

static enum vtpmring_status connect(struct vtpm_manager *manager,
                                    uint64_t deadline)
{
    struct vtpmring_front_link_config config =
        VTPMRING_FRONT_LINK_CONFIG_DEFAULT;
    enum vtpmring_status status = VTPMRING_OK;

    if (manager->open)
        return VTPMRING_OK;
    if (manager->port == NULL)
        status = vtpm_os_port_open(VTPM_OS_FRONT, "vtpm", &manager->port);
    if (status != VTPMRING_OK)
        return status;
    config.device = manager->options.device;
    config.extra_pages = 0;
    config.connect_timeout_ms = 1u + (unsigned)left_ms(deadline);
    if (config.close_timeout_ms > manager->options.timeout_ms)
        config.close_timeout_ms = manager->options.timeout_ms;
    config.cancel_timeout_ms = config.close_timeout_ms;
    status = vtpmring_front_link_open(&manager->link, manager->port, &config);
    manager->open = status == VTPMRING_OK;
    return status;
}

/* An older question must be off the page before another one comes. */
static void take_back(struct vtpm_manager *manager,
                      uint8_t answer[VTPM_MANAGER_FRAME_MAX], uint64_t deadline)
{
    enum vtpmring_status status;
    size_t len;

    status = vtpmring_front_link_cancel(&manager->link);
    if (status == VTPMRING_OK)
        status = vtpmring_front_link_receive(&manager->link, answer,
                                             VTPM_MANAGER_FRAME_MAX, &len,
                                             left_ms(deadline));
    manager->in_flight = false;
    if (status != VTPMRING_OK && status != VTPMRING_CANCELED)
        close_link(manager);
}

static enum vtpmring_status send_once(struct vtpm_manager *manager,
                                      const uint8_t *question, size_t len)
{
    enum vtpmring_status status;

    if (manager->in_flight)
        return VTPMRING_OK;
    status = vtpmring_front_link_send(&manager->link, question, len);
    if (status != VTPMRING_OK)
        return status;
    manager->in_flight = true;
    manager->vain = 0;
    memcpy(manager->asked, question, len);
    manager->asked_len = len;
    return VTPMRING_OK;
}

/* Whether there is nothing more to be had from this connection. */
static bool is_broken(enum vtpmring_status status)
{
    return status != VTPMRING_OK && status != VTPMRING_AGAIN &&
           status != VTPMRING_CANCELED && status != VTPMRING_EPEER_LENGTH &&
           status != VTPMRING_EPEER_HEADER;
}

static enum vtpmring_status ask_once(struct vtpm_manager *manager,
                                     const uint8_t *question, size_t len,
                                     uint8_t answer[VTPM_MANAGER_FRAME_MAX],
                                     size_t *answer_len, uint64_t deadline)
{
    enum vtpmring_status status;

    if (manager->in_flight &&
        (manager->vain >= VAIN_MAX || manager->asked_len != len ||
         memcmp(manager->asked, question, len) != 0))
        take_back(manager, answer, deadline);
    status = connect(manager, deadline);
    if (status == VTPMRING_OK)
        status = send_once(manager, question, len);
    if (status == VTPMRING_OK) {
        status = vtpmring_front_link_receive(&manager->link, answer,
                                             VTPM_MANAGER_FRAME_MAX, answer_len,
                                             left_ms(deadline));
        manager->in_flight = status == VTPMRING_AGAIN;
        manager->vain++;
    }
    if (status == VTPMRING_EPORT)
        close_port(manager);
    else if (is_broken(status))
        close_link(manager);
    return status;
}

/* Whether the question, or the connection, was lost, and not answered. */
static bool was_lost(enum vtpmring_status status)
{
    return status == VTPMRING_CANCELED || status == VTPMRING_EPEER_GONE ||
           status == VTPMRING_EPEER_REFUSED || status == VTPMRING_ESTATE;
}

static enum vtpm_status explain(const struct vtpm_manager *manager,
                                enum vtpmring_status status,
                                struct vtpm_error *err)
{
    if (status == VTPMRING_EPORT || status == VTPMRING_ENOMEM)
        return vtpm_fail(err, VTPM_EIO,
                         "cannot reach the manager: %s; does Xen's store run?",
                         vtpmring_status_text(status));
    if (status == VTPMRING_AGAIN || status == VTPMRING_EPEER_TIMEOUT)
        return vtpm_fail(err, VTPM_EREFUSED,
                         "the manager behind device/vtpm/%u does not answer; "
                         "start it",
                         manager->options.device);
    if (status == VTPMRING_EPEER_GONE && !manager->open)
        return vtpm_fail(err, VTPM_EREFUSED,
                         "there is no manager behind device/vtpm/%u; attach "
                         "the device to the manager's domain, and start that",
                         manager->options.device);
    return vtpm_fail(err, VTPM_EREFUSED,
                     "the manager behind device/vtpm/%u cannot be asked: %s; "
                     "see its log",
                     manager->options.device, vtpmring_status_text(status));
}

enum vtpm_status vtpm_manager_ask(struct vtpm_manager *manager,
                                  const uint8_t *question, size_t question_len,
                                  uint8_t answer[VTPM_MANAGER_FRAME_MAX],
                                  size_t *answer_len, struct vtpm_error *err)
{
    uint64_t deadline = vtpm_os_now_ms() + patience_ms(manager);
    enum vtpmring_status status;

    *answer_len = 0;
    if (question_len > VTPM_MANAGER_FRAME_MAX)
        return vtpm_fail(err, VTPM_EINVAL,
                         "a question to the manager has %zu bytes, too many",
                         question_len);
    for (;;) {
        status = ask_once(manager, question, question_len, answer, answer_len,
                          deadline);
        if (!was_lost(status) || left_ms(deadline) == 0)
            break;
        vtpm_os_sleep_ms(PAUSE_MS);
    }
    manager->away = status != VTPMRING_OK;
    if (status != VTPMRING_OK)
        return explain(manager, status, err);
    vtpm_cleanse(manager->asked, manager->asked_len);
    return VTPM_OK;
}

enum vtpm_status vtpm_manager_open(struct vtpm_manager **out,
                                   const struct vtpm_manager_options *options,
                                   struct vtpm_error *err)
{
    struct vtpm_manager *manager;

    *out = NULL;
    if (options->timeout_ms == 0 ||
        options->timeout_ms > VTPM_MANAGER_TIMEOUT_MAX_MS)
        return vtpm_fail(err, VTPM_EINVAL,
                         "the wait for the manager is out of range; give 1 to "
                         "%u ms",
                         VTPM_MANAGER_TIMEOUT_MAX_MS);
    manager = calloc(1, sizeof *manager);
    if (!manager)
        return vtpm_fail(err, VTPM_ENOMEM, "out of memory; end other programs");
    manager->options = *options;
    *out = manager;
    return VTPM_OK;
}

void vtpm_manager_close(struct vtpm_manager *manager)
{
    if (!manager)
        return;
    close_link(manager);
    vtpm_os_port_close(manager->port);
    vtpm_cleanse(manager, sizeof *manager);
    free(manager);
}
