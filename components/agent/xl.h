/* SPDX-License-Identifier: MIT */
#ifndef AGENT_XL_H
#define AGENT_XL_H

/**
 * @file
 * Asks the toolstack that is installed.
 */

#include "domains.h"

/**
 * Runs `XL list -v` and reads what it prints. Its errors go to ours.
 * @param program  xl, looked for in PATH unless it has a slash
 * @param stop_fd  when this becomes readable, there is no more waiting
 * @param domains  gets the domains; agent_domains_free() frees them, also after
 *                 a failure
 */
enum vtpm_status agent_xl_list(const char *program, int stop_fd,
                               struct agent_domains *domains,
                               struct vtpm_error *err);

#endif
