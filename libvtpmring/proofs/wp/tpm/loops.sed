# SPDX-License-Identifier: MIT
# core/tpm.c has no loop.
