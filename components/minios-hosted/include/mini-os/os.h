/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_OS_H
#define MINIOS_HOSTED_OS_H

#include <mini-os/types.h>

/** Keeps handlers from running. @return whether that was so before */
unsigned long minios_events_off(void);
/** Lets them run again if @p flags is 0; those that are due run at once. */
void minios_events_restore(unsigned long flags);

#define local_irq_save(flags) ((flags) = minios_events_off())
#define local_irq_restore(flags) minios_events_restore(flags)

#endif
