#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A vTPM or a guest that is killed, between commands and in the middle of one.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host_start
chain_new 1
cd "$work"

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

killed_between_commands()
{
    in_domain guest-1 tpm2_nvdefine -Q 0x1500001 -s 16
    write_nv "written before"
    vtpm_kill vtpm-1
    vtpm_start vtpm-1 "$uuid1"
    nv_is "written before"
    works guest-1
}

# All pairs of states that the two sides are seen in while something goes on.
watch_states()
{
    local front back
    front=$(front_path guest-1)/state
    back=$(back_path guest-1 vtpm-1)/state
    : >"$work/watching"
    while [ -e "$work/watching" ]; do
        store read "$front" "$back" | tr '\n' ' '
        echo
    done >"$work/watched" 2>&1 {client_in}>&- {client_out}<&- &
    watcher=$!
}

# Whether the vTPM that runs now has a guest.
connected_again()
{
    tail -n 1 "$work/vtpm-1.out" | grep -q 'frontend connected'
}

killed_under_an_open_connection()
{
    client_start guest-1
    ask send "$(random_raw 8)"
    [[ $answer == "response 8001"* ]]
    watch_states
    vtpm_kill vtpm-1
    : >"$work/vtpm-1.out"
    front_state guest-1 4
    back_state guest-1 vtpm-1 4
    vtpm_start vtpm-1 "$uuid1"
    within 5 connected_again
    ask send "$(random_raw 8)"
    [[ $answer == "response 80010000001400000000"* ]]
    front_state guest-1 4
    back_state guest-1 vtpm-1 4
    rm "$work/watching"
    wait "$watcher"
    [ "$(wc -l <"$work/watched")" -gt 5 ]
    same "states seen" "$(sort -u "$work/watched")" "4 4 "
    client_end
}

# The vTPM dies while it looks for primes; whatever becomes of that command,
# the guest gets an answer and the next command works.
killed_in_mid_command()
{
    local n
    client_start guest-1
    for n in 1 2 3 4 5; do
        ask start "$(primary_raw "$n")"
        sleep "0.0$n"
        vtpm_kill vtpm-1
        vtpm_start vtpm-1 "$uuid1"
        ask receive 20000
        case $answer in
        "response 8002"*) ask send "$(tpm2_raw 0x165 "${answer:29:8}")" ;;
        response* | error*) ;;
        *) return 1 ;;
        esac
        ask send "$(random_raw 8)"
        [[ $answer == "response 80010000001400000000"* ]]
    done
    client_end
}

written_means_kept()
{
    local n
    for n in 1 2 3; do
        write_nv "round $n"
        vtpm_kill vtpm-1
        vtpm_start vtpm-1 "$uuid1"
        nv_is "round $n"
    done
}

counter_new()
{
    in_domain guest-1 tpm2_nvdefine -Q 0x1500002 \
        -a 'ownerread|ownerwrite|authread|authwrite|no_da|nt=counter'
    in_domain guest-1 tpm2_nvincrement -Q 0x1500002
}

counter()
{
    in_domain guest-1 tpm2_nvread 0x1500002 | od -An -tu1 | awk '{ print $8 }'
}

increment_raw()
{
    tpm2_raw 0x134 015000020150000200000009400000090000000000 8002
}

# sent_meanwhile SIGNAL: what the guest sends while no vTPM runs waits on the
# page for the next.
sent_meanwhile()
{
    client_start guest-1
    ask send "$(random_raw 8)"
    kill "-$1" "$(vtpm_pid vtpm-1)"
    within 10 gone "$(vtpm_pid vtpm-1)"
    ask start "$(increment_raw)"
    ask receive 0
    same "answer of nobody" "$answer" "error 0x000a0009"
    vtpm_start vtpm-1 "$uuid1"
    ask receive 10000
}

the_next_works()
{
    ask send "$(random_raw 8)"
    [[ $answer == "response 80010000001400000000"* ]]
    client_end
}

# One that stopped in order did not begin it.
sent_after_a_stop()
{
    local before
    counter_new
    before=$(counter)
    sent_meanwhile TERM
    [[ $answer == "response 80020000001300000000"* ]]
    the_next_works
    same "the counter" "$(counter)" $((before + 1))
}

# Nobody knows whether one that was killed has done it already: it is not done
# twice, and the guest is told.
sent_after_a_kill()
{
    local before
    before=$(counter)
    sent_meanwhile KILL
    [[ $answer == error* ]]
    the_next_works
    same "the counter" "$(counter)" "$before"
}

guest_killed_in_mid_command()
{
    local n
    for n in 11 12 13; do
        client_start guest-1
        ask start "$(primary_raw "$n")"
        sleep 0.03
        kill -9 "$client_pid"
        within 5 gone "$client_pid"
        client_hang_up
        works guest-1
    done
    vtpm_alive vtpm-1
}

check "NV memory survives kill -9 of the vTPM between two commands" \
    killed_between_commands
check "an open connection survives it; both states stay Connected" \
    killed_under_an_open_connection
check "a kill in the middle of a command: answered, the next one works" \
    killed_in_mid_command
check "what was acknowledged before a kill is there after it" \
    written_means_kept
check "a command sent while a vTPM that stopped is away is done once" \
    sent_after_a_stop
check "one sent while a vTPM that was killed is away is not done twice" \
    sent_after_a_kill
check "a guest process killed in the middle of a command: the next works" \
    guest_killed_in_mid_command
finish
