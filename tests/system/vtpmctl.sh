#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# vtpmctl at the real manager, with vTPMs and a guest, and at its store.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/system/manager_lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/manager_lib.sh"

host_start
domain_new manager vtpm-1 guest-1 vtpm-2
cd "$work"
root=key-file:$work/manager.key
uuid3=5a1f0e3c-0003-4b6e-9d11-a1b2c3d4e5f6

# ctl COMMAND...: over the manager's socket.
ctl()
{
    timeout 20 vtpmctl "$@" --via "unix:$work/manager.sock"
}

# code WANTED PATTERN COMMAND...: exit code, and a line that says why.
code()
{
    local wanted=$1 pattern=$2 rc=0
    shift 2
    "$@" >said 2>&1 || rc=$?
    cat said
    same "exit code" "$rc" "$wanted"
    grep -q "$pattern" said
}

# json PYTHON COMMAND...: what an expression makes of the result, d.
json()
{
    local expression=$1
    shift
    "$@" --json | python3 -c "import json, sys
d = json.load(sys.stdin)
print($expression)"
}

usage()
{
    vtpmctl --help | grep -q '^usage: vtpmctl COMMAND'
    vtpmctl --version | grep -q '^vtpmctl '
    vtpmctl vtpm add --help | grep -q '^usage: vtpmctl vtpm add'
    code 2 'see vtpmctl' vtpmctl no such
    code 2 'see vtpmctl vtpm show' vtpmctl vtpm show
    code 2 'UUID' ctl vtpm show 1234
    code 3 'manager.sock' ctl status
}

added()
{
    timeout 20 vtpmmgr provision --root "$root" --store store --size 2M \
        --create-key
    manager_start
    same "its UUID" "$(ctl vtpm add "$uuid1")" "$uuid1"
    code 1 '.' ctl vtpm add "$uuid1"
    same "vTPMs" "$(json 'd["vtpms"]' ctl status)" 1
    simxen attach-vtpm vtpm-1 manager --uuid "$uuid1" --wait 10
    managed vtpm-1 "$uuid1" --provision --exit
    managed_start vtpm-1 "$uuid1"
    simxen attach-vtpm guest-1 vtpm-1 --uuid "$uuid1" --wait 10
    works guest-1
}

seen()
{
    same "state" "$(json 'd["devices"][0]["state"]' ctl status)" open
    same "UUID" "$(json 'd["devices"][0]["uuid"]' ctl status)" "$uuid1"
    same "kind of root" "$(json 'd["root"]' ctl status)" key-file
    ctl status | grep -q "$uuid1"
    ctl vtpm list | grep -q "$uuid1"
    ctl vtpm show "$uuid1" | grep -q "$uuid1"
    code 1 'no such vTPM' ctl vtpm show "$uuid2"
    timeout 3 vtpmctl status --watch --interval 1 --json \
        --via "unix:$work/manager.sock" >watched || same "exit code" $? 124
    [ "$(grep -c "$uuid1" watched)" -ge 2 ]
}

many()
{
    local i
    for i in $(seq 300); do
        printf '5a1f0e3c-1000-4b6e-9d11-%012d\n' "$i"
    done >uuids
    xargs -n 1 vtpmctl vtpm add --via "unix:$work/manager.sock" <uuids \
        >/dev/null
    same "listed" "$(ctl vtpm list | grep -c '^5a1f0e3c-1000')" 300
    xargs -n 1 vtpmctl vtpm remove --via "unix:$work/manager.sock" <uuids
    same "listed" "$(ctl vtpm list | grep -c '^5a1f0e3c-1000')" 0
}

in_use()
{
    code 1 '.' ctl vtpm remove "$uuid1"
    works guest-1
    ctl vtpm add "$uuid3"
    ctl vtpm remove "$uuid3"
    code 1 'no such vTPM' ctl vtpm show "$uuid3"
}

groups_kept()
{
    openssl genrsa -out agent.key 2048 2>/dev/null
    openssl rsa -in agent.key -pubout -out agent.pub 2>/dev/null
    ctl group new agent.pub # group 0 is there, and gets the key
    ctl group new agent.pub
    same "groups" "$(json 'd["groups"]' ctl status)" 2
    ctl group show 1 | grep -q .
    ctl vtpm add "$uuid3" --group 1
    code 1 '.' ctl group remove 1
    same "its group" "$(json 'd["group"]' ctl vtpm show "$uuid3")" 1
    ctl vtpm remove "$uuid3"
    ctl group remove 1
    same "groups" "$(json 'd["groups"]' ctl status)" 1
    code 1 '.' ctl group new "$work/manager.key"
}

