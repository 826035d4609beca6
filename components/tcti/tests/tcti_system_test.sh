#!/bin/bash
# SPDX-License-Identifier: MIT
# The TCTI under programs of others: Debian's tpm2-tools and tpm2-abrmd, alone,
# several at once, in pipes, killed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../../../tests/system/lib.sh
. "$here/../../../tests/system/lib.sh"

for tool in tpm2_getrandom tpm2-abrmd dbus-daemon readelf; do
    command -v $tool >/dev/null || skip "$tool is not installed"
done
PATH=$PATH:/sbin:/usr/sbin
# (grep -q would end before its writer, which then fails.)
ldconfig -p | grep libtss2-tcti-tabrmd.so.0 >/dev/null ||
    skip "libtss2-tcti-tabrmd0 is not installed"
library=$VTPMRING_BUILD/lib/tcti/libtss2-tcti-vtpmring.so.0
probe=$VTPMRING_BUILD/tests/tcti_probe
tcti=vtpmring:

# The TCTI's directory, once and for all that runs in the guest.
export LD_LIBRARY_PATH=$VTPMRING_BUILD/lib/tcti
guest=(simxen run --domain guest-1 --)

# started NAME COMMAND...: in the background in the guest, until its first line.
started()
{
    local name=$1
    shift
    mkfifo "$work/$name.in"
    # A writer that stays, or the program reads the end of its input.
    # shellcheck disable=SC2034
    exec {hold}<>"$work/$name.in"
    "${guest[@]}" "$@" <"$work/$name.in" >"$work/$name.out" \
        2>"$work/$name.err" &
    printf '%d\n' $! >"$work/$name.pid"
    disown
    within 10 test -s "$work/$name.out"
}

# ended NAME: it ends by itself, and its stderr is empty.
ended()
{
    within 10 gone "$(cat "$work/$1.pid")"
    rm "$work/$1.in"
    [ ! -s "$work/$1.err" ] || {
        cat "$work/$1.err"
        return 1
    }
}

killed()
{
    kill -9 "$(cat "$work/$1.pid")"
    within 5 gone "$(cat "$work/$1.pid")"
    rm "$work/$1.in"
}

