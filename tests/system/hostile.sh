#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A guest that writes whatever it likes into its own nodes: its vTPM refuses
# and lives, its neighbour notices nothing, and when it behaves again, it is
# served again (defects 2, 3 and 5).
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host_start
chain_new 1
chain_new 2

# Node of guest-1's frontend, written by guest-1 itself.
write_own()
{
    in_domain guest-1 xenstore-write -- "device/vtpm/0/$1" "$2"
}

remove_own()
{
    in_domain guest-1 xenstore-rm "device/vtpm/0/$1" 2>/dev/null || true
}

# As a new frontend leaves the device before it begins.
start_anew()
{
    write_own state 6
    remove_own ring-ref
    remove_own event-channel
    within 5 back_state guest-1 vtpm-1 2
    write_own state 1
}

# refused NODE VALUE: a frontend that is right but for one node.
refused()
{
    start_anew
    write_own ring-ref 8
    write_own event-channel 1
    write_own feature-protocol-v2 1
    if [ "$2" = missing ]; then
        remove_own "$1"
    else
        write_own "$1" "$2"
    fi
    write_own state "${3:-3}"
    within 5 back_state guest-1 vtpm-1 6
    vtpm_alive vtpm-1
    works guest-2
}

recovers()
{
    start_anew
    works guest-1
    vtpm_alive vtpm-1
}

odd=(
    missing ' ' abc -1 +1 ' 8' '8 ' 08 0x8 8.0 '8 9' 4294967295 4294967296
    18446744073709551624 99999999999999999999999999999999999999
    '%s%s%n' $'\x01\x02\xff' "$(printf '8%.0s' {1..300})"
)

all_odd()
{
    local value
    for value in "${odd[@]}"; do
        echo "$1 = [${value:0:40}]"
        refused "$1" "$value"
    done
}

# Port 9999 and reference 9999 look right, but nothing is behind them.
nothing_behind()
{
    refused ring-ref 9999
    refused event-channel 9999
}

feature_not_one()
{
    local value
    for value in missing 0 2 ' 1' 1x '' "$(printf '1%.0s' {1..300})"; do
        echo "feature-protocol-v2 = [${value:0:40}]"
        refused feature-protocol-v2 "$value"
    done
}

# States in an order that no driver has.
states_in_disorder()
{
    local value
    start_anew
    for value in 5 4 1 3 5 3 6 4 2 5 1 1 4 4 5 6 5 3 2; do
        write_own state "$value"
        vtpm_alive vtpm-1
    done
    works guest-2
    vtpm_alive vtpm-1
}

# States that are none are as good as no frontend.
odd_states()
{
    local value
    for value in 9 -4 4x 44444444444 '' 1 $'\xff'; do
        write_own state "$value"
        vtpm_alive vtpm-1
    done
    within 5 back_state guest-1 vtpm-1 6
    works guest-2
    vtpm_alive vtpm-1
}

the_toolstack_mends_it()
{
    simxen detach-vtpm guest-1
    simxen attach-vtpm guest-1 vtpm-1 --uuid "$uuid1" --wait 10
    works guest-1
}

# Many writes at once: no queue overflows, nobody else waits.
storm()
{
    # shellcheck disable=SC2016
    in_domain guest-1 bash -c 'for n in {1..300}; do
        xenstore-write device/vtpm/0/state $((n % 6 + 1)) \
            device/vtpm/0/ring-ref $n device/vtpm/0/event-channel $n
    done' &
    works guest-2
    works guest-2
    wait $!
    vtpm_alive vtpm-1
}

# The vTPM may not even read the nodes: as good as no frontend, too.
permission_removed()
{
    local front
    front=$(front_path guest-1)
    start_anew
    write_own ring-ref 8
    write_own event-channel 1
    write_own feature-protocol-v2 1
    in_domain guest-1 xenstore-chmod -r "$front" \
        "n$(simxen domid guest-1)"
    write_own state 3
    within 5 back_state guest-1 vtpm-1 6
    vtpm_alive vtpm-1
    works guest-2
}

