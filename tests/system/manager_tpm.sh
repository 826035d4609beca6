#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# vtpmmgr with a hardware TPM, here swtpm: the store opens on this TPM and in
# this state of the platform, or in one that was approved; nowhere else.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/system/manager_lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/manager_lib.sh"

host_start
domain_new manager vtpm-1 guest-1 vtpm-2
cd "$work"
port=$((20000 + $$ % 5000 * 2))
tcti=swtpm:host=127.0.0.1,port=$port
root=tpm:$tcti
pcrs=(--pcrs "sha256:0,16")

# tpm_on NAME: switches the machine on, with the TPM of that name.
tpm_on()
{
    mkdir -p "$1"
    swtpm socket --tpm2 --tpmstate "dir=$1" --server "type=tcp,port=$port" \
        --ctrl "type=tcp,port=$((port + 1))" --flags not-need-init,startup-clear \
        --pid "file=$work/swtpm.pid" >>swtpm.out 2>&1 </dev/null \
        {client_in}>&- {client_out}<&- &
    disown
    within 10 answering
}

answering()
{
    tpm2_startup -T "$tcti" -c 2>/dev/null
}

tpm_off()
{
    local pid
    pid=$(cat swtpm.pid)
    kill "$pid"
    within 10 gone "$pid"
}

trap 'kill "$(cat "$work/swtpm.pid")" 2>/dev/null; host_end' EXIT

# reboots NAME: the whole machine.
reboots()
{
    vtpm_kill vtpm-1
    manager_kill
    tpm_off
    tpm_on "$1"
}

firmware_differs()
{
    tpm2_pcrextend -T "$tcti" \
        16:sha256="$(head -c 32 /dev/zero | sha256sum | cut -d' ' -f1)"
}

# approve NAME [KEY]: what the owner of the key does, elsewhere.
approve()
{
    vtpmctl seal request --root "$root" "${pcrs[@]}" >asked
    vtpmctl approve asked --key "${2:-agent.key}" \
        --out "approvals/$1.approval"
}

# serves [OPTION...]: the guest has what it wrote.
serves()
{
    manager_start "$@"
    managed_start vtpm-1 "$uuid1"
    nv_is guest-1 kept
}

# closed PATTERN [OPTION...]: it does not open, and says why.
closed()
{
    local pattern=$1 before
    shift
    before=$(sha256sum <store)
    fails "$pattern" timeout 20 vtpmmgr --root "$root" --store store \
        --socket none "$@"
    same "the store" "$(sha256sum <store)" "$before"
}

made()
{
    tpm_on tpm
    timeout 30 vtpmmgr provision --root "$root" "${pcrs[@]}" --store store \
        --size 2M
    fails 'there is a store already' timeout 20 vtpmmgr provision \
        --root "$root" --store store
    manager_start --auto-provision
    simxen attach-vtpm vtpm-1 manager --uuid "$uuid1" --wait 10
    managed vtpm-1 "$uuid1" --provision --exit
    managed_start vtpm-1 "$uuid1"
    simxen attach-vtpm guest-1 vtpm-1 --uuid "$uuid1" --wait 10
    in_domain guest-1 tpm2_nvdefine -Q 0x1500001 -s 16
    write_nv guest-1 kept
    nv_is guest-1 kept
}

# A vTPM may ask the hardware for random bytes and PCRs, and extend none.
passed_through()
{
    simxen attach-vtpm vtpm-2 manager --uuid "$uuid2" --wait 10
    client_start vtpm-2
    ask send "$(random_raw 8)"
    [[ $answer =~ ^response\ 800100000014000000000008[0-9a-f]{16}$ ]]
    ask send "$(tpm2_raw 0x17e 00000001000b03000001)"
    [[ $answer == "response 80010000003e00000000"* ]]
    ask send "$(tpm2_raw 0x182 "00000010$(number 4 9)400000090000000000$(
        )00000001000b$(number 32 0)" 8002)"
    same "a PCR_Extend" "$answer" "response 80010000000a00000143"
    client_end
}

ctl()
{
    timeout 20 vtpmctl "$@" --via "unix:$work/manager.sock"
}

# The group's key is shown to be in the TPM of the endorsement key.
activated()
{
    local name
    openssl genrsa -out lists.key 2048 2>/dev/null
    ctl group new lists.key
    ctl group key 0 >group.pem
    ctl group key 0 --out group.pub
    ctl endorsement --out ek.pub
    openssl pkey -pubin -in group.pem -noout
    name=000b$(tail -c +3 group.pub | sha256sum | cut -d' ' -f1)
    echo "sixteen bytes ok" | head -c 16 >secret
    tpm2_makecredential -Q -T none -u ek.pub -s secret -n "$name" -o credential
    same "the secret" "$(ctl group activate 0 credential)" \
        "$(xxd -p secret)"
    tpm2_makecredential -Q -T none -u ek.pub -s secret \
        -n "000b$(printf "%064d" 0)" -o credential.other
    refuses ctl group activate 0 credential.other
}

