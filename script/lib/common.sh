# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What setup, test and demo share. Sourced after `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
me=${0##*/}

say()
{
    printf '%s: %s\n' "$me" "$*"
}

die()
{
    printf '%s: %s\n' "$me" "$*" >&2
    exit 1
}

usage_error()
{
    printf '%s: %s; see script/%s --help\n' "$me" "$*" "$me" >&2
    exit 2
}

# build PRESET LOG [TARGET...]: configures and builds; the compiler's words go
# to LOG, and their end to stderr if they are the reason to stop.
build()
{
    local preset=$1 log=$2
    shift 2
    if ! (cd "$root" && cmake --preset "$preset" &&
        cmake --build --preset "$preset" -j "$(nproc)" \
            ${1:+--target "$@"}) >"$log" 2>&1 </dev/null; then
        tail -n 30 "$log" >&2
        die "the $preset build failed: the compiler said so above;" \
            "all of it is in $log"
    fi
}
