#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A backend that is Mini-OS, here as a process, with the entry points of tpmback;
# its frontends are the usual ones.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host_start
domain_new back guest-1 guest-2
cd "$work"

server_start()
{
    simxen run --domain back -- "$VTPMRING_BUILD/tests/minios_server" \
        >>server.out 2>&1 </dev/null {client_in}>&- {client_out}<&- &
    echo $! >server.pid
    disown
}

attach()
{
    simxen attach-vtpm "$1" back --uuid "$2" --wait 10 >>simxen.out
}

# served GUEST: its own answer.
served()
{
    local id
    id=$(printf '%02x' "$(simxen domid "$1")")
    same "answer to $1" "$(LD_LIBRARY_PATH=$VTPMRING_BUILD/lib/tcti \
        timeout 20 simxen run --domain "$1" -- \
        "$VTPMRING_BUILD/tests/raw_client" "$TPM2TOOLS_TCTI" \
        <<<"send $(random_raw 16)")" \
        "response 80010000001c000000000010$(printf "$id%.0s" {1..16})"
}

two_guests()
{
    attach guest-1 "$uuid1"
    attach guest-2 "$uuid2"
    served guest-1
    served guest-2
    served guest-1
    grep "open $(simxen domid guest-1)/0" server.out
}

# What is known of a frontend: its UUID, its pointer, how many there are.
known()
{
    client_start guest-1
    ask send "$(tpm2_raw 0x20000004)"
    same "answer" "$answer" "response 800100000022$(number 4 0)${uuid1//-/}$(
        )$(number 4 1)$(number 4 1)"
    ask send "$(tpm2_raw 0x20000004)"
    [[ $answer == *"$(number 4 2)$(number 4 1)" ]]
    client_end
}

# What its application does wrong is a TPM's failure to the frontend.
no_answer()
{
    client_start guest-1
    ask send "$(tpm2_raw 0x20000002)"
    same "too long" "$answer" "response 80010000000a00000101"
    ask send "$(tpm2_raw 0x20000003)"
    same "none" "$answer" "response 80010000000a00000101"
    ask send "$(random_raw 4070)"
    [[ ${#answer} -gt 8000 ]]
    client_end
}

slow()
{
    client_start guest-1
    ask start "$(tpm2_raw 0x20000001)"
    served guest-2
    ask receive 5000
    same "answer" "$answer" "response 80010000000a00000000"
    client_end
}

# Its application is not interrupted; the next command finds a connection that is
# as it was.
cancelled()
{
    client_start guest-1
    ask start "$(tpm2_raw 0x20000001)"
    ask cancel
    same "cancel" "$answer" canceled
    ask receive 5000
    ask send "$(random_raw 16)"
    [[ $answer == "response 80010000001c000000000010"* ]]
    client_end
}

hostile()
{
    for way in race exit revoke; do
        in_domain guest-1 "$VTPMRING_BUILD/tests/xen_hostile" "$way"
        served guest-2
    done
    served guest-1
}

killed()
{
    kill -9 "$(cat server.pid)"
    within 5 gone "$(cat server.pid)"
    server_start
    served guest-1
    served guest-2
}

many()
{
    local n
    for n in {3..40}; do
        domain_new "guest-$n"
        attach "guest-$n" "$(cat /proc/sys/kernel/random/uuid)"
    done
    for n in {3..40}; do
        served "guest-$n"
    done
    for n in {3..40}; do
        simxen detach-vtpm "guest-$n"
        simxen destroy "guest-$n"
    done
    within 10 only_two
    served guest-1
}

# What is left of the others: no port, no grant.
only_two()
{
    simxen list >domains
    [ "$(awk '$4 == "back" { print $2 }' domains)" -le 2 ]
}

ends()
{
    client_start guest-1
    ask send "$(tpm2_raw 0x20000005)"
    same "answer" "$answer" "response 80010000000a00000000"
    within 10 gone "$(cat server.pid)"
    tail -n 5 server.out
    grep -q ended server.out
}

server_start
check "two guests" two_guests
check "what is known of a frontend" known
check "an application that does not answer" no_answer
check "a command that takes long" slow
check "a command is cancelled" cancelled
check "a hostile frontend" hostile
check "the backend is killed and started" killed
check "forty guests, which go again" many
check "it ends in order" ends
finish
