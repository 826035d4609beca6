#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A frontend that keeps to no rule, the one that script/xen-test runs on Xen:
# its vTPM answers or refuses all of it as it should and lives, its neighbour
# works all the while, and whoever comes next is served.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host_start
chain_new 1
chain_new 2

# It runs from here on to the end.
neighbour_start()
{
    command_limit_s=200 in_domain guest-2 \
        "$VTPMRING_BUILD/tests/tpm_load" 4096 until "$work/enough" \
        >"$work/neighbour" 2>&1 &
    neighbour=$!
}

neighbour_ends()
{
    touch "$work/enough"
    within 20 gone "$neighbour"
    cat "$work/neighbour"
    grep -q 'all answered right' "$work/neighbour"
}

# Descriptors, mapped pages of others, threads.
held()
{
    local proc
    proc=/proc/$(vtpm_pid "$1")
    find "$proc/fd" -mindepth 1 | wc -l
    grep -c 'rw-s.*memfd' "$proc/maps" || true
    find "$proc/task" -mindepth 1 -maxdepth 1 | wc -l
}

holds()
{
    [ "$(held vtpm-1)" = "$before" ]
}

hostile()
{
    in_domain guest-1 "$VTPMRING_BUILD/tests/xen_hostile" "$1"
    vtpm_alive vtpm-1
}

honest_works()
{
    works guest-1
    vtpm_alive vtpm-1
    vtpm_alive vtpm-2
}

the_toolstack_mends_it()
{
    simxen detach-vtpm guest-1
    simxen attach-vtpm guest-1 vtpm-1 --uuid "$uuid1" --wait 10
    honest_works
}

nothing_is_left()
{
    within 5 holds || held vtpm-1
    holds
}

logs_are_short()
{
    local bytes
    bytes=$(wc -c <"$work/vtpm-1.out")
    echo "$bytes bytes"
    [ "$bytes" -lt 10000 ]
    same "lines of the neighbour's vTPM" "$(wc -l <"$work/vtpm-2.out")" 3
}

honest_works
before=$(held vtpm-1)
neighbour_start
for way in nodes states page race revoke exit; do
    check "hostile: $way" hostile "$way"
    check "then an honest frontend is served" honest_works
done
for way in odd-state no-state no-device; do
    check "hostile: $way" hostile "$way"
    check "then the toolstack mends it" the_toolstack_mends_it
done
check "the neighbour had the right answers all the while" neighbour_ends
check "nothing is left of all that" nothing_is_left
check "the logs are no flood" logs_are_short
finish
