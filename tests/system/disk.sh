#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A disk that takes no more: the guest gets an error, never a false promise,
# and nothing is lost.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host_start
trap '' XFSZ
chain_new 1
cd "$work"

# The kernel refuses every write of this process from now on, as a full disk
# does (EFBIG is its word for it).
disk_full()
{
    prlimit --pid "$(vtpm_pid vtpm-1)" --fsize=0:
}

disk_free()
{
    prlimit --pid "$(vtpm_pid vtpm-1)" --fsize=unlimited:
}

write_nv()
{
    printf '%s' "$1" >nv
    in_domain guest-1 tpm2_nvwrite -Q 0x1500001 -i nv
}

nv_is()
{
    same "the NV index" "$(in_domain guest-1 tpm2_nvread -s ${#1} 0x1500001)" \
        "$1"
}

the_guest_gets_an_error()
{
    in_domain guest-1 tpm2_nvdefine -Q 0x1500001 -s 16
    write_nv before
    disk_full
    refuses write_nv "lost!!"
    vtpm_alive vtpm-1
}

# What the guest could see now might not be there tomorrow.
nothing_is_told()
{
    refuses in_domain guest-1 tpm2_getrandom 8
    refuses in_domain guest-1 tpm2_nvread -s 6 0x1500001
    vtpm_alive vtpm-1
}

nothing_is_lost()
{
    vtpm_kill vtpm-1
    vtpm_start vtpm-1 "$uuid1"
    nv_is before
}

it_recovers_by_itself()
{
    disk_full
    refuses write_nv "lost!!"
    disk_free
    write_nv "after!"
    nv_is "after!"
    vtpm_kill vtpm-1
    vtpm_start vtpm-1 "$uuid1"
    nv_is "after!"
}

# A guest that connects again and again meanwhile; the log is no file here, for
# its lines would not be written either.
no_flood()
{
    local n
    vtpm_kill vtpm-1
    mkfifo "$work/log"
    cat "$work/log" >"$work/lines" &
    simxen run --domain vtpm-1 -- \
        vtpm --uuid "$uuid1" --state "$work/vtpm-1.state" \
        --key-file "$work/key" >"$work/log" 2>&1 </dev/null &
    printf '%d\n' $! >"$work/vtpm-1.pid"
    nv_is "after!"
    disk_full
    refuses write_nv "lost!!"
    for n in 1 2 3 4 5; do
        refuses in_domain guest-1 tpm2_getrandom 8
    done
    disk_free
    nv_is "after!"
    cat "$work/lines"
    [ "$(grep -vc frontend "$work/lines")" -le 4 ]
}

# A new vTPM that finds no room is refused in one line and leaves nothing.
no_half_a_tpm()
{
    local rc=0
    (
        ulimit -f 64
        vtpm_make vtpm-9 "$uuid2" >"$work/made" 2>&1
    ) || rc=$?
    cat "$work/made"
    same "exit code" "$rc" 1
    same "lines" "$(wc -l <"$work/made")" 1
    [ ! -e "$work/vtpm-9.state" ]
    vtpm_make vtpm-9 "$uuid2"
}

check "a write that cannot be kept is an error to the guest" \
    the_guest_gets_an_error
check "nothing is told of a state that is not kept" nothing_is_told
check "the state of before is there after a crash" nothing_is_lost
check "with room again, the next write is kept" it_recovers_by_itself
check "that is said, but not again and again" no_flood
check "no room for a new vTPM: one line, no file" no_half_a_tpm
finish
