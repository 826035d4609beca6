# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# The demo's host, domains and vTPMs, from begin to end. Everything of a demo
# is in one folder, $chain, whose path is in $record/chain: that is how a later
# run finds what a killed one has left.

record=$root/build/demo
bin=$root/build/release/bin
lib=$root/build/release/lib
uuid1=7d0f6a52-9a1e-4d0c-8f5b-3e5c1a2b4d01
uuid2=7d0f6a52-9a1e-4d0c-8f5b-3e5c1a2b4d02
chain=
kept=false

# ---- what an earlier demo has left ----

# Process of the demo that holds the lock.
chain_owner()
{
    cat "$record/pid" 2>/dev/null || echo unknown
}

# Asks a running demo to end; whether there is one.
chain_interrupt()
{
    local pid
    pid=$(chain_owner)
    ! flock -n "$lock" && [ "$pid" != unknown ] &&
        kill -TERM "$pid" 2>/dev/null
}

# Whether there is something. Only while the lock is held.
chain_stale()
{
    [ -e "$record" ]
}

# Ends it, whatever is left of it. Only while the lock is held.
chain_sweep()
{
    chain=$(cat "$record/chain" 2>/dev/null) || chain=
    chain_remove
}

# Processes of this chain: our programs, with its folder in their arguments.
chain_processes()
{
    local entry
    for entry in /proc/[0-9]*; do
        case $(cat "$entry/comm" 2>/dev/null) in
        simxen | vtpm | vtpmmgr | tis_chip) ;;
        *) continue ;;
        esac
        if tr '\0' '\n' 2>/dev/null <"$entry/cmdline" |
            grep -qF "$chain/"; then
            printf '%s\n' "${entry#/proc/}"
        fi
    done
}

ended()
{
    ! grep -qs '^State:.[^ZX]' "/proc/$1/status"
}

# signal NAME: sends it to all but the daemon, waits for their end.
chain_signal()
{
    local pid pids daemon tries=100
    daemon=$(cat "$chain/xen/pid" 2>/dev/null || true)
    pids=$(chain_processes | grep -vx "${daemon:-none}" || true)
    for pid in $pids; do
        kill "-$1" "$pid" 2>/dev/null || true
    done
    for pid in $pids; do
        while ! ended "$pid" && [ $tries -gt 0 ]; do
            sleep 0.03
            tries=$((tries - 1))
        done
    done
}

# Ends all processes of $chain and removes it, and the record of it.
chain_remove()
{
    local pid
    case $chain in
    */vtpmring-demo.??????)
        if [ -d "$chain" ] && [ -O "$chain" ]; then
            chain_signal TERM
            chain_signal KILL
            SIMXEN_DIR=$chain/xen timeout 10 "$bin/simxen" stop \
                >/dev/null 2>&1 || true
            for pid in $(chain_processes); do
                kill -9 "$pid" 2>/dev/null || true
            done
            rm -rf "$chain"
        fi
        ;;
    esac
    chain=
    rm -rf "$record"
}

# ---- this demo ----

chain_begin()
{
    local parent=${XDG_RUNTIME_DIR:-/tmp}
    [ -d "$parent" ] && [ -w "$parent" ] || parent=/tmp
    mkdir -p "$record"
    printf '%d\n' $$ >"$record/pid"
    chain=$(mktemp -d "$parent/vtpmring-demo.XXXXXX")
    printf '%s\n' "$chain" >"$record/chain"
    mkdir "$chain/work" "$chain/log" "$chain/state" "$chain/hardware"
    export SIMXEN_DIR=$chain/xen
    export PATH=$bin:$PATH
    steps_log=$chain/log/steps
    simxen --dir "$SIMXEN_DIR" start >>"$steps_log" 2>&1 {lock}<&- || {
        tail -n 3 "$steps_log" >&2
        die "cannot start the host: it said why above"
    }
    local name
    for name in guest-1 guest-2 guest-3 vtpm-1 vtpm-2 vtpm-3 manager; do
        simxen create "$name" >>"$steps_log" 2>&1
    done
}

chain_end()
{
    trap '' INT TERM HUP
    trap - EXIT
    if ! $kept; then
        step_abandon
        [ -z "$chain" ] || chain_remove
    fi
}

# interrupted CODE: what a signal does.
interrupted()
{
    chain_end
    say "interrupted; nothing of it is left" >&2
    exit "$1"
}

# From now on the chain outlives this process.
chain_keep()
{
    {
        printf 'export SIMXEN_DIR=%q\n' "$chain/xen"
        printf 'export SIMXEN_DOMAIN=%q\n' "$chain/xen/domains/guest-1"
        printf 'export XENSTORED_PATH=%q\n' \
            "$chain/xen/domains/Domain-0/xenstored"
        printf 'export LD_LIBRARY_PATH=%q\n' "$lib/simxen:$lib/tcti"
        printf 'export TPM2TOOLS_TCTI=%q\n' "$TPM2TOOLS_TCTI"
        printf 'export TPM2OPENSSL_TCTI=%q\n' "$TPM2TOOLS_TCTI"
    } >"$record/env"
    kept=true
    rm -f "$record/pid"
}

# xenstore as Domain-0 sees it.
chain_store()
{
    XENSTORED_PATH=$chain/xen/domains/Domain-0/xenstored "xenstore-$1" "${@:2}"
}

# in_guest N COMMAND...: in the domain of guest N.
in_guest()
{
    LD_LIBRARY_PATH=$lib/tcti timeout -k 1 20 \
        simxen run --domain "guest-$1" -- "${@:2}"
}

# tpm N TOOL ARGUMENT...: a stock tool in guest N.
tpm()
{
    in_guest "$1" "tpm2_$2" "${@:3}"
}

vtpm_options()
{
    local uuid=uuid$1
    options=(--uuid "${!uuid}" --state "$chain/state/vtpm-$1"
        --key-file "$chain/state/key-$1")
}

vtpm_provision()
{
    local options
    vtpm_options "$1"
    vtpm "${options[@]}" --provision --create-key --exit
}

# A session of its own: the terminal's Ctrl-C is for the demo, which ends it.
vtpm_start()
{
    local options
    vtpm_options "$1"
    setsid simxen run --domain "vtpm-$1" -- vtpm "${options[@]}" \
        >>"$chain/log/vtpm-$1" 2>&1 </dev/null &
    printf '%d\n' $! >"$chain/vtpm-$1.pid"
}

vtpm_kill()
{
    local pid
    pid=$(cat "$chain/vtpm-$1.pid")
    kill -9 "$pid"
    while ! ended "$pid"; do
        sleep 0.01
    done
}

# short FILE: the first bytes of it, in hexadecimal.
short()
{
    od -An -v -tx1 -N 8 "$1" | tr -d ' \n'
}
