#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A command that takes long is cancelled while it runs (defect 7).
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host_start
chain_new 1
cd "$work"
limit_ms=200

# Starts a search for primes and cancels it after so many milliseconds. It is
# answered in time: with the key if that was found first, else TPM_RC_CANCELED.
cancel_after()
{
    ask start "$(primary_raw "$1")"
    ask sleep "$2"
    ask cancel
    same "cancel" "$answer" canceled
    ask receive 20000
    local received=$answer
    ask elapsed
    local ms=${answer#elapsed }
    [ "$ms" -le "$limit_ms" ] || {
        echo "answered only after $ms ms"
        return 1
    }
    case $received in
    "response 80010000000a00000909" | error*)
        canceled=$((canceled + 1))
        ;;
    "response 8002"*00000000*)
        ask send "$(tpm2_raw 0x165 "${received:29:8}")"
        ;;
    *) return 1 ;;
    esac
    ask send "$(random_raw 8)"
    [[ $answer == "response 80010000001400000000"* ]]
}

primaries_are_cancelled()
{
    local n canceled=0
    client_start guest-1
    for n in {1..20}; do
        cancel_after "$n" 5
    done
    echo "$canceled of 20 were cancelled before the key was found"
    [ "$canceled" -ge 5 ]
    client_end
}

too_early_and_too_late()
{
    local n canceled=0
    client_start guest-1
    for n in 0 1 2 3; do
        cancel_after $((100 + n)) 0
    done
    ask start "$(random_raw 8)"
    ask sleep 100
    ask cancel
    ask receive 5000
    ask send "$(random_raw 8)"
    [[ $answer == "response 80010000001400000000"* ]]
    # With nothing to cancel.
    ask cancel
    ask send "$(random_raw 8)"
    [[ $answer == "response 80010000001400000000"* ]]
    client_end
}

not_in_time()
{
    client_start guest-1
    ask start "$(primary_raw 200)"
    ask receive 0
    local n=0
    # TSS2_TCTI_RC_TRY_AGAIN, or it was found at once.
    while [[ $answer == "error 0x000a0009" && $n -lt 5000 ]]; do
        n=$((n + 1))
        ask receive 10
    done >/dev/null
    [[ $answer == "response 8002"* ]]
    ask send "$(tpm2_raw 0x165 "${answer:29:8}")"
    client_end
}

check "a search for primes ends within $limit_ms ms, the next command works" \
    primaries_are_cancelled
check "a cancel that comes at once, too late or for nothing hurts nobody" \
    too_early_and_too_late
check "waiting with a time limit says so, and loses nothing" not_in_time
check "stock tools work afterwards" works guest-1
finish
