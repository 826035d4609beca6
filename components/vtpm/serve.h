/* SPDX-License-Identifier: MIT */
#ifndef VTPM_SERVE_H
#define VTPM_SERVE_H

/**
 * @file
 * Joins a TPM to its guest: a set of backends over the port, two threads.
 */

#include "engine.h"
#include "keys.h"

#include <stdint.h>
#include <vtpmring/port.h>

struct vtpm_serve_options {
    const uint8_t *uuid;      /**< serves the device with this UUID only */
    enum vtpm_family family;  /**< of the engine */
    unsigned poll_us;         /**< looks so long for the next command */
    unsigned max_extra_pages; /**< extra pages to take */
};

/**
 * Serves commands until vtpm_serve_stop(). Call it from the main thread; one
 * at a time.
 * @param port    stays the caller's
 * @param engine  stays the caller's; nobody else uses it meanwhile
 * @param options copied
 * @return VTPM_OK (stopped); VTPM_EIO (xenstore was lost, the port has said
 *         so); VTPM_ENOMEM
 */
enum vtpm_status vtpm_serve(struct vtpmring_port *port,
                            struct vtpm_engine *engine,
                            const struct vtpm_serve_options *options,
                            struct vtpm_error *err);

/**
 * Makes vtpm_serve() return once the running command is answered. For signal
 * handlers; before vtpm_serve() it makes the next one return at once.
 */
void vtpm_serve_stop(void);

#endif
