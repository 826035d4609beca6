#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What is left when all has ended: nothing. What an idle vTPM does: nothing.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host_start
chain_new 1
cd "$work"

# How often all threads of a process have gone to sleep.
sleeps()
{
    cat /proc/"$1"/task/*/status |
        awk '/^voluntary_ctxt_switches/ { n += $2 } END { print n }'
}

no_wake_ups()
{
    local before
    sleep 0.5
    before=$(sleeps "$(vtpm_pid vtpm-1)")
    sleep 2
    same "wake-ups" "$(sleeps "$(vtpm_pid vtpm-1)")" "$before"
}

idle()
{
    works guest-1
    no_wake_ups
}

idle_while_connected()
{
    client_start guest-1
    ask send "$(random_raw 8)"
    no_wake_ups
    client_end
}

# The host, too: no timer, no polling.
idle_host()
{
    local before pid
    pid=$(cat "$SIMXEN_DIR/pid")
    before=$(sleeps "$pid")
    sleep 2
    same "wake-ups" "$(sleeps "$pid")" "$before"
}

domain_leaves_nothing()
{
    local front
    front=$(front_path guest-1)
    store exists "$front"
    simxen destroy guest-1
    refuses store exists "$(dirname "$(dirname "$(dirname "$front")")")"
    refuses simxen domid guest-1
    within 5 vtpm_alive vtpm-1
}

stop_leaves_nothing()
{
    local pid
    pid=$(vtpm_pid vtpm-1)
    kill -TERM "$pid"
    within 10 gone "$pid"
    simxen stop
    same "processes" "$(host_processes)" ""
    [ ! -e "$SIMXEN_DIR" ]
}

# Without its host a vTPM ends by itself, with an error.
host_lost()
{
    host_start
    vtpm_start vtpm-1 "$uuid1"
    sleep 0.5
    vtpm_alive vtpm-1
    simxen stop
    within 10 gone "$(vtpm_pid vtpm-1)"
    same "processes" "$(host_processes)" ""
    tail -n 1 vtpm-1.out | grep '^vtpm: '
}

check "an idle vTPM is never woken" idle
check "nor is it while a guest is connected and silent" idle_while_connected
check "nor is the idle host" idle_host
check "a guest that is destroyed leaves no node" domain_leaves_nothing
check "after the stop: no process, no socket, no file" stop_leaves_nothing
check "a vTPM that loses its host says so and ends" host_lost
finish
