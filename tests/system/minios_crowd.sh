#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A backend that is Mini-OS, here as a process, with a thousand frontends. It is
# in Domain-0, for which xenstore has no quotas; the guests keep within theirs.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

guests=13
devices=77
ulimit -n "$(ulimit -Hn)"
host_start
cd "$work"
server=$VTPMRING_BUILD/tests/minios_server
simxen run --domain Domain-0 -- "$server" >server.out 2>&1 </dev/null \
    {client_in}>&- {client_out}<&- &
pid=$!
disown

attach_all()
{
    local guest device
    for ((guest = 0; guest < guests; guest++)); do
        domain_new "guest-$guest"
        for ((device = 0; device < devices; device++)); do
            simxen attach-vtpm "guest-$guest" Domain-0 --handle "$device" --uuid \
                "$(printf '%08x-0000-4000-8000-%012x' "$guest" "$device")"
        done >>simxen.out
    done
}

# crowd GUESTS DEVICES ROUNDS: sets late and took.
crowd()
{
    local said
    said=$(simxen run --domain Domain-0 -- "$VTPMRING_BUILD/tests/minios_crowd" \
        "$SIMXEN_DIR/domains" "$@" "$pid")
    read -r _ late _ took <<<"${said//$'\n'/ }"
    within 20 nothing_shared
}

# All of them have gone.
nothing_shared()
{
    [ "$(grep -c '^open' server.out)" -eq "$(grep -c '^close' server.out)" ]
}

# All have had a turn before one has the next.
fair()
{
    crowd "$guests" "$devices" 1
    same "second commands before the last first one" "$late" 0
}

# A server that looked at all of them for each would need a hundred times as
# long.
constant()
{
    local few
    crowd 1 10 2000
    few=$took
    crowd "$guests" "$devices" 20
    echo "ns per command: $few with 10, $took with $((guests * devices))"
    [ "$took" -lt $((few * 3)) ]
}

resident_kib()
{
    awk '/^VmRSS/ { print $2 }' /proc/"$pid"/status
}

# A sanitizer keeps what is freed for a while, and looks for leaks at the end.
no_growth()
{
    local before
    crowd "$guests" "$devices" 1
    before=$(resident_kib)
    for _ in 1 2 3; do
        crowd "$guests" "$devices" 1
    done
    echo "KiB: $before, then $(resident_kib)"
    grep -q __asan_init "$server" || grep -q __msan_init "$server" ||
        [ "$(resident_kib)" -lt $((before + 256)) ]
}

# In another domain than Domain-0, what xenstore's quotas do not allow is not
# served, which the log says. What was there before is.
beyond_quotas()
{
    local n back
    domain_new back guest-a
    simxen run --domain back -- "$server" >back.out 2>&1 </dev/null \
        {client_in}>&- {client_out}<&- &
    back=$!
    simxen attach-vtpm guest-a back --uuid "$uuid1" --wait 10
    client_start guest-a
    ask send "$(random_raw 16)"
    for ((n = 1; n < 120; n++)); do
        simxen attach-vtpm guest-a back --handle "$n" --uuid "$uuid1" || :
    done >>simxen.out 2>&1
    within 20 grep -q 'a quota of xenstore' back.out
    ask send "$(random_raw 16)"
    [[ $answer == "response 80010000001c00000000"* ]]
    client_end
    kill "$back"
}

check "beyond xenstore's quotas" beyond_quotas
check "a thousand devices" attach_all
check "a turn for each" fair
check "constant time" constant
check "no growth" no_growth
finish
