#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# State that is not what it should be: the vTPM says so in one line and
# touches nothing. Never is a new TPM made in its place (defects 8 and 9).
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host_start
domain_new guest-1 vtpm-1
vtpm_make vtpm-1 "$uuid1"
cd "$work"
vtpm_start vtpm-1 "$uuid1"
simxen attach-vtpm guest-1 vtpm-1 --uuid "$uuid1" --wait 10
printf precious >nv
in_domain guest-1 tpm2_nvdefine -Q 0x1500001 -s 8
in_domain guest-1 tpm2_nvwrite -Q 0x1500001 -i nv
vtpm_kill vtpm-1
cp vtpm-1.state good

# started UUID STATE KEY: one try, its words in $work/said.
started()
{
    rc=0
    timeout 20 simxen run --domain vtpm-1 -- vtpm --uuid "$1" --state "$2" \
        --key-file "$3" >said 2>&1 </dev/null || rc=$?
    cat said
}

# fails UUID STATE KEY: with exit code 1 and one line, the state untouched.
fails()
{
    local rc before
    before=$(sha256sum <"$2")
    started "$@"
    same "exit code" "$rc" 1
    same "lines" "$(wc -l <said)" 1
    grep -q '^vtpm: .*: ' said
    same "the state's checksum" "$(sha256sum <"$2")" "$before"
}

wrong_key()
{
    (umask 077 && head -c 32 /dev/urandom >other_key)
    fails "$uuid1" vtpm-1.state other_key
}

open_key()
{
    cp key public_key
    chmod 644 public_key
    fails "$uuid1" vtpm-1.state public_key
}

no_key()
{
    fails "$uuid1" vtpm-1.state nowhere
}

other_uuid()
{
    fails "$uuid2" vtpm-1.state key
}

truncated()
{
    local size length
    size=$(stat -c %s good)
    for length in 1 100 4096 $((size / 2)) $((size - 1)); do
        echo "$length bytes"
        cp good damaged
        truncate -s "$length" damaged
        fails "$uuid1" damaged key
    done
}

# flip FILE OFFSET
flip()
{
    local byte
    byte=$(od -An -tu1 -j "$2" -N1 "$1")
    # shellcheck disable=SC2059
    printf "\\x$(printf %02x $((byte ^ 1)))" |
        dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# One bit of a byte of the header and of both slots, wherever there is one
# that is not zero. The slot that is not current is only room for the next
# state: with a bit of that wrong, all is there.
flipped()
{
    local offset refused=0 kept=0
    cmp -l good /dev/zero 2>/dev/null | awk '{ print $1 - 1 }' >used || true
    [ "$(wc -l <used)" -gt 1000 ]
    for offset in $(head -n 4 used) $(awk 'NR % 200 == 60' used); do
        echo "offset $offset"
        cp good damaged
        flip damaged "$offset"
        if vtpm --uuid "$uuid1" --state damaged --key-file key --exit; then
            kept=$((kept + 1))
            all_is_there damaged
        else
            refused=$((refused + 1))
            cp good damaged
            flip damaged "$offset"
            fails "$uuid1" damaged key
        fi
    done
    echo "$refused refused, $kept of no consequence"
    [ "$refused" -gt 10 ]
}

# all_is_there STATE
all_is_there()
{
    cp "$1" vtpm-1.state
    vtpm_start vtpm-1 "$uuid1"
    same "the NV index" "$(in_domain guest-1 tpm2_nvread 0x1500001)" precious
    vtpm_kill vtpm-1
}

none()
{
    local rc
    rm -f absent
    started "$uuid1" absent key
    same "exit code" "$rc" 1
    same "lines" "$(wc -l <said)" 1
    [ ! -e absent ]
    : >empty
    fails "$uuid1" empty key
    head -c 100000 /dev/zero >zeros
    fails "$uuid1" zeros key
    head -c 100000 /dev/urandom >noise
    fails "$uuid1" noise key
}

provision_over()
{
    local before rc=0
    before=$(sha256sum <vtpm-1.state)
    vtpm_make vtpm-1 "$uuid1" >said 2>&1 || rc=$?
    cat said
    same "exit code" "$rc" 1
    same "the state's checksum" "$(sha256sum <vtpm-1.state)" "$before"
}

one_owner()
{
    local before rc
    cp good vtpm-1.state
    vtpm_start vtpm-1 "$uuid1"
    works guest-1
    started "$uuid1" vtpm-1.state key
    same "exit code" "$rc" 1
    same "lines" "$(wc -l <said)" 1
    works guest-1
}

check "the wrong key" wrong_key
check "a key that everybody may read" open_key
check "no key" no_key
check "the state of another vTPM" other_uuid
check "a state file cut off anywhere" truncated
check "a state file with one bit wrong anywhere" flipped
check "no state, an empty file, zeros, noise" none
check "provisioning where there is a TPM already" provision_over
check "a state file that is in use: the second is refused, the first works" \
    one_owner
finish
