/* SPDX-License-Identifier: MIT */
#ifndef MINIOS_HOSTED_CONSOLE_H
#define MINIOS_HOSTED_CONSOLE_H

void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
