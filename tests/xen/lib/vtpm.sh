# SPDX-License-Identifier: MIT
# vTPMs: as processes of dom0, and in domains of their own.

# the UUID in the example configurations, and another
uuid=ac0a5b9e-cbe2-4c07-b43b-1d69e46fb839
uuid2=bd1b6caf-dcf3-4d18-a54c-2e7af570c94a

vtpm_key()
{
    [ -e "$work/key" ] || (umask 077 && head -c 32 /dev/urandom >"$work/key")
}

# vtpm_make NAME UUID [OPTION...]: a new TPM.
vtpm_make()
{
    local name=$1 uuid=$2
    shift 2
    vtpm_key
    vtpm --provision --exit --uuid "$uuid" --state "$work/$name.state" \
        --key-file "$work/key" "$@"
}

# vtpm_start NAME UUID [OPTION...]: serves it from dom0.
vtpm_start()
{
    local name=$1 uuid=$2
    shift 2
    vtpm --uuid "$uuid" --state "$work/$name.state" --key-file "$work/key" "$@" \
        >>"$work/vtpm-$name.log" 2>&1 </dev/null &
    echo $! >"$work/$name.pid"
}

vtpm_pid()
{
    cat "$work/$1.pid"
}

vtpm_runs()
{
    [ -d "/proc/$(vtpm_pid "$1")" ]
}

# vtpm_stop NAME: in order, within a second.
vtpm_stop()
{
    kill "$(vtpm_pid "$1")"
    within 1 refuses vtpm_runs "$1"
}

# vtpm_kill NAME: without a chance to do anything about it.
vtpm_kill()
{
    kill -9 "$(vtpm_pid "$1")"
    within 1 refuses vtpm_runs "$1"
}

# vtpm_connected NAME COUNT: whether guests have connected so many times; a
# process that takes over a connection is one of them.
vtpm_connected()
{
    [ "$(grep -c 'frontend connected' "$work/vtpm-$1.log")" -eq "$2" ]
}

# vtpm_ticks NAME: the processor time that it has used, in hundredths of a
# second.
vtpm_ticks()
{
    awk '{ print $14 + $15 }' "/proc/$(vtpm_pid "$1")/stat"
}

# vtpm_worked NAME TICKS
vtpm_worked()
{
    [ "$(vtpm_ticks "$1")" -ge "$2" ]
}

# vtpm_maps NAME: how many pieces of guests' memory it has mapped.
vtpm_maps()
{
    grep -c /dev/xen/gntdev "/proc/$(vtpm_pid "$1")/maps" || true
}

# vtpm_occupy NAME GUEST: the guest begins commands that take seconds, or, by luck,
# less: so there are three. Returns when the vTPM is in the middle of one. outcome
# has how they went.
vtpm_occupy()
{
    local before
    before=$(vtpm_ticks "$1")
    begin "$2" 'make() { tpm2_createprimary -Q -C o -G rsa3072 -g $1 &&
            tpm2_flushcontext -t; }
        make sha256 && make sha384 && make sha1'
    within 60 vtpm_worked "$1" $((before + 30))
}

# vtpm_timed NAME: what it has said last of its service times, into count, p50,
# p99 and longest; prints it.
vtpm_timed()
{
    local line
    line=$(grep '^vtpm: service time of ' "$work/vtpm-$1.log" | tail -n 1)
    echo "$line"
    set -- $(echo "$line" | sed 's/p[59][09]//g' | tr -cd '0-9 ')
    count=$1 p50=$2 p99=$3 longest=$4
}

vtpm_stop_all()
{
    local file name
    for file in "$work"/*.pid; do
        [ -e "$file" ] || continue
        name=${file##*/}
        [ "$name" != agent.pid ] || continue
        ! vtpm_runs "${name%.pid}" || vtpm_stop "${name%.pid}"
    done
    vtpm_disks_remove
}

# stubdom_said NAME PATTERN: the lines of its console that match.
stubdom_said()
{
    tr -d '\r' <"/var/log/xen/guest-$1.log" | grep "$2"
}

# stubdom_tenths NAME: the processor time that a domain has used, in tenths of a
# second.
stubdom_tenths()
{
    xl list "$1" | awk 'END { print $NF * 10 }'
}

# stubdom_worked NAME TENTHS
stubdom_worked()
{
    [ "$(stubdom_tenths "$1")" -ge "$2" ]
}

# TPM2_CreatePrimary: an RSA key of 3072 bits, as the owner, whose password is
# empty; for printf, with the hash of its name.
create_primary=800200000043000001314000000100000009400000090000000000000400000000\
001a0001%s00030072000000060080004300100c00000000000000000000000000

# stubdom_occupy NAME GUEST: like vtpm_occupy, and nothing is sent after a command
# that has failed.
stubdom_occupy()
{
    local before
    before=$(stubdom_tenths "$1")
    begin "$2" "exec 3<>/dev/tpm0
        make() { printf $create_primary \$1 | xxd -r -p >command &&
            cat command >&3 && dd bs=4096 count=1 <&3 >response &&
            [ -s response ]; }
        make 000b && make 000c && make 0004"
    within 60 stubdom_worked "$1" $((before + 5))
}

# vtpm_disks NAME UUID: the disks that vtpm-stubdom.cfg names, with a new TPM on one.
vtpm_disks()
{
    local name=$1 uuid=$2 kind file
    vtpm_key
    truncate -s 4M "$work/$name.state"
    cp "$work/key" "$work/$name.key"
    truncate -s 4096 "$work/$name.key"
    mkdir -p /dev/vg
    for kind in state key; do
        file=$(losetup -f)
        losetup "$file" "$work/$name.$kind"
        ln -s "$file" "/dev/vg/vtpm-$name-$kind"
        echo "$file" >>"$work/loops"
    done
    vtpm --provision --exit --uuid "$uuid" --key-file "$work/key" \
        --state "/dev/vg/vtpm-$name-state"
}

vtpm_disks_remove()
{
    [ -e "$work/loops" ] || return 0
    while read -r device; do
        losetup -d "$device"
    done <"$work/loops"
    rm -rf /dev/vg "$work/loops"
}

# ---- the agent, which every case runs with ----

agent_start()
{
    vtpm-agent --state "$work/agent" >>"$work/agent.log" 2>&1 </dev/null &
    echo $! >"$work/agent.pid"
}

agent_runs()
{
    [ -d "/proc/$(cat "$work/agent.pid")" ]
}

# agent_stop: in order. agent_kill: not.
agent_stop()
{
    kill "$(cat "$work/agent.pid")"
    within 3 refuses agent_runs
}

agent_kill()
{
    kill -9 "$(cat "$work/agent.pid")"
}

# agent_said COUNT WORDS: whether it has said so, so many times in this case.
agent_said()
{
    [ "$(grep -cF -- "$2" "$work/agent.log")" -eq "$1" ]
}

# agent_says COUNT WORDS: it has, or is about to.
agent_says()
{
    within 10 agent_said "$1" "$2" || {
        cat "$work/agent.log"
        fail "not $1 times: $2"
    }
}
