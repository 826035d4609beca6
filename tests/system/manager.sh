#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# vtpmmgr, the real one, under two vTPMs and their guests: keys are kept, over
# every restart; nobody gets another's, and no store is made anew.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/system/manager_lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/manager_lib.sh"

host_start
domain_new manager vtpm-1 guest-1 vtpm-2 guest-2 vtpm-3
cd "$work"
root=key-file:$work/manager.key

made_once()
{
    fails 'cannot open key file' timeout 20 vtpmmgr --root "$root" --store store
    [ ! -e store ]
    timeout 20 vtpmmgr provision --root "$root" --store store --size 2M \
        --create-key
    same "mode of the key" "$(stat -c %a manager.key)" 600
    fails 'there is a store already' timeout 20 vtpmmgr provision \
        --root "$root" --store store --size 2M
    fails 'manager.key' timeout 20 vtpmmgr provision --root "$root" \
        --store other --create-key
    [ ! -e other ]
    fails 'cannot open other' timeout 20 vtpmmgr --root "$root" \
        --store other
    [ ! -e other ]
}

# A vTPM that the manager does not know is not made, and can be made later.
unknown()
{
    manager_start
    simxen attach-vtpm vtpm-1 manager --uuid "$uuid1" --wait 10
    fails 'does not know this vTPM' managed vtpm-1 "$uuid1" --provision --exit
    [ ! -e vtpm-1.state ]
    grep -q "vTPM $uuid1: refused: it is unknown" manager.out
    manager_stop
}

used()
{
    manager_start --auto-provision
    managed vtpm-1 "$uuid1" --provision --exit
    managed_start vtpm-1 "$uuid1"
    simxen attach-vtpm guest-1 vtpm-1 --uuid "$uuid1" --wait 10
    simxen attach-vtpm vtpm-2 manager --uuid "$uuid2" --wait 10
    managed vtpm-2 "$uuid2" --provision --exit
    managed_start vtpm-2 "$uuid2"
    simxen attach-vtpm guest-2 vtpm-2 --uuid "$uuid2" --wait 10
    for guest in guest-1 guest-2; do
        in_domain "$guest" tpm2_nvdefine -Q 0x1500001 -s 16
        write_nv "$guest" "of $guest"
    done
    nv_is guest-1 "of guest-1"
    nv_is guest-2 "of guest-2"
}

all_restarted()
{
    local n
    for n in 1 2; do
        write_nv guest-1 "one, round $n"
        write_nv guest-2 "two, round $n"
        manager_kill
        vtpm_kill vtpm-1
        vtpm_kill vtpm-2
        manager_start
        managed_start vtpm-1 "$uuid1"
        managed_start vtpm-2 "$uuid2"
        nv_is guest-1 "one, round $n"
        nv_is guest-2 "two, round $n"
    done
}

# The manager is killed at any moment of saves that go on.
killed_in_mid_save()
{
    local n i writer
    for n in 1 2 3 4 5; do
        (for i in 1 2 3 4 5 6; do write_nv guest-1 "n $n.$i" || :; done) &
        writer=$!
        sleep "0.$n"
        manager_kill
        manager_start
        wait "$writer"
        within 10 write_nv guest-1 "after $n"
        nv_is guest-1 "after $n"
    done
}

away()
{
    write_nv guest-1 before
    manager_stop
    works guest-1
    refuses write_nv guest-1 lost
    manager_start
    within 10 write_nv guest-1 "back again"
    nv_is guest-1 "back again"
}

# The state of one vTPM is of no use to another, nor its place at the manager.
another()
{
    simxen attach-vtpm vtpm-3 manager --uuid "$uuid1" --wait 10
    cp vtpm-1.state vtpm-3.state
    fails 'another domain uses it' managed vtpm-3 "$uuid1" --exit
    works guest-1
}

wrong_key()
{
    local before
    manager_stop
    before=$(sha256sum <store)
    cp -p manager.key right.key
    head -c 32 /dev/urandom >manager.key
    fails 'key' timeout 20 vtpmmgr --root "$root" --store store
    rm manager.key
    fails 'manager.key' timeout 20 vtpmmgr --root "$root" --store store
    same "the store" "$(sha256sum <store)" "$before"
    mv right.key manager.key
}

damaged()
{
    cp store kept
    dd if=/dev/urandom of=store bs=4096 count=64 conv=notrunc status=none
    fails '.' timeout 20 vtpmmgr --root "$root" --store store
    mv kept store
    manager_start
    nv_is guest-1 "back again"
}

one_owner()
{
    fails 'another process' timeout 20 vtpmmgr --root "$root" --store store \
        --socket none
}

stopped_in_order()
{
    manager_stop
    same "exit code" "$(cat manager.code)" 0
}

usage()
{
    local rc=0
    vtpmmgr --help | grep -q '^usage: '
    vtpmmgr --version | grep -q '^vtpmmgr '
    vtpmmgr --root "$root" >said 2>&1 || rc=$?
    same "exit code" "$rc" 2
    rc=0
    vtpmmgr --root "$root" --store s --pcrs sha256:1 >said 2>&1 || rc=$?
    same "exit code" "$rc" 2
    grep -q 'go with --root tpm' said
}

check "the store is made once, by provision alone" made_once
check "a vTPM that is unknown is refused, and leaves nothing behind" unknown
check "two vTPMs and their guests" used
check "all are killed and started again: nothing is lost" all_restarted
check "the manager is killed while it saves" killed_in_mid_save
check "the manager is away: changes fail, reading works" away
check "the record of a vTPM is not given to another domain" another
check "a wrong key, no key: refused, nothing is changed" wrong_key
check "a damaged store is refused, the right one opens" damaged
check "a second manager is refused" one_owner
check "SIGTERM ends it in order" stopped_in_order
check "usage" usage
finish
