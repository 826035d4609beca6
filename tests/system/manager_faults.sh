#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A vTPM whose keys a manager keeps, and a manager that is away, refuses,
# answers nonsense, is slow or silent: a command of the guest fails, the state
# never does.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host_start
domain_new manager vtpm-1 guest-1 vtpm-2
cd "$work"
mkdir records
answers_s=2

manager_start()
{
    simxen run --domain manager -- \
        "$VTPMRING_BUILD/tests/test_manager" "$work/records" \
        >>manager.out 2>&1 </dev/null {client_in}>&- {client_out}<&- &
    echo $! >manager.pid
    disown
}

manager_kill()
{
    kill -9 "$(cat manager.pid)"
    within 5 gone "$(cat manager.pid)"
}

# managed NAME UUID OPTION...: a vtpm with a manager, in the foreground.
managed()
{
    local name=$1 uuid=$2
    shift 2
    timeout 20 simxen run --domain "$name" -- \
        vtpm --uuid "$uuid" --state "$name.state" --manager \
        --manager-timeout-ms $((answers_s * 1000)) "$@" </dev/null
}

managed_start()
{
    vtpm_start vtpm-1 "$uuid1" --key-file '' --manager \
        --manager-timeout-ms $((answers_s * 1000))
}

order()
{
    echo "$@" >records/order.new
    mv records/order.new records/order
}

no_order()
{
    rm -f records/order
}

write_nv()
{
    printf '%-16s' "$1" >nv
    in_domain guest-1 tpm2_nvwrite -Q 0x1500001 -i nv
}

nv_is()
{
    same "the NV index" "$(in_domain guest-1 tpm2_nvread 0x1500001)" \
        "$(printf '%-16s' "$1")"
}

# fails PATTERN COMMAND...: one line that says so, exit code 1.
fails()
{
    local pattern=$1 rc=0
    shift
    "$@" >said 2>&1 || rc=$?
    cat said
    same "exit code" "$rc" 1
    grep -q "^vtpm: .*$pattern" said
    [ "$(grep -c '^vtpm: ' said)" -le 2 ]
}

without_a_manager()
{
    fails 'device/vtpm/0' managed vtpm-1 "$uuid1" --provision --exit
    [ ! -e vtpm-1.state ]
}

made_and_used()
{
    manager_start
    simxen attach-vtpm vtpm-1 manager --uuid "$uuid1" --wait 10
    managed vtpm-1 "$uuid1" --provision --exit
    same "the record's size" "$(stat -c %s "records/$uuid1")" 64
    fails 'not blank' managed vtpm-1 "$uuid1" --provision --exit
    managed_start
    simxen attach-vtpm guest-1 vtpm-1 --uuid "$uuid1" --wait 10
    in_domain guest-1 tpm2_nvdefine -Q 0x1500001 -s 16
    write_nv first
    nv_is first
}

# refused WORD N: with that order, changes are refused; without it, all is as
# it was, and goes on.
refused()
{
    local rc=0
    order "$@"
    refuses write_nv "lost $1$2"
    no_order
    write_nv "after $1$2"
    nv_is "after $1$2"
    vtpm_kill vtpm-1
    managed_start
    nv_is "after $1$2"
}

refusing()
{
    refused code 9
    refused code 7
    refused code 2048
}

answering_nonsense()
{
    refused bytes 1
    refused bytes 64
    refused bytes 4000
    refused tag 193
    refused tag 453
}

# The record is there, and the vTPM does not know.
answering_wrongly()
{
    refused "done" 9
}

# What does not change the TPM needs no manager.
silent()
{
    order silent 0
    refuses write_nv "lost silent"
    no_order
    within 10 works guest-1
    write_nv "after silent"
    nv_is "after silent"
}

slow()
{
    order late 300
    write_nv slow
    nv_is slow
    order late $((answers_s * 1300))
    refuses write_nv "too slow"
    no_order
    within 10 write_nv "in time"
    nv_is "in time"
}

away()
{
    write_nv "before"
    manager_kill
    works guest-1
    sleep 5 # by then the clock is to be saved
    works guest-1
    in_domain guest-1 tpm2_pcrread -Q sha256:0
    refuses write_nv "lost away"
    manager_start
    within 10 write_nv "back again"
    nv_is "back again"
    vtpm_kill vtpm-1
    managed_start
    nv_is "back again"
}

# A manager that comes back soon enough is not missed.
away_for_a_moment()
{
    write_nv "before"
    manager_kill
    (
        sleep 0.3
        manager_start
    )
    write_nv "not missed"
    nv_is "not missed"
}

both_killed()
{
    local n
    for n in 1 2 3; do
        write_nv "both $n"
        manager_kill
        vtpm_kill vtpm-1
        manager_start
        managed_start
        nv_is "both $n"
    done
}

old_copy()
{
    local copy
    write_nv "old"
    cp vtpm-1.state old1
    write_nv "new"
    cp vtpm-1.state old2
    write_nv "newest"
    vtpm_kill vtpm-1
    cp vtpm-1.state newest
    for copy in old1 old2; do
        cp "$copy" vtpm-1.state
        fails 'rolled back' managed vtpm-1 "$uuid1" --exit
        cmp "$copy" vtpm-1.state
    done
    cp newest vtpm-1.state
    managed_start
    nv_is newest
}

record_lost()
{
    local before
    vtpm_kill vtpm-1
    mv "records/$uuid1" kept
    before=$(sha256sum <vtpm-1.state)
    fails 'not provisioned' managed vtpm-1 "$uuid1" --exit
    fails 'not blank' managed vtpm-1 "$uuid1" --provision --exit
    same "the state" "$(sha256sum <vtpm-1.state)" "$before"
    mv kept "records/$uuid1"
    managed_start
    nv_is newest
}

# The manager has one domain for each vTPM.
second_one()
{
    simxen attach-vtpm vtpm-2 manager --uuid "$uuid1" --wait 10
    cp vtpm-1.state vtpm-2.state
    fails 'another domain' managed vtpm-2 "$uuid1" --exit
    works guest-1
    write_nv "only one"
    nv_is "only one"
}

stopped_in_order()
{
    kill "$(vtpm_pid vtpm-1)"
    within 10 gone "$(vtpm_pid vtpm-1)"
    managed_start
    nv_is "only one"
    kill "$(cat manager.pid)"
    within 10 gone "$(cat manager.pid)"
    manager_start
    write_nv "a new manager"
    nv_is "a new manager"
}

check "no manager: no TPM is made, one line says why" without_a_manager
check "a vTPM is made at the manager, once, and works" made_and_used
check "a manager that refuses" refusing
check "a manager that answers nonsense" answering_nonsense
check "a manager that takes the key and says no" answering_wrongly
check "a manager that is silent" silent
check "a manager that is slow" slow
check "a manager that is away: reading works, writing waits for it" away
check "a manager that is killed and comes back at once" away_for_a_moment
check "manager and vTPM killed: what was acknowledged is there" both_killed
check "an old copy of the state is refused" old_copy
check "a manager without the record: refused, and no new TPM" record_lost
check "a second vTPM with the same UUID is refused" second_one
check "vTPM, then manager, stop in order and go on" stopped_in_order
finish
