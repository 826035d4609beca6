#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Mini-OS, here as a process, with the hardware TPM: the entry points of tpm_tis,
# on the registers of a model.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host_start
domain_new manager
cd "$work"
coproc "$VTPMRING_BUILD/tests/tis_chip" registers
read -r -t 30 _ <&"${COPROC[0]}"

used()
{
    MINIOS_IOMEM=registers in_domain manager "$VTPMRING_BUILD/tests/minios_tis"
}

absent()
{
    refuses in_domain manager "$VTPMRING_BUILD/tests/minios_tis"
}

check "a TPM" used
check "the next domain finds it as it was" used
check "no TPM" absent
kill -9 "$COPROC_PID"
finish
