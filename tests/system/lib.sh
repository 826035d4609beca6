# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A private host for one test script: domains, vTPMs, guests, and the count of
# what passed. Sourced after `set -euo pipefail`; removes everything at exit.

: "${VTPMRING_BUILD:?set it to a build folder, or run ctest}"
bin=$VTPMRING_BUILD/bin
work=$(mktemp -d "${TMPDIR:-/tmp}/vtpmring-test.XXXXXX")
export SIMXEN_DIR=$work/xen
export TPM2TOOLS_TCTI=vtpmring:device=0
export TSS2_LOG=all+ERROR
export LC_ALL=C.UTF-8
export PATH=$bin:$PATH
# shellcheck disable=SC2034
uuid1=5a1f0e3c-0001-4b6e-9d11-a1b2c3d4e5f6
# shellcheck disable=SC2034
uuid2=5a1f0e3c-0002-4b6e-9d11-a1b2c3d4e5f6
command_limit_s=30
sanitizer_rc=99 # what a program built with sanitizers exits with
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}exitcode=$sanitizer_rc
export TSAN_OPTIONS=${TSAN_OPTIONS:+$TSAN_OPTIONS:}exitcode=$sanitizer_rc
export UBSAN_OPTIONS=${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}exitcode=$sanitizer_rc
passed=0
failed=0
# Descriptors of the raw client; with none, of nothing.
exec {client_in}>/dev/null {client_out}</dev/null

# ---- counting ----

# check TEXT COMMAND...: one test. COMMAND stops at its first failure.
check()
{
    local text=$1 rc=0
    shift
    [ $# -gt 0 ] || set -- false
    set +e
    (
        set -e
        "$@"
    ) >"$work/check.log" 2>&1
    rc=$?
    set -e
    if [ $rc -eq 0 ]; then
        passed=$((passed + 1))
        printf '[       OK ] %s\n' "$text"
        return
    fi
    failed=$((failed + 1))
    printf '[  FAILED  ] %s (exit %d)\n' "$text" $rc
    sed 's/^/    /' "$work/check.log" | tail -n 40
    local log
    for log in "$work"/*.out; do
        [ -s "$log" ] || continue
        printf '    -- %s\n' "${log##*/}"
        tail -n 8 "$log" | sed 's/^/    /'
    done
}

# same WHAT IS WANTED: fails with a line unless IS equals WANTED.
same()
{
    [ "$2" = "$3" ] || {
        printf '%s: is [%s], should be [%s]\n' "$1" "$2" "$3"
        return 1
    }
}

# refuses COMMAND...: it must fail, by itself and in time.
refuses()
{
    local rc=0
    "$@" || rc=$?
    if [ $rc -eq 0 ] || [ $rc -eq $sanitizer_rc ] || [ $rc -ge 124 ]; then
        printf 'exit %d, should have been refused: %s\n' $rc "$*"
        return 1
    fi
}

# within SECONDS COMMAND...: until it succeeds.
within()
{
    local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
    shift
    until "$@"; do
        [ "${EPOCHREALTIME/./}" -lt $end ] || {
            printf 'not in time: %s\n' "$*"
            return 1
        }
        sleep 0.02
    done
}

skip()
{
    printf '[  SKIPPED ] %s\n' "$*"
    exit 77
}

finish()
{
    printf '[  PASSED  ] %d test(s).\n' $passed
    [ $failed -eq 0 ] || printf '[  FAILED  ] %d test(s).\n' $failed
    [ $failed -eq 0 ]
    exit
}

# ---- the host ----

host_start()
{
    simxen --dir "$SIMXEN_DIR" start >"$work/simxen.out" 2>&1 </dev/null
    dom0_socket=$SIMXEN_DIR/domains/Domain-0/xenstored
}

# Everything of ours that still runs on this host. A vTPM lets nobody look at
# its environment; its arguments tell.
host_processes()
{
    local entry
    for entry in /proc/[0-9]*; do
        case $(cat "$entry/comm" 2>/dev/null) in
        simxen | vtpm | vtpmmgr | raw_client) ;;
        *) continue ;;
        esac
        if cat "$entry/cmdline" "$entry/environ" 2>/dev/null | tr '\0' '\n' |
            grep -qF "$work/"; then
            printf '%s\n' "${entry#/proc/}"
        fi
    done
}

host_end()
{
    local rc=$? pid
    trap - EXIT
    set +e
    for pid in $(host_processes); do
        [ "$pid" = "$(cat "$SIMXEN_DIR/pid" 2>/dev/null)" ] ||
            kill -9 "$pid" 2>/dev/null
    done
    timeout 10 simxen stop >/dev/null 2>&1
    for pid in $(host_processes); do
        kill -9 "$pid" 2>/dev/null
    done
    if [ -n "${mounted:-}" ]; then
        umount -l "$mounted"
    fi
    rm -rf "$work"
    exit $rc
}
trap host_end EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

# store COMMAND ARGUMENT...: xenstore-COMMAND as Domain-0.
store()
{
    local command=$1
    shift
    XENSTORED_PATH=$dom0_socket timeout 10 "xenstore-$command" "$@"
}

domain_new()
{
    local name
    for name; do
        simxen create "$name" >/dev/null
    done
}

