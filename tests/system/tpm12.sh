#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A TPM 1.2 behind the same chain.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host_start
domain_new guest-1 vtpm-1
vtpm_make vtpm-1 "$uuid1" --tpm 1.2
vtpm_start vtpm-1 "$uuid1"
simxen attach-vtpm guest-1 vtpm-1 --uuid "$uuid1" --wait 10

# TPM_GetCapability of TPM_CAP_VERSION_VAL.
version()
{
    client_start guest-1
    ask send 00c100000012000000650000001a00000000
    [[ $answer == "response 00c4"* ]]
    same "return code" "${answer:21:8}" 00000000
    # TPM_TAG_CAP_VERSION_INFO, and a version that begins with 1.2.
    same "version" "${answer:37:8}" 00300102
    client_end
}

pcr_extends()
{
    local zero
    zero=$(printf '0%.0s' {1..40})
    client_start guest-1
    ask send "00c10000000e000000150000000a"
    same "PCR 10" "${answer:29}" "$zero"
    ask send "00c100000022000000140000000a${zero//0/1}"
    same "return code" "${answer:21:8}" 00000000
    local extended=${answer:29}
    [ "$extended" != "$zero" ]
    ask send "00c10000000e000000150000000a"
    same "PCR 10" "${answer:29}" "$extended"
    client_end
}

# PCR 10 in $value.
read_pcr()
{
    client_start guest-1
    ask send "00c10000000e000000150000000a"
    same "return code" "${answer:21:8}" 00000000
    value=${answer:29}
    client_end
}

pcrs_live_as_long_as_a_boot()
{
    local zero extended
    zero=$(printf '0%.0s' {1..40})
    read_pcr
    extended=$value
    [ "$extended" != "$zero" ]
    kill -TERM "$(vtpm_pid vtpm-1)"
    within 10 gone "$(vtpm_pid vtpm-1)"
    vtpm_start vtpm-1 "$uuid1"
    read_pcr
    same "PCR 10 after a restart" "$value" "$extended"
    vtpm_kill vtpm-1
    vtpm_start vtpm-1 "$uuid1"
    read_pcr
    [ "$value" != "$zero" ]
    [ "$value" != "$extended" ]
    simxen detach-vtpm guest-1 --guest ended
    simxen destroy guest-1
    domain_new guest-1
    simxen attach-vtpm guest-1 vtpm-1 --uuid "$uuid1" --wait 10
    read_pcr
    same "PCR 10 after a boot" "$value" "$zero"
}

two_point_zero_is_refused()
{
    client_start guest-1
    ask send "$(random_raw 8)"
    [[ $answer == "response 00c40000000a000000"[01][1-9a-f] ]]
    client_end
}

wrong_family()
{
    local rc=0
    vtpm_kill vtpm-1
    timeout 10 simxen run --domain vtpm-1 -- vtpm --uuid "$uuid1" \
        --state "$work/vtpm-1.state" --key-file "$work/key" --tpm 2.0 \
        >"$work/said" 2>&1 </dev/null || rc=$?
    cat "$work/said"
    same "exit code" "$rc" 1
    same "lines" "$(wc -l <"$work/said")" 1
}

check "TPM_GetCapability says that it is a TPM 1.2" version
check "its PCRs extend" pcr_extends
check "a restart keeps them, kill -9 spoils them, a boot resets them" \
    pcrs_live_as_long_as_a_boot
check "it answers a TPM 2.0 command as TPM 1.2 does" two_point_zero_is_refused
check "it does not start as a TPM 2.0" wrong_family
finish
