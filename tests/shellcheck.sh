#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every shell script of the project, read by shellcheck.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mapfile -t scripts < <(grep -rIlE '^#!.*\b(ba)?sh$|^# shellcheck shell=' \
    .ci cmake components docs fuzz libvtpmring packaging script tests \
    2>/dev/null | sort)
[ ${#scripts[@]} -ge 20 ] || {
    echo "only ${#scripts[@]} scripts found: this test looks in the wrong place"
    exit 1
}
shellcheck -x "${scripts[@]}"
echo "${#scripts[@]} scripts"