# A list comes from who approves it, and each one is newer than the last.
lists_updated()
{
    local number
    for number in 5 6; do
        cat >"list.$number" <<END
vtpmmgr group list 1
# the domains of vTPMs
sequence $number
platform $(printf '%040d' "$number") 0-2,23
kernel $(printf 'ab%.0s' {1..20})
label system_u:system_r:vtpm_t
END
        vtpmctl group sign "list.$number" --key agent.key --out "signed.$number"
    done
    openssl genrsa -out other.key 2048 2>/dev/null
    vtpmctl group sign list.6 --key other.key >forged
    code 1 'is not signed' ctl group update 0 list.5
    ctl group update 0 signed.5
    code 1 'not signed by who approves' ctl group update 0 forged
    code 1 'sequence of the next one' ctl group update 0 signed.5
    sed 's/^sequence 6/sequence 7/' signed.6 >changed
    code 1 'not signed by who approves' ctl group update 0 changed
    ctl group update 0 signed.6
    same "its number" "$(json 'd["sequence"]' ctl group show 0)" 6
    same "its kernels" "$(json '" ".join(d["kernels"])' ctl group show 0)" \
        "$(printf 'ab%.0s' {1..20}) $(printf system_u:system_r:vtpm_t |
            sha1sum | cut -d' ' -f1)"
    code 2 'key is missing' vtpmctl group sign list.6
    code 1 'exists' vtpmctl group sign list.6 --key agent.key --out signed.6
    sed 's/^kernel ab/kernel xx/' list.6 >bad
    code 1 'line 5' vtpmctl group sign bad --key agent.key
    # a domain without a label is not in it
    vtpm_kill vtpm-1
    fails_to_start vtpm-1 "$uuid1"
    printf 'vtpmmgr group list 1\nsequence 8\n' >list.8
    vtpmctl group sign list.8 --key agent.key --out signed.8
    ctl group update 0 signed.8
    managed_start vtpm-1 "$uuid1"
    works guest-1
}

fails_to_start()
{
    code 1 'label of this one is not allowed' managed "$@"
}

# Over a device of a domain: who may not manage is told so.
by_device()
{
    simxen attach-vtpm vtpm-2 manager --uuid "$uuid2" --wait 10
    code 1 '.' timeout 20 simxen run --domain vtpm-2 -- \
        vtpmctl vtpm list --via device:0
    ctl vtpm add "$uuid2" --admin
    simxen detach-vtpm vtpm-2
    simxen attach-vtpm vtpm-2 manager --uuid "$uuid2" --wait 10
    timeout 20 simxen run --domain vtpm-2 -- \
        vtpmctl vtpm list --via device:0 | grep -q "$uuid1"
    code 3 'device 7' timeout 20 simxen run --domain vtpm-2 -- \
        vtpmctl vtpm list --via device:7
}

copied()
{
    in_domain guest-1 tpm2_nvdefine -Q 0x1500001 -s 16
    write_nv guest-1 "in the backup"
    timeout 20 vtpmctl backup store backup --root "$root"
    code 1 'exists' vtpmctl backup store backup --root "$root"
    timeout 20 vtpmctl store check backup --root "$root"
    timeout 20 vtpmctl store check store
    timeout 20 vtpmctl store check store --root "$root"
    vtpmctl seal status store | grep -qi 'key.file'
    cp vtpm-1.state state.kept
}

restored()
{
    vtpm_kill vtpm-1
    manager_stop
    mv store store.lost
    timeout 20 vtpmctl restore backup store --root "$root"
    code 1 '.' vtpmctl restore backup store --root "$root"
    cp state.kept vtpm-1.state
    manager_start
    managed_start vtpm-1 "$uuid1"
    nv_is guest-1 "in the backup"
}

bad_copies()
{
    local before
    before=$(sha256sum <backup)
    cp backup bad
    printf x | dd of=bad bs=1 seek=$((300 * 4096)) conv=notrunc status=none
    truncate -s -4096 bad
    code 4 'cut off\|corrupt' vtpmctl store check bad
    code 4 '.' vtpmctl restore bad other --root "$root"
    [ ! -e other ]
    head -c 32 /dev/urandom >another.key
    chmod 600 another.key
    code 4 '.' vtpmctl store check backup --root "key-file:$work/another.key"
    code 4 '.' vtpmctl restore backup other --root "key-file:$work/another.key"
    [ ! -e other ]
    same "the backup" "$(sha256sum <backup)" "$before"
}

no_secret()
{
    local key
    key=$(xxd -p -c 64 manager.key)
    {
        ctl status
        ctl vtpm show "$uuid1"
        vtpmctl store check store --root "$root" --json
        vtpmctl seal status store --json
    } >shown 2>&1
    ! grep -q "$key" shown
}

check "usage, and a manager that is away" usage
check "a vTPM is added, and gets its TPM" added
check "status, lists, and what is shown of a vTPM" seen
check "300 vTPMs are added, listed and removed" many
check "a vTPM in use is not removed" in_use
check "groups" groups_kept
check "a group's list, signed and updated" lists_updated
check "over a device: only for who may manage" by_device
check "a backup beside the manager" copied
check "a store is restored, and the guest has its TPM" restored
check "bad copies and another key are refused" bad_copies
check "no secret is shown" no_secret
finish