# in_domain NAME COMMAND...
in_domain()
{
    local name=$1
    shift
    LD_LIBRARY_PATH=$VTPMRING_BUILD/lib/tcti${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
        timeout -k 2 $command_limit_s \
        simxen run --domain "$name" -- "$@" </dev/null
}

# ---- vTPMs ----

# vtpm_make NAME UUID [OPTION...]: provisions the vTPM that NAME is to run.
vtpm_make()
{
    local name=$1 uuid=$2
    shift 2
    [ -e "$work/key" ] || {
        (umask 077 && head -c 32 /dev/urandom >"$work/key")
    }
    timeout 20 vtpm --provision --exit --uuid "$uuid" --state "$work/$name.state" \
        --key-file "$work/key" "$@"
}

# vtpm_start NAME UUID [OPTION...]: runs it in domain NAME, in the background.
vtpm_start()
{
    local name=$1 uuid=$2
    shift 2
    simxen run --domain "$name" -- \
        vtpm --uuid "$uuid" --state "$work/$name.state" \
        --key-file "$work/key" "$@" >>"$work/$name.out" 2>&1 </dev/null \
        {client_in}>&- {client_out}<&- &
    printf '%d\n' $! >"$work/$name.pid"
    disown
}

vtpm_pid()
{
    cat "$work/$1.pid"
}

vtpm_alive()
{
    local pid
    pid=$(vtpm_pid "$1")
    [ "$(cat "/proc/$pid/comm")" = vtpm ] && ! gone "$pid"
}

# Whether a process has ended, its parent may not have noticed yet.
gone()
{
    ! grep -qs '^State:.[^ZX]' "/proc/$1/status"
}

vtpm_kill()
{
    kill -9 "$(vtpm_pid "$1")"
    within 5 gone "$(vtpm_pid "$1")"
}

# chain_new N [OPTION...]: guest-N with a new TPM in domain vtpm-N.
chain_new()
{
    local n=$1 uuid=uuid$1
    shift
    domain_new "guest-$n" "vtpm-$n"
    vtpm_make "vtpm-$n" "${!uuid}"
    vtpm_start "vtpm-$n" "${!uuid}" "$@"
    simxen attach-vtpm "guest-$n" "vtpm-$n" --uuid "${!uuid}" --wait 10 \
        >>"$work/simxen.out"
}

# Folders in xenstore, as seen by Domain-0.
front_path()
{
    printf '/local/domain/%d/device/vtpm/0' "$(simxen domid "$1")"
}

back_path()
{
    printf '/local/domain/%d/backend/vtpm/%d/0' "$(simxen domid "$2")" \
        "$(simxen domid "$1")"
}

# back_state GUEST VTPM STATE: whether the backend's state is that.
back_state()
{
    [ "$(store read "$(back_path "$1" "$2")/state" 2>&1)" = "$3" ]
}

front_state()
{
    [ "$(store read "$(front_path "$1")/state" 2>&1)" = "$2" ]
}

# ---- guests ----

# Flushes the objects that tools which were killed have left.
room()
{
    in_domain "$1" tpm2_flushcontext -Q -t
}

# A TPM that works gives different random bytes each time.
works()
{
    local one two
    one=$(in_domain "$1" tpm2_getrandom --hex 16)
    two=$(in_domain "$1" tpm2_getrandom --hex 16)
    [ ${#one} -eq 32 ] && [ "$one" != "$two" ]
}

# client_start GUEST: a raw client that holds its connection open.
client_start()
{
    client_run "$1" "$VTPMRING_BUILD/tests/raw_client" "$TPM2TOOLS_TCTI"
}

# client_run GUEST PROGRAM [ARGUMENT...]: one that answers lines with lines.
client_run()
{
    local guest=$1
    shift
    rm -f "$work/client.in" "$work/client.answers"
    mkfifo "$work/client.in" "$work/client.answers"
    LD_LIBRARY_PATH=$VTPMRING_BUILD/lib/tcti \
        simxen run --domain "$guest" -- "$@" \
        <"$work/client.in" >"$work/client.answers" 2>>"$work/client.out" &
    client_pid=$!
    disown
    exec {client_in}>&- {client_out}<&-
    exec {client_in}>"$work/client.in" {client_out}<"$work/client.answers"
}

# ask LINE...: its answer in $answer and on stdout.
ask()
{
    printf '%s\n' "$*" >&"$client_in"
    read -r -t $command_limit_s answer <&"$client_out" || {
        echo "the client said nothing to: ${*:0:60}"
        return 1
    }
    printf '%.200s\n' "$answer"
}

client_hang_up()
{
    exec {client_in}>&- {client_out}<&-
    exec {client_in}>/dev/null {client_out}</dev/null
}

client_end()
{
    client_hang_up
    within 10 gone "$client_pid"
}

# number BYTES VALUE: big-endian hexadecimal.
number()
{
    printf "%0$(($1 * 2))x" "$2"
}

# tpm2_raw CODE [HEX [SESSIONS]]: a TPM 2.0 command as hexadecimal digits.
tpm2_raw()
{
    local body=${2:-}
    printf '%s%s%s%s' "${3:-8001}" "$(number 4 $((10 + ${#body} / 2)))" \
        "$(number 4 "$1")" "$body"
}

# A TPM2_GetRandom of N bytes.
random_raw()
{
    tpm2_raw 0x17b "$(number 2 "$1")"
}

# A TPM2_CreatePrimary of an RSA-2048 signing key; N makes it a key of its
# own. Finding its primes is the longest that a TPM does.
primary_raw()
{
    local body public=0001000b00040072000000100014000b080000000000
    public+=0100$(number 4 "$1")$(printf '00%.0s' {1..252})
    body=40000007                        # hierarchy: null
    body+=00000009400000090000000000     # empty password
    body+=000400000000                   # no authorisation, no data
    body+=$(number 2 $((${#public} / 2)))$public
    body+=000000000000                   # no outside data, no PCRs
    tpm2_raw 0x131 "$body" 8002
}
