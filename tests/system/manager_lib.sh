# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2119,SC2120,SC2154
# vtpmmgr in a domain, and vTPMs that have their keys from it. Sourced after
# lib.sh; `root` says who opens the store.

# manager_start [OPTION...]: returns when it serves.
manager_start()
{
    rm -f manager.code
    (
        rc=0
        simxen run --domain manager -- \
            vtpmmgr --root "$root" --store store --socket "$work/manager.sock" \
            "$@" {client_in}>&- {client_out}<&- || rc=$?
        echo $rc >manager.code
    ) >>manager.out 2>&1 </dev/null &
    disown
    within 20 manager_serves
}

manager_pids()
{
    pgrep -f "^vtpmmgr .*--socket $work/manager.sock" || :
}

manager_serves()
{
    [ -S manager.sock ] && [ -n "$(manager_pids)" ]
}

manager_gone()
{
    [ -z "$(manager_pids)" ] && [ -e manager.code ]
}

# manager_end SIGNAL
manager_end()
{
    # shellcheck disable=SC2046
    kill "-$1" $(manager_pids)
    within 20 manager_gone
    rm -f manager.sock
}

manager_kill()
{
    manager_end KILL
}

manager_stop()
{
    manager_end TERM
}

# managed NAME UUID OPTION...: a vtpm with a manager, in the foreground.
managed()
{
    local name=$1 uuid=$2
    shift 2
    timeout 20 simxen run --domain "$name" -- \
        vtpm --uuid "$uuid" --state "$name.state" --manager \
        --manager-timeout-ms 2000 "$@" </dev/null
}

# managed_start NAME UUID [OPTION...]: one that serves.
managed_start()
{
    local name=$1 uuid=$2
    shift 2
    vtpm_start "$name" "$uuid" --key-file '' --manager \
        --manager-timeout-ms 2000 "$@"
}

# write_nv GUEST TEXT, nv_is GUEST TEXT: an index of 16 bytes.
write_nv()
{
    printf '%-16s' "$2" >"nv.$1"
    in_domain "$1" tpm2_nvwrite -Q 0x1500001 -i "nv.$1"
}

nv_is()
{
    same "the NV index of $1" "$(in_domain "$1" tpm2_nvread 0x1500001)" \
        "$(printf '%-16s' "$2")"
}

# fails PATTERN COMMAND...: it says so in a line, exit code 1.
fails()
{
    local pattern=$1 rc=0
    shift
    "$@" >said 2>&1 || rc=$?
    cat said
    same "exit code" "$rc" 1
    grep -q "^vtpm[a-z]*: .*$pattern" said
}
