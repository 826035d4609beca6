#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a service manager, or a script, hears of vtpm: when it serves, when it
# stops, and nothing of one that cannot serve.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host_start
domain_new guest-1 vtpm-1
vtpm_make vtpm-1 "$uuid1"

# listen NAME ADDRESS: writes what comes there to NAME.heard.
listen()
{
    python3 -c '
import socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.settimeout(120)
listener.bind(sys.argv[1].replace("@", "\0", 1))
print("listening", flush=True)
while True:
    print(listener.recv(4096).decode(), flush=True)
' "$2" >"$work/$1.heard" 2>>"$work/listen.out" &
    listeners+=($!)
    disown
    within 5 heard "$1" listening
}
listeners=()

# heard NAME WORD...: exactly these.
heard()
{
    local name=$1
    shift
    [ "$(tr '\n' ' ' <"$work/$name.heard")" = "$* " ]
}

# Before there is a guest, which is what the guest's start may wait for.
ready()
{
    NOTIFY_SOCKET=$work/path.socket vtpm_start vtpm-1 "$uuid1"
    within 10 heard path listening READY=1
    simxen attach-vtpm guest-1 vtpm-1 --uuid "$uuid1" --wait 10
    works guest-1
}

stopping()
{
    kill "$(vtpm_pid vtpm-1)"
    within 5 gone "$(vtpm_pid vtpm-1)"
    within 5 heard path listening READY=1 STOPPING=1
}

abstract_name()
{
    NOTIFY_SOCKET=@$work/name vtpm_start vtpm-1 "$uuid1"
    within 10 heard name listening READY=1
    vtpm_kill vtpm-1
}

# no_word ARGUMENT...: this vtpm fails, and says nothing before.
no_word()
{
    refuses simxen run --domain vtpm-1 -- \
        env "NOTIFY_SOCKET=$work/none.socket" vtpm "$@"
    sleep 0.2
    heard none listening
}

nobody_listens()
{
    local socket
    for socket in "$work/nothing" relative / @ "/$(printf '%0200d' 0)"; do
        echo "$socket"
        NOTIFY_SOCKET=$socket vtpm_start vtpm-1 "$uuid1"
        within 10 works guest-1
        vtpm_kill vtpm-1
    done
}

# A FIFO's reader sees its end when vtpm has closed it.
descriptor()
{
    local reader
    mkfifo "$work/ready"
    timeout 20 cat "$work/ready" >"$work/ready.heard" &
    reader=$!
    vtpm_start vtpm-1 "$uuid1" --ready-fd 9 9>"$work/ready"
    wait "$reader"
    same "what the descriptor said" "$(cat "$work/ready.heard")" ready
    works guest-1
    vtpm_kill vtpm-1
}

descriptor_without_a_word()
{
    refuses simxen run --domain vtpm-1 -- vtpm --uuid "$uuid2" \
        --state "$work/vtpm-1.state" --key-file "$work/key" --ready-fd 9 \
        9>"$work/none.fd"
    same "what the descriptor said" "$(cat "$work/none.fd")" ""
}

# wrong_descriptor VALUE
wrong_descriptor()
{
    local rc=0
    vtpm --uuid "$uuid1" --state s --key-file k --ready-fd "$1" || rc=$?
    same "exit code" "$rc" 2
}

listen path "$work/path.socket"
listen name "@$work/name"
listen none "$work/none.socket"
check "it is ready before there is a guest" ready
check "it is stopping" stopping
check "a listener without a path" abstract_name
check "the wrong UUID: not ready" no_word --uuid "$uuid2" \
    --state "$work/vtpm-1.state" --key-file "$work/key"
check "no key: not ready" no_word --uuid "$uuid1" \
    --state "$work/vtpm-1.state" --key-file "$work/no-key"
check "a descriptor" descriptor
check "the wrong UUID: a descriptor without a word" descriptor_without_a_word
check "a descriptor that is not open" wrong_descriptor 77
check "a descriptor that is no number" wrong_descriptor nine
check "nobody listens, or nowhere: it serves all the same" nobody_listens
kill "${listeners[@]}"
finish
