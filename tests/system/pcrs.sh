#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# How long PCRs live: a boot of the guest resets them, and nothing else does.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

zero=0x$(printf '0%.0s' {1..64})
ones=0x$(printf 'F%.0s' {1..64})

# pcr N: its SHA-256 value in guest-1.
pcr()
{
    in_domain guest-1 tpm2_pcrread "sha256:$1" | sed -n "s/^ *$1 *: //p"
}

all_pcrs()
{
    in_domain guest-1 tpm2_pcrread sha1:all+sha256:all
}

# extend N DIGIT
extend()
{
    in_domain guest-1 tpm2_pcrextend \
        "$1:sha256=$(printf "$2%.0s" {1..64})"
}

attach()
{
    simxen attach-vtpm guest-1 vtpm-1 --uuid "$uuid1" --wait 10 "$@"
}

detach()
{
    simxen detach-vtpm guest-1 "$@"
}

# A domain with the guest's name, which has never run.
new_domain()
{
    simxen destroy guest-1 >/dev/null 2>&1 || true
    domain_new guest-1
}

reboot()
{
    detach --guest ended
    new_domain
    attach
}

stop_vtpm()
{
    kill -TERM "$(vtpm_pid vtpm-1)"
    within 10 gone "$(vtpm_pid vtpm-1)"
}

restart_vtpm()
{
    stop_vtpm
    vtpm_start vtpm-1 "$uuid1"
}

kill_vtpm()
{
    vtpm_kill vtpm-1
    vtpm_start vtpm-1 "$uuid1"
}

says()
{
    grep -qF "$1" "$work/vtpm-1.out"
}

hush()
{
    : >"$work/vtpm-1.out"
}

milliseconds()
{
    printf '%d' "$((${EPOCHREALTIME/./} / 1000))"
}

# measured: a guest that has booted and measured something.
measured()
{
    reboot
    extend 0 1
    extend 10 2
    before=$(all_pcrs)
    [ "$(pcr 0)" != "$zero" ]
    hush
}

kept()
{
    same "the PCRs" "$(all_pcrs)" "$before"
}

reset()
{
    same "PCR 0" "$(pcr 0)" "$zero"
    same "PCR 10" "$(pcr 10)" "$zero"
    same "PCR 17" "$(pcr 17)" "$ones"
}

# Every PCR, in both banks, is neither what it was nor a reset value.
spoiled()
{
    local after
    after=$(all_pcrs)
    if grep -E '0x(0{40}|0{64}|F{40}|F{64})$' <<<"$after"; then
        echo "that is a reset value"
        return 1
    fi
    if comm -12 <(grep 0x <<<"$before" | sort) <(grep 0x <<<"$after" | sort) |
        grep .; then
        echo "that was not extended"
        return 1
    fi
    same "lines" "$(grep -c 0x <<<"$after")" 48
}

first_boot()
{
    reset
    extend 0 1
    [ "$(pcr 0)" != "$zero" ]
}

reboots()
{
    in_domain guest-1 tpm2_nvdefine -Q 0x1500001 -s 8
    local n
    for n in 1 2; do
        measured
        reboot
        reset
        says "the guest boots: PCRs are reset"
    done
    in_domain guest-1 tpm2_nvreadpublic 0x1500001 >/dev/null
    hush
}

# The toolstack destroys the domain at once; the device goes afterwards.
destroyed_and_created()
{
    measured
    new_domain
    attach
    reset
}

detached_and_attached()
{
    measured
    detach
    attach
    kept
}

stopped_and_started()
{
    measured
    restart_vtpm
    kept
    restart_vtpm
    extend 10 3
    before=$(all_pcrs)
    restart_vtpm
    kept
    ! says "PCRs are lost"
}

stopped_while_no_guest_runs()
{
    measured
    detach --guest ended
    restart_vtpm
    new_domain
    attach
    reset
}