# A device of ours that nobody can serve: what the toolstack wrote is no path.
a_path_that_is_none()
{
    local back path
    back=/local/domain/$(simxen domid vtpm-1)/backend/vtpm/777/0
    simxen detach-vtpm guest-1
    for path in 'no path' '//' '/local/domain/1/a b' \
        "/$(printf 'x%.0s' {1..1000})" @releaseDomain; do
        store write "$back/frontend" "$path" "$back/frontend-id" 777 \
            "$back/online" 1 "$back/uuid" "$uuid1" "$back/state" 1
        sleep 0.1
        vtpm_alive vtpm-1
        store rm "$back"
    done
    simxen attach-vtpm guest-1 vtpm-1 --uuid "$uuid1" --wait 10
    works guest-1
}

# A vTPM that does not run for a while finds another device in the place of the
# one that it was connected to.
replaced()
{
    local front back
    front=$(front_path guest-1)
    back=$(back_path guest-1 vtpm-1)
    client_start guest-1
    ask send "$(random_raw 8)"
    kill -STOP "$(vtpm_pid vtpm-1)"
    kill -9 "$client_pid"
    client_hang_up
    store rm "$front" "$back" "/libxl/$(simxen domid guest-1)/device/vtpm/0"
    refuses simxen attach-vtpm guest-1 vtpm-1 --uuid "$1" --wait 1
    kill -CONT "$(vtpm_pid vtpm-1)"
}

replaced_by_the_same()
{
    replaced "$uuid1"
    within 5 back_state guest-1 vtpm-1 2
    works guest-1
}

replaced_by_another()
{
    replaced "$uuid2"
    sleep 0.3
    back_state guest-1 vtpm-1 1
    vtpm_alive vtpm-1
    store rm "$(front_path guest-1)" "$(back_path guest-1 vtpm-1)" \
        "/libxl/$(simxen domid guest-1)/device/vtpm/0"
    simxen attach-vtpm guest-1 vtpm-1 --uuid "$uuid1" --wait 10
    works guest-1
}

# A guest is destroyed while its vTPM searches for primes; its next life gets
# the same vTPM.
destroyed_in_mid_command()
{
    client_start guest-1
    ask start "$(primary_raw 1)"
    sleep 0.02
    simxen destroy guest-1
    client_hang_up
    domain_new guest-1
    simxen attach-vtpm guest-1 vtpm-1 --uuid "$uuid1" --wait 10
    works guest-1
}

# The page is right, what is on it is not.
bad_commands()
{
    local hex
    client_start guest-1
    for hex in 00 8001 80010000000a00000144ff 80010000000b00000144 \
        8001ffffffff0000017b0008 800100000000 00000000000000000000; do
        ask send "$hex"
        case $answer in
        "response 8001"* | "response 00c4"* | error*) ;;
        *) return 1 ;;
        esac
        ask send "$(random_raw 8)"
        [[ $answer == "response 80010000001400000000"* ]]
    done
    client_end
    vtpm_alive vtpm-1
}

check "at first both guests work" eval 'works guest-1; works guest-2'
check "an odd ring-ref is refused" all_odd ring-ref
check "the guest recovers from that" recovers
check "an odd event-channel is refused" all_odd event-channel
check "the guest recovers from that too" recovers
check "numbers with nothing behind them are refused" nothing_behind
check "a frontend without the protocol's feature is refused" feature_not_one
check "and recovers" recovers
check "states in disorder change nothing for others" states_in_disorder
check "and the guest recovers from them" recovers
check "states that are none change nothing for others" odd_states
check "and the toolstack gives the guest its vTPM back" the_toolstack_mends_it
check "a storm of writes disturbs nobody" storm
check "and is over when the guest behaves" recovers
check "nodes that the vTPM may not read disturb nobody" permission_removed
check "and the toolstack mends that, too" the_toolstack_mends_it
check "a device with an odd path disturbs nobody" a_path_that_is_none
check "a device that was replaced meanwhile is served" replaced_by_the_same
check "unless it is somebody else's" replaced_by_another
check "a guest destroyed in mid-command: its next life has the vTPM" \
    destroyed_in_mid_command
check "commands that are none are answered, the next one works" bad_commands
check "the neighbour's vTPM was never restarted" vtpm_alive vtpm-2
finish