# Probes that a failed check has left.
leftovers_end()
{
    local file
    for file in "$work"/*.in; do
        [ -e "$file" ] || continue
        kill -9 "$(cat "${file%.in}.pid")" 2>/dev/null || true
    done
}

# at_most MS COMMAND...: not within ||, && or if, which would let its failures
# pass.
at_most()
{
    local limit=$1 begin=${EPOCHREALTIME/./} took
    shift
    "$@"
    took=$(((${EPOCHREALTIME/./} - begin) / 1000))
    [ "$took" -le "$limit" ] || {
        echo "took $took ms, $limit ms are allowed: $*"
        return 1
    }
}

# says TEXT COMMAND...: it fails, says TEXT on stderr and nothing on stdout.
says()
{
    local text=$1
    shift
    refuses "$@" >"$work/says.out" 2>"$work/says.err" || {
        cat "$work/says.out" "$work/says.err"
        return 1
    }
    grep -qF -- "$text" "$work/says.err" || {
        echo "should say: $text"
        cat "$work/says.err"
        return 1
    }
    [ ! -s "$work/says.out" ]
}

random()
{
    in_domain guest-1 tpm2_getrandom -T "$tcti" --hex 16
}

# ---- the library as a file ----

exports_only_its_entries()
{
    same symbols "$(nm -D --defined-only "$library" | awk '{print $3}' |
        sort | tr '\n' ' ')" "Tss2_Tcti_Info Tss2_Tcti_Vtpmring_Init "
    readelf -d "$library" | grep 'SONAME.*\[libtss2-tcti-vtpmring.so.0\]'
    [ "$(readlink -f "${library%.0}")" = "$(readlink -f "$library")" ]
    ! readelf -d "$library" | grep 'NEEDED.*san'
}

# ---- one tool ----

mistakes_are_told()
{
    says "unknown key 'dev'" in_domain guest-1 tpm2_getrandom -T "${tcti}dev=0" 4
    says "number from 0 to 65535" \
        in_domain guest-1 tpm2_getrandom -T "${tcti}device=x" 4
    says "this domain has no vTPM 9" \
        in_domain guest-1 tpm2_getrandom -T "${tcti}device=9" 4
}

every_setting_works()
{
    local conf
    for conf in device=0 poll=0 poll=1000 extra=0 extra=8 \
        wait=0,timeout=5000,poll=10,extra=1,device=0,idle=0; do
        in_domain guest-1 tpm2_getrandom -T "$tcti$conf" --hex 16
    done
}

# A key, with sessions, saved contexts and files: many commands.
a_key_signs()
{
    local at=$work/key.d
    mkdir -p "$at"
    export TPM2TOOLS_TCTI=$tcti
    in_domain guest-1 tpm2_createprimary -Q -C o -G ecc -c "$at/primary"
    in_domain guest-1 tpm2_create -Q -C "$at/primary" -G ecc -u "$at/pub" \
        -r "$at/priv"
    in_domain guest-1 tpm2_load -Q -C "$at/primary" -u "$at/pub" \
        -r "$at/priv" -c "$at/key"
    echo message >"$at/message"
    in_domain guest-1 tpm2_sign -Q -c "$at/key" -g sha256 -o "$at/signature" \
        "$at/message"
    in_domain guest-1 tpm2_verifysignature -Q -c "$at/key" -g sha256 \
        -m "$at/message" -s "$at/signature"
}

# Tools leave their keys in the TPM, which has room for three.
objects_are_flushed()
{
    local i
    for i in 1 2 3 4 5; do
        in_domain guest-1 tpm2_createprimary -T "$tcti" -Q -C o -G ecc
    done
    for i in 1 2 3; do
        in_domain guest-1 tpm2_createprimary -T "${tcti}flush=0" -Q -C o -G ecc
    done
    says "out of memory for object contexts" \
        in_domain guest-1 tpm2_createprimary -T "${tcti}flush=0" -Q -C o -G ecc
    room guest-1
}

# ---- several tools ----

many_at_once()
{
    local i pids=()
    for i in {1..8}; do
        random >"$work/many.$i" &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        wait "$i"
    done
    same "different answers" "$(cat "$work"/many.* | fold -w 32 | sort -u |
        wc -l)" 8
}

# The reader connects when it has data.
pipes()
{
    local i
    for i in {1..5}; do
        "${guest[@]}" tpm2_getrandom -T "$tcti" 48 | tee "$work/data" |
            "${guest[@]}" tpm2_hash -T "$tcti" -g sha256 --hex >"$work/hash"
        same hash "$(cat "$work/hash")" \
            "$(sha256sum <"$work/data" | cut -d ' ' -f 1)"
    done
}

# The reader loads a key before it reads: it holds the vTPM while it waits for
# a writer that waits for the vTPM.
reader_of_a_pipe_is_first()
{
    {
        sleep 0.5
        "${guest[@]}" tpm2_getrandom -T "$tcti" 48
    } | tee "$work/data" |
        "${guest[@]}" tpm2_sign -Q -T "$tcti" -c "$work/key.d/key" -g sha256 \
            -o "$work/signature"
    in_domain guest-1 tpm2_verifysignature -Q -T "$tcti" -c "$work/key.d/key" \
        -g sha256 -m "$work/data" -s "$work/signature"
}

holder_is_named()
{
    trap leftovers_end EXIT
    started holder "$probe" pause "${tcti}idle=0"
    says "process $(cat "$work/holder.pid") holds it" \
        in_domain guest-1 tpm2_getrandom -T "${tcti}wait=0" 4
    says "waited 1 s" in_domain guest-1 tpm2_getrandom -T "${tcti}wait=1" 4
    { sleep 0.5; echo >"$work/holder.in"; } &
    random
    ended holder
}

idle_holder_lets_others_in()
{
    trap leftovers_end EXIT
    started idle "$probe" pause "${tcti}idle=100"
    at_most 3000 random
    random
    echo >"$work/idle.in"
    ended idle
    random
}

# ---- tools that die ----

killed_in_a_command()
{
    trap leftovers_end EXIT
    local i
    for i in 1 2 3; do
        started "hang$i" "$probe" hang "${tcti}idle=0"
        killed "hang$i"
        at_most 5000 random
        done
}

killed_between_commands()
{
    trap leftovers_end EXIT
    started dead "$probe" pause "${tcti}idle=0"
    killed dead
    at_most 5000 random
}

# ---- tpm2-abrmd ----

abrmd_start()
{
    dbus-daemon --session --fork --nopidfile --print-address \
        --address="unix:path=$work/bus" --print-pid >"$work/bus.info"
    export DBUS_SESSION_BUS_ADDRESS=unix:path=$work/bus
    "${guest[@]}" tpm2-abrmd --session --allow-root --tcti="${tcti}idle=0" \
        >"$work/abrmd.out" 2>&1 </dev/null &
    printf '%d\n' $! >"$work/abrmd.pid"
    disown
    within 10 abrmd_answers
}

brokered=tabrmd:bus_type=session

abrmd_answers()
{
    in_domain guest-1 tpm2_getrandom -Q -T "$brokered" 4 2>/dev/null
}

abrmd_end()
{
    local pid
    if [ -s "$work/abrmd.pid" ]; then
        pid=$(cat "$work/abrmd.pid")
        kill "$pid"
        within 10 gone "$pid"
    fi
    if [ -s "$work/bus.info" ]; then
        kill "$(tail -n 1 "$work/bus.info")"
    fi
    rm -f "$work/abrmd.pid" "$work/bus.info"
}

# With a resource manager nobody has to make room.
abrmd_shares()
{
    local i pids=()
    for i in {1..6}; do
        in_domain guest-1 tpm2_createprimary -Q -T "$brokered" -G ecc \
            -c "$work/shared.$i" &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        wait "$i"
    done
    "${guest[@]}" tpm2_getrandom -T "$brokered" 48 | tee "$work/data" |
        "${guest[@]}" tpm2_hash -T "$brokered" -g sha256 --hex >"$work/hash"
    same hash "$(cat "$work/hash")" \
        "$(sha256sum <"$work/data" | cut -d ' ' -f 1)"
    says "process $(cat "$work/abrmd.pid") holds it" \
        in_domain guest-1 tpm2_getrandom -T "${tcti}wait=0" 4
}

abrmd_survives_its_vtpm()
{
    vtpm_kill vtpm-1
    vtpm_start vtpm-1 "$uuid1"
    within 20 abrmd_answers
}


# Keeps the exit code for host_end.
all_end()
{
    local rc=$?
    set +e
    abrmd_end
    (exit "$rc")
    host_end
}
trap all_end EXIT

host_start
chain_new 1
check "exports its entries and nothing else" exports_only_its_entries
check "a tool gets random bytes" random
check "leaves no descriptor and no thread" \
    in_domain guest-1 "$probe" random $tcti
check "mistakes are told on stderr alone" mistakes_are_told
check "every setting works" every_setting_works
check "a key signs" a_key_signs
check "what a tool leaves in the TPM is flushed" objects_are_flushed
check "localities reach the TPM" in_domain guest-1 "$probe" locality $tcti
check "an event loop never blocks" in_domain guest-1 "$probe" loop $tcti
check "an event loop without polling" \
    in_domain guest-1 "$probe" loop ${tcti}poll=0
check "cancelled commands end" in_domain guest-1 "$probe" cancel $tcti
check "room after cancelled commands" room guest-1
check "finalized in a command" in_domain guest-1 "$probe" leave $tcti
check "works after that" random
check "eight tools at once wait for each other" many_at_once
check "pipes of two tools" at_most 20000 pipes
check "the reader of a pipe is the first" at_most 5000 \
    reader_of_a_pipe_is_first
check "who holds the vTPM is named" holder_is_named
check "an idle holder lets others in and goes on" idle_holder_lets_others_in
check "killed in a command" killed_in_a_command
check "killed between commands" killed_between_commands
check "room after killed tools" room guest-1
check "tpm2-abrmd starts" abrmd_start
export DBUS_SESSION_BUS_ADDRESS=unix:path=$work/bus
check "tpm2-abrmd shares the vTPM" abrmd_shares
check "tpm2-abrmd survives its vTPM" abrmd_survives_its_vtpm
check "tpm2-abrmd ends" abrmd_end
check "works after tpm2-abrmd" random
finish
