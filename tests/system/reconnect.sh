#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Coming and going: of clients, of devices, of the vTPM.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host_start
chain_new 1
cd "$work"

# Grants and ports of all domains, which a leak would let grow.
held()
{
    simxen list | awk 'NR > 1 { ports += $2; grants += $3 }
        END { print ports, grants }'
}

open_and_close()
{
    local n before after
    works guest-1
    within 5 back_state guest-1 vtpm-1 2
    before=$(held)
    client_start guest-1
    for n in {1..50}; do
        ask send "$(random_raw 8)" >/dev/null
        [[ $answer == "response 80010000001400000000"* ]]
        ask reopen >/dev/null
        same "reopen $n" "$answer" opened
    done
    client_end
    within 5 back_state guest-1 vtpm-1 2
    after=$(held)
    same "ports and grants" "$after" "$before"
    vtpm_alive vtpm-1
}

a_key_lives_on()
{
    in_domain guest-1 tpm2_createprimary -Q -C o -c primary.ctx
    in_domain guest-1 tpm2_evictcontrol -Q -C o -c primary.ctx 0x81000010
    simxen detach-vtpm guest-1
    refuses store exists "$(front_path guest-1)"
    refuses in_domain guest-1 tpm2_getrandom 8
    vtpm_alive vtpm-1
    simxen attach-vtpm guest-1 vtpm-1 --uuid "$uuid1" --wait 10
    in_domain guest-1 tpm2_readpublic -Q -c 0x81000010
}

detach_and_attach()
{
    local n
    for n in {1..10}; do
        simxen detach-vtpm guest-1
        simxen attach-vtpm guest-1 vtpm-1 --uuid "$uuid1" --wait 10
        works guest-1
    done
}

# SIGTERM while a guest holds its connection: exit code 0, and the TPM was
# shut down in order, so the reset count of a TPM that restarts grows by one
# and the dictionary-attack counter does not.
lockouts()
{
    in_domain guest-1 tpm2_getcap properties-variable |
        awk '/TPM2_PT_LOCKOUT_COUNTER:/ { print $2 }'
}

term()
{
    local rc=0 pid
    pid=$(vtpm_pid vtpm-1)
    kill -TERM "$pid"
    within 10 gone "$pid"
}

ends_in_order()
{
    local before rc=0
    before=$(lockouts)
    term
    # In the foreground, for its exit code.
    timeout --preserve-status -s TERM 2 simxen run --domain vtpm-1 -- \
        vtpm --uuid "$uuid1" --state vtpm-1.state --key-file key \
        >term.log 2>&1 </dev/null || rc=$?
    cat term.log
    same "exit code" "$rc" 0
    vtpm_start vtpm-1 "$uuid1"
    same "lockout counter" "$(lockouts)" "$before"
    works guest-1
}

# A password that is wrong once and a vTPM that is ended ten times: only the
# password counts. Without TPM2_Shutdown, each stop would count as well.
stops_are_not_attacks()
{
    local n
    in_domain guest-1 tpm2_createprimary -Q -C o -p secret -c locked.ctx \
        -G ecc -a 'sign|fixedtpm|fixedparent|sensitivedataorigin|userwithauth'
    for n in 1 2 3 4 5; do
        term
        vtpm_start vtpm-1 "$uuid1"
        works guest-1
    done
    same "lockout counter" "$(lockouts)" 0x0
}

check "50 connections, one after the other, leave nothing held" open_and_close
check "a device is taken away and given back with all its keys" a_key_lives_on
check "ten times over" detach_and_attach
check "SIGTERM ends a vTPM in order, exit code 0" ends_in_order
check "orderly stops do not count as attacks" stops_are_not_attacks
finish