quoted()
{
    local pcr
    pcr=$(tpm2_pcrread -T "$tcti" sha256:16 | awk '/16:/ { print $2 }')
    ctl quote "$uuid1" --nonce 5eed01 --pcrs sha256:0,16 --out evidence
    vtpmctl verify evidence --key group.pem --nonce 5eed01 --uuid "$uuid1" \
        "sha256:16=${pcr#0x}" | tee verified
    grep -q "^uuid  *$uuid1" verified
    refuses vtpmctl verify evidence --key group.pem --nonce 5eed02
    refuses vtpmctl verify evidence --key group.pem --nonce 5eed01 \
        --uuid "$uuid2"
    refuses vtpmctl verify evidence --key group.pem --nonce 5eed01 \
        "sha256:16=$(printf 'ab%.0s' $(seq 32))"
    refuses vtpmctl verify evidence --key lists.key --nonce 5eed01
    cp evidence forged
    printf 'x' | dd of=forged bs=1 seek=80 conv=notrunc status=none
    refuses vtpmctl verify forged --key group.pem --nonce 5eed01
    refuses ctl quote "$uuid2" --nonce 5eed01 --out none
    [ ! -e none ]
}

machine_rebooted()
{
    reboots tpm
    serves
}

state_changed()
{
    reboots tpm
    firmware_differs
    closed 'sha256 PCR 16 changed'
    tpm_off
    tpm_on tpm
    serves
}

approved()
{
    mkdir approvals
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
        -out agent.key 2>/dev/null
    openssl pkey -in agent.key -pubout -out agent.pub
    vtpm_kill vtpm-1
    manager_stop
    fails 'approv' timeout 20 vtpmmgr reseal --root "$root" "${pcrs[@]}" \
        --store store --approval-key agent.pub --approvals approvals
    approve today
    timeout 30 vtpmmgr reseal --root "$root" "${pcrs[@]}" --store store \
        --approval-key agent.pub --approvals approvals
    closed 'no approval'
    serves --approvals approvals
    reboots tpm
    firmware_differs
    closed 'no approval for the platform.s state: sha256 PCR 16 changed' \
        --approvals approvals
    approve tomorrow
    serves --approvals approvals
    reboots tpm
    serves --approvals approvals
}

forged()
{
    reboots tpm
    firmware_differs
    firmware_differs
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
        -out another.key 2>/dev/null
    approve forged another.key
    closed 'no approval\|approval' --approvals approvals
    rm approvals/forged.approval
    tpm_off
    tpm_on tpm
    serves --approvals approvals
}

rolled_back()
{
    cp store old
    vtpm_kill vtpm-1
    manager_kill
    serves --approvals approvals
    vtpm_kill vtpm-1
    manager_stop
    cp store new
    cp old store
    closed 'rolled back\|old copy' --approvals approvals
    cp new store
    serves --approvals approvals
}

another_tpm()
{
    reboots other
    closed 'another TPM\|storage parent' --approvals approvals
    tpm_off
    tpm_on tpm
    serves --approvals approvals
}

no_tpm()
{
    vtpm_kill vtpm-1
    manager_stop
    tpm_off
    closed 'cannot reach the TPM' --approvals approvals
    tpm_on tpm
    serves --approvals approvals
}

# A process that dies leaves nothing loaded in the TPM for the next one.
killed_often()
{
    local n
    vtpm_kill vtpm-1
    for n in 1 2 3 4 5 6; do
        manager_kill
        manager_start --approvals approvals
    done
    managed_start vtpm-1 "$uuid1"
    nv_is guest-1 kept
}

# hash HEX: SHA-256, in hexadecimal digits.
hash()
{
    printf %s "$1" | xxd -r -p | sha256sum | cut -d' ' -f1
}

# pcr16 COMMAND...: as that reads it.
pcr16()
{
    "$@" sha256:16 | sed -n 's/^ *16 *: 0x//p' | tr A-F a-f
}

# new_guest OPTION...: of vtpm; the guest boots.
new_guest()
{
    simxen detach-vtpm guest-1 --guest ended
    kill -TERM "$(vtpm_pid vtpm-1)"
    within 10 gone "$(vtpm_pid vtpm-1)"
    simxen destroy guest-1
    domain_new guest-1
    managed_start vtpm-1 "$uuid1" "$@"
    simxen attach-vtpm guest-1 vtpm-1 --uuid "$uuid1" --wait 10
}

began_with_hardware()
{
    local hardware
    firmware_differs
    hardware=$(pcr16 tpm2_pcrread -T "$tcti")
    new_guest --hwinitpcr 0,16
    same "PCR 16" "$(pcr16 in_domain guest-1 tpm2_pcrread)" \
        "$(hash "$(printf '0%.0s' {1..64})$(hash "$hardware")")"
    in_domain guest-1 tpm2_pcrread sha256:1 | grep -q "0x$(printf '0%.0s' {1..64})"
    manager_stop
    fails 'PCR\|answer\|there' managed vtpm-2 "$uuid2" --hwinitpcr all \
        --provision --exit
    refuses vtpm --uuid "$uuid2" --state x --key-file x --hwinitpcr 1 2>said
    grep -q 'hwinitpcr goes with --manager' said
}

check "a store is made under the TPM, and serves" made
check "what is passed through to the TPM" passed_through
check "a group's key is the TPM's" activated
check "a quote about a vTPM, and who does not believe it" quoted
check "the machine reboots: it opens" machine_rebooted
check "another state of the platform: closed, the PCR is named" state_changed
check "an approved state opens it, before and after" approved
check "an approval by somebody else does not" forged
check "an old copy of the store is refused" rolled_back
check "another TPM does not open it" another_tpm
check "no TPM: one line says so" no_tpm
check "the manager is killed often" killed_often
check "PCRs of a guest begin with the hardware's" began_with_hardware
finish
