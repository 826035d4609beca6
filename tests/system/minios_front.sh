#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A guest that is Mini-OS, here as a process, with the entry points of tpmfront;
# its vTPM is the usual one.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host_start
chain_new 1
cd "$work"
# the first grants are held for a while by who mapped them
export MINIOS_HELD=5
client_run guest-1 "$VTPMRING_BUILD/tests/minios_guest"

answers()
{
    ask send "$(random_raw 16)"
    [[ $answer =~ ^response\ 80010000001c000000000010[0-9a-f]{32}$ ]]
}

first_device()
{
    ask open
    same "answer" "$answer" open
    answers
    answers
}

by_name()
{
    ask close
    ask open device/vtpm/0
    same "answer" "$answer" open
    answers
    ask close
    for node in device/vtpm/7 device/vtpm/ device/vtpm/0x0 device/vbd/0; do
        ask open "$node"
        same "answer" "$answer" failed
    done
    ask open
    answers
}

# 4096 bytes take the extra page. There is no such GetRandom, says the TPM.
long()
{
    ask send "$(tpm2_raw 0x17b "$(printf '00%.0s' {1..4086})")"
    same "answer" "$answer" "response 80010000000a00000095"
    answers
}

nonsense()
{
    for bytes in 80 800100000000 80010000000b0000017b 8001ffffffff0000017b0010; do
        ask send "$bytes"
        same "answer" "$answer" failed
    done
    answers
}

# A key takes its time; the other thread of the domain goes on meanwhile.
others_run()
{
    ask send "$(primary_raw 1)"
    [[ $answer =~ ^response\ 8002[0-9a-f]{8}00000000 ]]
    ask busy
    [ "$answer" -ge 2 ]
}

# A command that takes longer than the limit is cancelled; of twenty, the vTPM
# finds some keys before.
cancelled()
{
    local n failed=0
    ask limit 5
    for ((n = 100; n < 120; n++)); do
        ask send "$(primary_raw "$n")"
        [[ $answer == response* ]] || failed=$((failed + 1))
        [[ $answer != *00000909 ]] || failed=$((failed + 1))
    done
    echo "$failed of 20 were cancelled"
    [ "$failed" -ge 3 ]
    ask limit 20000
    answers
}

restarted()
{
    kill -TERM "$(vtpm_pid vtpm-1)"
    within 10 gone "$(vtpm_pid vtpm-1)"
    vtpm_start vtpm-1 "$uuid1"
    answers
}

killed()
{
    vtpm_kill vtpm-1
    vtpm_start vtpm-1 "$uuid1"
    ask send "$(random_raw 16)"
    answers
}

# As after a kexec: the domain goes on, the frontend begins anew.
again()
{
    local n
    for n in {1..20}; do
        ask close
        ask open
        same "answer" "$answer" open
    done
    answers
}

locality()
{
    ask locality 4
    ask send "$(random_raw 16)"
    same "answer" "$answer" "response 80010000000a00000907"
    ask locality 0
    answers
    ask locality -1
    same "answer" "$answer" failed
}

# By a descriptor: what is written is a command, what is read its response.
file()
{
    ask write "$(random_raw 16)"
    same "answer" "$answer" written
    ask size
    same "answer" "$answer" 28
    ask read 10
    same "answer" "$answer" "read 80010000001c00000000"
    ask read 100
    [[ $answer =~ ^read\ 0010[0-9a-f]{32}$ ]]
    ask read 100
    same "answer" "$answer" read
    ask write 8001000000ff0000017b
    same "answer" "$answer" failed
    ask size
    same "answer" "$answer" 0
    answers
    ask close
    same "answer" "$answer" closed
    ask open
    answers
}

closed()
{
    ask close
    within 10 nothing_shared
}

# Neither ports nor grants.
nothing_shared()
{
    simxen list >domains
    grep -q '^ *1  *0  *0  *guest-1$' domains
}

# A backend that keeps to no rule, in place of the vTPM.
hostile()
{
    local n
    ask open
    ask limit 200
    kill -TERM "$(vtpm_pid vtpm-1)"
    within 10 gone "$(vtpm_pid vtpm-1)"
    simxen run --domain vtpm-1 -- "$VTPMRING_BUILD/tests/hostile_backend" \
        "$(simxen domid guest-1)" 300 >hostile.out 2>&1 </dev/null \
        {client_in}>&- {client_out}<&- &
    for ((n = 0; n < 2000; n++)); do
        ! gone $! || break
        ask send "$(random_raw 16)"
    done >said
    [ "$(grep -c '^response' said)" -gt 50 ]
    [ "$(grep -c '^failed' said)" -gt 50 ]
    within 10 gone $!
    grep '^300 answers' hostile.out
    vtpm_start vtpm-1 "$uuid1"
    ask limit 20000
    within 20 is_back
    answers
}

is_back()
{
    ask send "$(random_raw 16)"
    [[ $answer == response* ]]
}

check "the first device" first_device
check "a device by its name, and what is none" by_name
check "a command of 4096 bytes" long
check "what is no command" nonsense
check "other threads run while the TPM works" others_run
check "a command is cancelled" cancelled
check "the vTPM is stopped and started" restarted
check "the vTPM is killed and started" killed
check "the frontend begins anew, often" again
check "a locality" locality
check "a descriptor" file
check "after the end of the frontend nothing is shared" closed
check "a hostile backend" hostile
client_end
finish