saved_and_restored()
{
    measured
    detach --guest suspended
    restart_vtpm
    new_domain
    attach --guest resume
    kept
    says "the guest resumes: PCRs are kept"
    # from then on it is a guest as any other
    detach
    attach
    kept
}

killed()
{
    measured
    kill_vtpm
    spoiled
    says "PCRs are lost"
    # nothing but a boot mends them
    before=$(all_pcrs)
    detach
    attach
    kept
    restart_vtpm
    kept
    reboot
    reset
}

# What a stop has kept is good for one start.
killed_after_a_restart()
{
    measured
    restart_vtpm
    kept
    kill_vtpm
    spoiled
}

killed_while_no_guest_runs()
{
    measured
    detach --guest ended
    kill_vtpm
    within 10 says "PCRs are lost"
    new_domain
    attach
    reset
}

without_agent()
{
    local start
    measured
    detach --guest ended
    new_domain
    start=$(milliseconds)
    attach --guest unknown
    [ $(($(milliseconds) - start)) -ge 2900 ]
    kept
    says "PCRs are kept: nobody says whether the guest boots; run vtpm-agent"
    # and nothing waits for it at the end
    start=$(milliseconds)
    detach --guest unknown
    [ $(($(milliseconds) - start)) -lt 1500 ]
}

agent_dies()
{
    local start
    new_domain
    attach
    hush
    start=$(milliseconds)
    detach --guest unknown
    start=$(($(milliseconds) - start))
    [ "$start" -ge 1900 ]
    [ "$start" -lt 6000 ]
    says "does vtpm-agent still run"
}

# An answer that comes while the device waits for it.
agent_is_late()
{
    new_domain
    attach --guest unknown --wait 0
    sleep 0.5
    back_state guest-1 vtpm-1 1
    store write "$(back_path guest-1 vtpm-1)/guest" boot
    within 2 back_state guest-1 vtpm-1 2
    same "the node" "$(store read "$(back_path guest-1 vtpm-1)/guest")" running
    reset
}

nonsense()
{
    measured
    detach --guest ended
    new_domain
    attach --guest unknown --wait 0
    store write "$(back_path guest-1 vtpm-1)/guest" "boot "
    within 2 back_state guest-1 vtpm-1 2
    kept
    says "PCRs are kept: the node guest does not say"
}

# Once a device is announced, its guest may run: "boot" comes too late.
boot_comes_too_late()
{
    measured
    store write "$(back_path guest-1 vtpm-1)/guest" boot
    sleep 0.2
    kept
    restart_vtpm
    kept
    detach
}

guest_cannot_say_it()
{
    new_domain
    attach
    measured
    refuses in_domain guest-1 xenstore-write \
        "$(back_path guest-1 vtpm-1)/guest" boot
    in_domain guest-1 xenstore-write "$(front_path guest-1)/guest" boot
    restart_vtpm
    kept
}

host_start
chain_new 1
cd "$work"

check "the first boot finds PCRs reset" first_boot
check "a reboot resets them, and keeps NV memory" reboots
check "so does a new domain after one that was destroyed" destroyed_and_created
check "detach and attach keep them" detached_and_attached
check "a clean restart of the vTPM keeps them" stopped_and_started
check "a boot after a restart without a guest resets them" \
    stopped_while_no_guest_runs
check "suspend and resume keep them, also over a restart" saved_and_restored
check "kill -9 spoils every PCR and says so; only a boot mends them" killed
check "kill -9 after a clean restart spoils them" killed_after_a_restart
check "kill -9 between two guests: the next boot resets them" \
    killed_while_no_guest_runs
check "without an agent they are kept, with a line, after 3 s" without_agent
check "an agent that dies holds up a detach for 2 s" agent_dies
check "an answer that comes late is acted on at once" agent_is_late
check "an answer that makes no sense keeps them" nonsense
check "\"boot\" for a guest that may run keeps them" boot_comes_too_late
check "a guest cannot say that it boots" guest_cannot_say_it
finish
