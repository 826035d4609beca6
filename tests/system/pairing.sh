#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# vtpm-xl, with an xl, a systemctl and a xenstore-read that only keep files:
# what it does in which order, and that a failure leaves nothing half done.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$here/pairing:$here/../../packaging/pairing:$PATH
export FAKE=$work/fake
cd "$work"

# A host with two vTPMs for dom0, one with a domain of its own, a driver domain
# of somebody else, and a guest's configuration for each.
host_new()
{
    rm -rf "$FAKE" etc
    mkdir -p etc "$FAKE"/{domains,services,fails,slow,ignores,mute,dies,half,waits}
    echo 7 >"$FAKE/next"
    : >"$FAKE/did"
    printf 'UUID=%s\n' "$uuid1" >etc/one.conf
    printf '# UUID=%s\nOPTIONS=--poll-us 0\nUUID="%s"\n' "$uuid1" "${uuid2^^}" \
        >etc/two.conf
    stub_config stub "$uuid1"
    guest_config guest "\"backend=0,uuid=$uuid1\""
    guest_config both "\"backend=0,uuid=$uuid2\", \"backend=Domain-0,uuid=$uuid1\""
    guest_config stubbed "\"backend=stub,uuid=$uuid1\""
    guest_config driven "\"backend=driver,uuid=$uuid1\""
    guest_config plain ""
    mkdir "$FAKE/domains/3"
    echo driver >"$FAKE/domains/3/name"
    echo >"$FAKE/domains/3/vtpms"
    echo started >"$FAKE/domains/3/ready"
}

# stub_config NAME UUID
stub_config()
{
    printf 'name = "%s"\nextra = "console=hvc0 vtpm.uuid=%s quiet"\n' \
        "$1" "$2" >etc/stub.cfg
}

# guest_config NAME VTPMS
guest_config()
{
    printf 'name = "%s"\nextra = "quiet"\nvtpm = [%s]\n' "$1" "$2" >"$1.cfg"
}

pair()
{
    timeout -k 2 60 vtpm-xl --config etc "$@"
}

# fails CODE WORDS ARGUMENT...: vtpm-xl exits with CODE and says WORDS.
fails()
{
    local code=$1 words=$2 rc=0
    shift 2
    pair "$@" >said 2>&1 || rc=$?
    cat said
    same "exit code" "$rc" "$code"
    grep -qF -- "$words" said
}

# did WHAT...: exactly this has changed since the last time, in this order.
did()
{
    local wanted
    wanted=$(printf '%s, ' "$@")
    same "what was done" "$(sed 's/$/, /' "$FAKE/did" | tr -d '\n')" "$wanted"
    : >"$FAKE/did"
}

did_nothing()
{
    same "what was done" "$(cat "$FAKE/did")" ""
}

