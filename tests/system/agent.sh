#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# vtpm-agent, with the xenstore of simxen and an xl that prints a file: what it
# says to vTPMs, for each way in which the life of a guest can go.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export FAKE=$work/fake
mkdir "$FAKE" "$FAKE/domains"
records=$work/records
host_start
domain_new driver

# ---- the toolstack ----

# domain NUMBER STATE TIME REASON [NAME]: what xl says of a domain from here on.
domain()
{
    printf '%-40s %5d   128     1     %s  %8s %s %8s %16s\n' "${5:-guest}" "$1" \
        "$2" "$3" "$uuid2" "$4" none >"$FAKE/domains/$1"
    list
}

list()
{
    {
        printf 'Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID                            Reason-Code\tSecurity Label\n'
        cat "$FAKE"/domains/*
    } >"$FAKE/list.new"
    mv "$FAKE/list.new" "$FAKE/list"
}

domain_gone()
{
    rm "$FAKE/domains/$1"
    list
}

# Xen has something to say of a domain.
xen_says()
{
    simxen create says >/dev/null
    simxen destroy says
}

# How a guest may be.
paused() { domain "$1" --p--- 0.0 -; }
runs() { domain "$1" -b---- 3.4 -; }
suspended() { domain "$1" ---ss- 3.4 2; }
reboots() { domain "$1" ---sr- 3.4 1; }

# device NUMBER [BACK]: the directory of a guest's device at a backend.
device()
{
    echo "/local/domain/${2:-0}/backend/vtpm/$1/0"
}

# attach NUMBER [UUID [BACK [KEY VALUE]...]]: as libxl does.
attach()
{
    local number=$1 uuid=${2:-$uuid1} back=${3:-0} path
    shift $(($# < 3 ? $# : 3))
    path=$(device "$number" "$back")
    store write "/libxl/$number/device/vtpm/0/backend" "$path" \
        "/libxl/$number/device/vtpm/0/uuid" "$uuid" \
        "$path/frontend-id" "$number" "$path/online" 1 "$path/state" 1 \
        "$path/uuid" "$uuid" "$@"
}

# leave NUMBER [BACK]: the toolstack wants the device to go.
leave()
{
    local path
    path=$(device "$@")
    store write "$path/online" 0 "$path/state" 5
}

detach()
{
    store rm "$(device "$@")" || true
    store rm "/libxl/$1"
}

# ---- the agent ----

agent_start()
{
    : >"$work/agent.out"
    NOTIFY_SOCKET=${notify:-} XENSTORED_PATH=$dom0_socket \
        vtpm-agent --state "$records" --xl "$here/agent/xl" \
        >>"$work/agent.out" 2>&1 </dev/null {client_in}>&- {client_out}<&- &
    agent_pid=$!
    echo $agent_pid >"$work/agent.pid"
}

agent_runs()
{
    kill -0 "$(cat "$work/agent.pid")" 2>/dev/null
}

agent_kill()
{
    kill "-${1:-TERM}" "$(cat "$work/agent.pid")"
    within 10 gone "$(cat "$work/agent.pid")"
}

# agent_ends_with CODE: only the shell that has started it hears the code.
agent_ends_with()
{
    local rc=0
    wait "$(cat "$work/agent.pid")" || rc=$?
    same "exit code" "$rc" "$1"
}

said()
{
    [ "$(store read "$(device "$@")/guest" 2>/dev/null)" = "$word" ]
}

# says WORD NUMBER [BACK]: within a few seconds.
says()
{
    word=$1
    shift
    within 10 said "$@" || {
        echo "is: $(store read "$(device "$@")/guest" 2>&1)"
        return 1
    }
}

# Nothing is on its way any more, and nothing was said.
silent()
{
    sleep 0.7
    refuses store read "$(device "$@")/guest"
}

logged()
{
    grep -qF -- "$*" "$work/agent.out"
}

# record UUID: the first word of what is remembered.
record()
{
    cut -d' ' -f1 "$records/$1" 2>/dev/null || echo none
}

record_is()
{
    [ "$(record "$uuid1")" = "$1" ]
}

looks()
{
    wc -l <"$FAKE/runs"
}

# begins NUMBER WORD: a guest is made; then it runs.
begins()
{
    local path
    path=$(device "$1")
    paused "$1"
    attach "$1"
    says "$2" "$1"
    # the vTPM has heard it
    store write "$path/guest" running "$path/state" 2
    runs "$1"
    store write "$path/state" 4
    within 10 logged "domain $1, vTPM $uuid1: runs"
    record_is live
}

# ends NUMBER WORD: its device goes, then the guest.
ends()
{
    leave "$1"
    says "$2" "$1"
    store write "$(device "$1")/state" 6
    detach "$1"
    domain_gone "$1"
    xen_says
    sleep 0.3
}

# ---- what is tested ----

usage()
{
    local text
    text=$(vtpm-agent --help)
    grep -q '^usage: vtpm-agent' <<<"$text"
    vtpm-agent --version | grep -q '^vtpm-agent [0-9]'
    for text in --what 'more' '--forget 1234' '--state' \
        "--forget $uuid1 --remember $uuid1" '--state='; do
        local rc=0
        # shellcheck disable=SC2086
        vtpm-agent $text >"$work/said" 2>&1 || rc=$?
        cat "$work/said"
        same "exit code of $text" "$rc" 2
    done
}

boot_and_reboot()
{
    begins 11 boot
    reboots 11
    xen_says
    within 10 record_is none
    ends 11 ended
    begins 12 boot
    ends 12 detached
    begins 13 boot
    domain 13 --ps-- 3.4 0
    ends 13 ended
    begins 14 boot
    domain 14 ---sc- 3.4 3
    ends 14 ended
    record_is none
}

save_and_restore()
{
    begins 21 boot
    suspended 21
    xen_says
    within 10 record_is suspended
    ends 21 suspended
    # a restore that fails
    paused 22
    attach 22
    says resume 22
    record_is suspended
    ends 22 detached
    record_is suspended
    begins 23 resume
    reboots 23
    ends 23 ended
    begins 24 boot
    ends 24 detached
}

# Without a word of Xen's before its device goes.
saved_fast()
{
    begins 26 boot
    suspended 26
    ends 26 suspended
    begins 27 resume
    ends 27 detached
}

goes_on_where_it_is()
{
    begins 28 boot
    suspended 28
    xen_says
    within 10 record_is suspended
    runs 28
    # nobody says so
    within 10 record_is live
    ends 28 detached
    record_is none
}

soft_reset()
{
    begins 29 boot
    domain 29 ---sS- 3.4 5
    xen_says
    sleep 0.3
    record_is live
    leave 29
    says detached 29
    detach 29
    runs 29
    attach 29
    says running 29
    ends 29 detached
}

attached_later()
{
    runs 31
    attach 31
    says running 31
    record_is live
    leave 31
    says detached 31
    detach 31
    attach 31
    says running 31
    suspended 31
    ends 31 suspended
    begins 32 resume
    ends 32 detached
}

# With the domain of a vTPM, its directory goes.
vtpm_lost()
{
    begins 33 boot
    store rm "$(device 33)"
    xen_says
    store rm /libxl/33
    within 10 record_is none
    domain_gone 33
}

# A guest that has not begun may get its device in a second attempt.
attached_before_it_runs()
{
    paused 34
    attach 34
    says boot 34
    leave 34
    says detached 34
    detach 34
    attach 34
    says boot 34
    ends 34 detached
    record_is none
}

did_not_wait()
{
    paused 36
    attach 36 "$uuid1" 0 "$(device 36)/state" 2
    says running 36
    logged "did not wait"
    ends 36 detached
}

never_overwrites()
{
    paused 37
    attach 37 "$uuid1" 0 "$(device 37)/guest" running
    silent_is running 37
    runs 37
    store write "$(device 37)/guest" boot
    xen_says
    silent_is boot 37
    ends 37 detached
}

# silent_is WORD NUMBER: that stays.
silent_is()
{
    sleep 0.7
    same "guest" "$(store read "$(device "$2")/guest")" "$1"
}

# It may have been saved; --forget knows better.
not_seen_to_end()
{
    begins 41 boot
    domain_gone 41
    store rm "$(device 41)"
    store rm /libxl/41
    within 10 record_is suspended
    logged "it may have been saved"
    vtpm-agent --state "$records" --forget "${uuid1^^}"
    record_is none
    begins 42 boot
    ends 42 detached
    vtpm-agent --state "$records" --remember "$uuid1"
    begins 43 resume
    ends 43 detached
}

migrates_here()
{
    domain 45 --p--- 0.0 - guest--incoming
    attach 45
    says resume 45
    runs 45
    store write "$(device 45)/state" 4
    within 10 record_is live
    ends 45 detached
}

driver_domain()
{
    local back path
    back=$(simxen domid driver)
    simxen create front >/dev/null
    local front
    front=$(simxen domid front)
    path=$(device "$front" "$back")
    paused "$front"
    store write "$path" ""
    store chmod "$path" "n$back" "r$front"
    attach "$front" "$uuid1" "$back"
    says boot "$front" "$back"
    same "who may do what" "$(store ls -p "$path" | sed -n 's/^guest = .*(//p')" \
        "n$back,r$front)"
    in_domain front xenstore-read "$path/guest"
    refuses in_domain front xenstore-write "$path/guest" boot
    in_domain driver xenstore-write "$path/guest" running
    leave "$front" "$back"
    says detached "$front" "$back"
    simxen destroy front
    store rm "$path"
    domain_gone "$front"
    sleep 0.3
}

two_at_once()
{
    paused 51
    paused 52
    attach 51
    attach 52 "$uuid2"
    says boot 51
    says boot 52
    suspended 52
    leave 52
    says suspended 52
    same "record of the one" "$(record "$uuid1")" live
    same "record of the other" "$(record "$uuid2")" suspended
    detach 52
    domain_gone 52
    ends 51 detached
    vtpm-agent --state "$records" --forget "$uuid2"
}

the_same_vtpm_twice()
{
    begins 54 boot
    paused 55
    attach 55
    says resume 55
    logged "another guest has this vTPM"
    ends 55 detached
    ends 54 detached
}

# Nothing is said that is not known, until it is.
xl_is_in_trouble()
{
    begins 61 boot
    paused 62
    : >"$FAKE/fails"
    attach 62 "$uuid2"
    silent 62
    logged "xl list failed, with exit code 1"
    rm "$FAKE/fails"
    says boot 62
    logged "it works again"
    suspended 61
    echo "what is this" >>"$FAKE/list"
    leave 61
    sleep 0.7
    same "guest" "$(store read "$(device 61)/guest")" running
    logged "cannot read what xl list -v says: what is this"
    list
    says suspended 61
    ends 61 suspended
    ends 62 detached
    vtpm-agent --state "$records" --forget "$uuid1"
}

not_written_down()
{
    mkdir "$records/$uuid1.new"
    paused 64
    attach 64
    silent 64
    logged "cannot write $records/$uuid1"
    rmdir "$records/$uuid1.new"
    says boot 64
    begins_again=$(device 64)
    store write "$begins_again/guest" running
    runs 64
    mkdir "$records/$uuid1.new"
    suspended 64
    leave 64
    sleep 0.7
    same "guest" "$(store read "$(device 64)/guest")" running
    rmdir "$records/$uuid1.new"
    ends 64 suspended
    vtpm-agent --state "$records" --forget "$uuid1"
}

# What stands in xenstore is not what libxl writes.
nonsense()
{
    paused 66
    store write /libxl/66/device/vtpm/0/backend /local/domain/0/backend/vtpm/1/0 \
        /libxl/66/device/vtpm/0/uuid "$uuid1"
    store write /libxl/66/device/vtpm/1/backend "" \
        /libxl/66/device/vtpm/1/uuid "$uuid1"
    store write /libxl/66/device/vtpm/2/backend "$(printf '/%0250d' 0)" \
        /libxl/66/device/vtpm/2/uuid "$uuid1"
    store write /libxl/66/device/vtpm/x/backend "$(device 66)" \
        /libxl/66/device/vtpm/x/uuid "$uuid1"
    store write /libxl/x/device/vtpm/0/backend "$(device 66)" \
        /libxl/x/device/vtpm/0/uuid "$uuid1"
    attach 66 "none" 0
    sleep 0.7
    refuses store exists /local/domain/0/backend/vtpm/1
    refuses store read "$(device 66)/guest"
    attach 66 "$uuid1" 0 "$(device 66)/online" "$(printf '%01000d' 0)"
    silent 66
    store write "$(device 66)/online" 1
    says boot 66
    store rm /libxl/x
    ends 66 detached
}

# A backend's domain cannot keep dom0 busy: 20 looks at once, 10 a second.
flood()
{
    local before i since=${EPOCHREALTIME/./} most
    begins 68 boot
    before=$(looks)
    for i in {1..600}; do
        store write "$(device 68)/online" $((i % 2))
    done
    most=$((22 + (${EPOCHREALTIME/./} - since) / 100000))
    echo "$(($(looks) - before)) looks for 600 changes; $most are allowed"
    [ $(($(looks) - before)) -le "$most" ]
    sleep 2.5
    before=$(looks)
    sleep 1
    same "looks of an idle host" "$(looks)" "$before"
    ends 68 detached
}

nobody_has_a_vtpm()
{
    local before
    before=$(looks)
    xen_says
    sleep 0.5
    same "looks" "$(looks)" "$before"
}

# Whatever it was doing: who comes next takes up from there.
restarted()
{
    begins 71 boot
    paused 72
    attach 72 "$uuid2"
    says boot 72
    agent_kill KILL
    agent_start
    within 10 logged "domain 71"
    silent_is running 71
    silent_is boot 72
    agent_kill KILL
    store rm "$(device 71)/guest"
    store rm "$(device 72)/guest"
    suspended 71
    agent_start
    says boot 72
    within 10 record_is suspended
    ends 71 suspended
    ends 72 detached
    begins 73 resume
    ends 73 detached
}

# A guest that ended while it was away may have been saved.
was_away()
{
    begins 75 boot
    agent_kill KILL
    detach 75
    domain_gone 75
    agent_start
    begins 76 resume
    logged "it may have been saved"
    agent_kill KILL
    suspended 76
    detach 76
    domain_gone 76
    agent_start
    begins 77 resume
    ends 77 detached
}

listens()
{
    python3 -c '
import socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.settimeout(60)
listener.bind(sys.argv[1])
print("listening", flush=True)
for _ in range(2):
    print(listener.recv(4096).decode(), flush=True)
' "$work/notify" >"$work/heard" 2>&1 &
    listener=$!
    within 5 grep -q listening "$work/heard"
    notify=$work/notify agent_start
    within 10 grep -q READY=1 "$work/heard"
    agent_kill
    agent_ends_with 0
    within 5 grep -q STOPPING=1 "$work/heard"
    wait "$listener"
}

only_one()
{
    local rc=0
    : >"$FAKE/runs"
    agent_start
    within 10 test -s "$FAKE/runs"
    XENSTORED_PATH=$dom0_socket timeout 10 vtpm-agent --state "$records" \
        --xl "$here/agent/xl" >"$work/said" 2>&1 || rc=$?
    cat "$work/said"
    same "exit code" "$rc" 1
    grep -q "another vtpm-agent" "$work/said"
    agent_kill
}

# fails WORDS OPTION...: it exits by itself.
fails()
{
    local words=$1 rc=0
    shift
    timeout 10 vtpm-agent --state "$records" --xl "$here/agent/xl" "$@" \
        >"$work/said" 2>&1 </dev/null || rc=$?
    cat "$work/said"
    same "exit code" "$rc" 1
    grep -qF -- "$words" "$work/said"
}

does_not_start()
{
    export XENSTORED_PATH=$dom0_socket
    fails "cannot run $work/none" --xl "$work/none"
    : >"$FAKE/fails"
    fails "xl list failed"
    rm "$FAKE/fails"
    fails "cannot read what xl list -v says" --xl echo
    fails "it knows no domain" --xl true
    fails "cannot make /proc/none" --state /proc/none
    XENSTORED_PATH=$work/none fails "cannot open xenstore"
}

xl_has_run()
{
    [ "$(wc -l <"$FAKE/runs")" -gt "$1" ]
}

stops_while_xl_hangs()
{
    local runs
    runs=$(wc -l <"$FAKE/runs")
    : >"$FAKE/hangs"
    agent_start
    within 10 xl_has_run "$runs"
    agent_kill
    rm "$FAKE/hangs"
    agent_ends_with 0
}

xenstored_ends()
{
    agent_start
    sleep 0.5
    simxen stop
    within 10 gone "$(cat "$work/agent.pid")"
    agent_ends_with 1
    logged "xenstored has gone"
}

: >"$FAKE/runs"
domain 0 r----- 5.3 - Domain-0
check "usage and wrong usage" usage
agent_start
check "a boot, and another by reboot, destroy, poweroff, crash" boot_and_reboot
check "a save and a restore, the first of which fails" save_and_restore
check "a save that nobody has announced" saved_fast
check "a save that leaves the guest running" goes_on_where_it_is
check "a soft reset" soft_reset
check "attached to a running guest, and once more" attached_later
check "its vTPM has gone, and then the device" vtpm_lost
check "attached twice before the guest runs" attached_before_it_runs
check "a vTPM that did not wait" did_not_wait
check "what stands there is not overwritten" never_overwrites
check "a guest that nobody saw end; --forget and --remember" not_seen_to_end
check "a guest that migrates here" migrates_here
check "a driver domain: its node, which the guest cannot write" driver_domain
check "two guests" two_at_once
check "two guests with the same vTPM" the_same_vtpm_twice
check "xl fails, or is not understood: nothing is said" xl_is_in_trouble
check "the record cannot be written: nothing is said" not_written_down
check "nonsense in xenstore" nonsense
check "a flood of changes" flood
check "no vTPM, no look" nobody_has_a_vtpm
check "the agent dies and is restarted" restarted
check "the agent was away when a guest ended" was_away
agent_kill KILL
check "systemd hears when it is ready, and when it stops" listens
check "a second agent is refused" only_one
check "what keeps it from starting" does_not_start
check "it stops while xl hangs" stops_while_xl_hangs
check "xenstored ends" xenstored_ends
finish
