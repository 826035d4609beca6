#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# How long commands took, as vtpm says on SIGUSR1 and at its end.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host_start
chain_new 1

# said LINES: the numbers of the last line, once there are so many.
said()
{
    within 5 lines "$1"
    read -r count p50 p99 longest < <(tail -n 1 "$work/vtpm-1.out" |
        sed -n 's/^vtpm: service time of \(.*\) commands: p50 \(.*\) us, p99 \(.*\) us, longest \(.*\) us$/\1 \2 \3 \4/p')
    echo "count $count p50 $p50 p99 $p99 longest $longest"
}

lines()
{
    [ "$(grep -c '^vtpm: service time of ' "$work/vtpm-1.out")" -eq "$1" ]
}

ask_for_times()
{
    kill -USR1 "$(vtpm_pid vtpm-1)"
}

none()
{
    ask_for_times
    said 1
    same "commands" "$count" 0
}

some()
{
    for _ in {1..20}; do
        ask send "$(random_raw 8)"
        [[ $answer == "response 8001"* ]]
    done
    ask_for_times
    said 2
    same "commands" "$count" 20
    [ "$p50" -le "$p99" ] && [ "$p99" -le "$longest" ]
}

a_long_one()
{
    ask send "$(primary_raw 1)"
    [[ $answer == "response 8002"* ]]
    ask_for_times
    said 3
    same "commands" "$count" 21
    same "p99" "$p99" "$longest"
    # no RSA key is made within a millisecond
    [ "$longest" -ge 1000 ]
}

at_the_end()
{
    kill "$(vtpm_pid vtpm-1)"
    within 10 gone "$(vtpm_pid vtpm-1)"
    said 4
    same "commands" "$count" 21
}

check "no command yet" none
client_start guest-1
check "as many as were sent" some
check "a long one" a_long_one
check "at its end" at_the_end
client_end
finish