# runs NAME...: these domains and services, and the driver domain, no other.
runs()
{
    same "what runs" "$(
        {
            cat "$FAKE"/domains/*/name
            ls "$FAKE/services"
        } | sort | tr '\n' ' '
    )" "$(printf '%s\n' driver "$@" | sort | tr '\n' ' ')"
}

usage()
{
    local text
    text=$(vtpm-xl --help)
    grep -q '^usage: vtpm-xl' <<<"$text"
    fails 2 "see vtpm-xl --help"
    fails 2 "unknown command: start" start guest.cfg
    fails 2 "unknown option: --fast" --fast create guest.cfg
    fails 2 "needs a value" --timeout
    fails 2 "not a number" --timeout soon create guest.cfg
    fails 2 "needs the guest's" create
    fails 2 "needs a guest" destroy
    did_nothing
}

dom0()
{
    pair create guest.cfg
    did "start vtpm@one" "create guest"
    runs vtpm@one guest
    pair destroy guest
    did "destroy guest" "stop vtpm@one"
    runs
}

shutdown()
{
    pair create guest.cfg
    pair shutdown guest -F
    did "start vtpm@one" "create guest" "shutdown guest" "stop vtpm@one"
    runs
}

shutdown_ignored()
{
    : >"$FAKE/ignores/guest"
    pair create guest.cfg
    fails 1 "it and its vTPMs go on" --timeout 1 shutdown guest
    did "start vtpm@one" "create guest" "shutdown guest"
    runs vtpm@one guest
}

destroy_refused()
{
    : >"$FAKE/ignores/guest.destroy"
    pair create guest.cfg
    fails 1 "its vTPMs go on" destroy guest
    runs vtpm@one guest
}

# The test's xl refuses a guest whose backend is not ready.
stub()
{
    pair create stubbed.cfg
    did "create stub" "create stubbed"
    runs stub stubbed
    pair destroy stubbed
    did "destroy stubbed" "shutdown stub"
    runs
}

stub_ignores_shutdown()
{
    : >"$FAKE/ignores/stub"
    pair create stubbed.cfg
    pair --timeout 5 shutdown stubbed
    did "create stub" "create stubbed" "shutdown stubbed" "shutdown stub" \
        "destroy stub"
    runs
}

by_number()
{
    pair create guest.cfg
    same "number" "$(cat "$FAKE/domains/7/name")" guest
    pair destroy 7
    runs
}

two_vtpms()
{
    pair create both.cfg
    did "start vtpm@two" "start vtpm@one" "create both"
    pair destroy both
    did "destroy both" "stop vtpm@two" "stop vtpm@one"
    runs
}

second_fails()
{
    : >"$FAKE/fails/vtpm@one"
    fails 1 "vtpm@one.service does not start; see: journalctl" create both.cfg
    did "start vtpm@two" "start vtpm@one" "stop vtpm@one" "stop vtpm@two"
    runs
}

second_unknown()
{
    rm etc/one.conf
    fails 1 "no such vTPM: no .conf in etc has UUID=$uuid1" create both.cfg
    did_nothing
}

no_vtpm()
{
    fails 1 "no .conf in etc has UUID=" create guest.cfg \
        "vtpm = [\"backend=0,uuid=5a1f0e3c-0003-4b6e-9d11-a1b2c3d4e5f6\"]"
    fails 1 "no such vTPM: there is no etc/nowhere.cfg" create guest.cfg \
        "vtpm = [\"backend=nowhere,uuid=$uuid1\"]"
    fails 1 "no such vTPM: there is no etc/99.cfg" create guest.cfg \
        "vtpm = [\"backend=99,uuid=$uuid1\"]"
    fails 1 "the name of a vTPM may have" create guest.cfg \
        "vtpm = [\"backend=../stub,uuid=$uuid1\"]"
    fails 1 "no such configuration" create nothing.cfg
    : >empty.cfg
    fails 1 "xl cannot read empty.cfg" create empty.cfg
    cp etc/one.conf etc/copy.conf
    fails 1 "copy.conf and one.conf in etc have the same UUID" create guest.cfg
    did_nothing
    runs
}

service_fails()
{
    : >"$FAKE/fails/vtpm@one"
    fails 1 "does not start" create guest.cfg
    did "start vtpm@one" "stop vtpm@one"
    runs
}

stub_fails()
{
    : >"$FAKE/fails/stub"
    fails 1 "the vTPM's domain stub does not start" create stubbed.cfg
    did "create stub"
    runs
}

stub_never_ready()
{
    : >"$FAKE/mute/stub"
    fails 1 "stub is not ready after 1 s" --timeout 1 create stubbed.cfg
    did "create stub" "destroy stub"
    runs
}

stub_dies()
{
    : >"$FAKE/dies/stub"
    fails 1 "stub has ended before it was ready" create stubbed.cfg
    did "create stub"
    runs
}

stub_of_another()
{
    stub_config stub "$uuid2"
    fails 1 "etc/stub.cfg is for the vTPM $uuid2" create stubbed.cfg
    stub_config other "$uuid1"
    fails 1 "must make a domain of the name stub" create stubbed.cfg
    did_nothing
}

guest_fails()
{
    : >"$FAKE/fails/guest"
    fails 1 "the guest guest does not start" create guest.cfg
    did "start vtpm@one" "create guest" "stop vtpm@one"
    : >"$FAKE/fails/stubbed"
    fails 1 "the guest stubbed does not start" create stubbed.cfg
    did "create stub" "create stubbed" "shutdown stub"
    runs
}

guest_half_made()
{
    : >"$FAKE/half/guest"
    fails 1 "the guest guest does not start" create guest.cfg
    did "start vtpm@one" "create guest" "destroy guest" "stop vtpm@one"
    runs
}

ran_before()
{
    : >"$FAKE/services/vtpm@one"
    : >"$FAKE/fails/guest"
    fails 1 "vtpm@one.service runs already" create guest.cfg
    did "create guest"
    runs vtpm@one
    rm "$FAKE/services/vtpm@one"
    xl create etc/stub.cfg
    echo started >"$FAKE/domains/7/ready"
    : >"$FAKE/did"
    : >"$FAKE/fails/stubbed"
    fails 1 "the domain stub runs already" create stubbed.cfg
    did "create stubbed"
    runs stub
}

guest_runs()
{
    pair create guest.cfg
    fails 1 "the guest guest runs already" create guest.cfg
    did "start vtpm@one" "create guest"
    runs vtpm@one guest
}

driver_domain()
{
    pair create driven.cfg
    pair destroy driven
    did "create driven" "destroy driven"
    runs
}

plain()
{
    pair create plain.cfg
    pair destroy plain
    did "create plain" "destroy plain"
}

# Its guest starts all the same, with a word about PCRs.
agent()
{
    pair create plain.cfg >said 2>&1
    refuses grep -q vtpm-agent said
    pair create guest.cfg >said 2>&1
    grep -q "vtpm-agent.service does not run" said
    pair destroy guest
    : >"$FAKE/services/vtpm-agent"
    pair create guest.cfg >said 2>&1
    refuses grep -q vtpm-agent said
    runs plain vtpm-agent vtpm@one guest
}

arguments()
{
    pair create guest.cfg 'name = "another"' \
        "vtpm = [\"backend=0,uuid=${uuid2^^}\"]"
    did "start vtpm@two" "create another"
    pair destroy another
    did "destroy another" "stop vtpm@two"
}

# It has powered itself off: xl knows nothing of it any more.
ended_by_itself()
{
    pair create guest.cfg
    rm -r "$FAKE/domains/7"
    fails 1 "name its configuration file" destroy guest
    runs vtpm@one
    : >"$FAKE/did"
    pair destroy guest.cfg
    did "stop vtpm@one"
    runs
}

by_file()
{
    pair create stubbed.cfg
    pair shutdown stubbed.cfg
    did "create stub" "create stubbed" "shutdown stubbed" "shutdown stub"
    runs
}

# xl create -F returns when the guest has ended.
waited_for()
{
    : >"$FAKE/waits/guest"
    pair create guest.cfg
    did "start vtpm@one" "create guest" "stop vtpm@one"
    runs
}

interrupted()
{
    local pid
    : >"$FAKE/mute/stub"
    vtpm-xl --config etc create stubbed.cfg >said 2>&1 &
    pid=$!
    within 30 grep -q "create stub" "$FAKE/did"
    sleep 0.3
    kill "$pid"
    within 30 gone "$pid"
    did "create stub" "destroy stub"
    runs
}

twice_at_once()
{
    local pid
    : >"$FAKE/slow/vtpm@one"
    vtpm-xl --config etc create guest.cfg >first 2>&1 &
    pid=$!
    within 30 grep -q "start vtpm@one" "$FAKE/did"
    fails 1 "another vtpm-xl is creating" create guest.cfg
    rm "$FAKE/slow/vtpm@one"
    wait "$pid"
    did "start vtpm@one" "create guest"
    runs vtpm@one guest
    # what goes on of xl create does not hold the file
    flock -n guest.cfg true
}

# each TEXT FUNCTION: on a host of its own.
each()
{
    host_new
    check "$@"
}

each "usage and wrong usage" usage
each "dom0: the vTPM first, the guest first to go" dom0
each "shutdown: the vTPM ends when the guest has" shutdown
each "a guest that does not shut down keeps its vTPM" shutdown_ignored
each "a guest that is not destroyed keeps its vTPM" destroy_refused
each "a domain: waited for, and shut down at the end" stub
each "a domain that does not shut down is destroyed" stub_ignores_shutdown
each "a guest's number" by_number
each "two vTPMs" two_vtpms
each "two vTPMs, the second does not start" second_fails
each "two vTPMs, the second does not exist" second_unknown
each "no such vTPM" no_vtpm
each "the service does not start" service_fails
each "the domain does not start" stub_fails
each "the domain is not ready in time" stub_never_ready
each "the domain ends before it is ready" stub_dies
each "a domain for another vTPM, or of another name" stub_of_another
each "the guest does not start: its vTPM is ended" guest_fails
each "the guest is left over half made: destroyed" guest_half_made
each "a vTPM that ran before is left running" ran_before
each "a guest that runs already keeps its vTPM" guest_runs
each "a driver domain that is not ours is left alone" driver_domain
each "a guest without a vTPM" plain
each "without the agent: a word about it" agent
each "arguments of xl create count" arguments
each "the vTPM of a guest that has ended by itself" ended_by_itself
each "shutdown by configuration file" by_file
each "an xl create that waits for the guest" waited_for
each "interrupted: nothing is left" interrupted
each "the same guest twice at once" twice_at_once
finish
