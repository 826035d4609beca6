#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A backend that keeps to no rule (defect 5): its guest gets an error in time,
# or the right answer, and the next command is served.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host_start
domain_new guest-1 vtpm-1
simxen run --domain vtpm-1 -- "$VTPMRING_BUILD/tests/hostile_backend" \
    "$(simxen domid guest-1)" >"$work/vtpm-1.out" 2>&1 </dev/null \
    {client_in}>&- {client_out}<&- &
backend=$!
disown
simxen attach-vtpm guest-1 vtpm-1 --uuid "$uuid1" --wait 10 >"$work/simxen.out"
client_start guest-1

right()
{
    ask send "$(random_raw 8)"
    same "answer" "$answer" \
        "response 80010000001400000000000801020304$(printf righ | xxd -p)"
}

# What the next answer of the table is to the guest; then a right one.
is_an_error()
{
    ask send "$(random_raw 8)"
    [[ $answer == error* ]]
    right
}

is_right()
{
    right
    right
}

# No answer: whoever waits with a limit gets it, and can give up.
is_given_up()
{
    ask start "$(random_raw 8)"
    ask receive 200
    [[ $answer == error* ]]
    ask cancel
    same "answer" "$answer" canceled
    ask receive 20000
    [[ $answer == error* ]]
    right
}

check "a length of 0" is_an_error
check "a length below a header's" is_an_error
check "a length that is not the size" is_an_error
check "a length above the page" is_an_error
check "a length of 2^31" is_an_error
check "a length of 2^32 - 1" is_an_error
check "a command that is dropped" is_an_error
check "a state that is none" is_an_error
check "another state that is none" is_an_error
check "another number of extra pages is not read" is_right
check "a storm of events is over" is_right
check "Closing in mid-command" is_an_error
check "Closed in mid-command" is_an_error
check "no state in mid-command" is_an_error
check "no answer at all" is_given_up
client_end
simxen detach-vtpm guest-1 >>"$work/simxen.out" 2>&1 || true
check "it ends with its device" within 10 gone "$backend"

# Another vTPM in its place.
another_serves()
{
    vtpm_make vtpm-1 "$uuid2"
    vtpm_start vtpm-1 "$uuid2"
    simxen attach-vtpm guest-1 vtpm-1 --uuid "$uuid2" --wait 10
    works guest-1
}
check "the guest works with another vTPM" another_serves
finish
