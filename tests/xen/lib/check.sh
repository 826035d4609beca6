# SPDX-License-Identifier: MIT
# Steps, comparisons, waiting, xenstore before and after.

step=begin
# step TEXT: what the commands that follow are about.
step()
{
    step=$1
    printf '\n== %s  [%s]\n' "$step" "$(cut -d' ' -f1 /proc/uptime)"
}

fail()
{
    printf '%s\n' "$*" >&2
    return 1
}

# same WHAT IS WANTED
same()
{
    [ "$2" = "$3" ] || fail "$1: is [$2], should be [$3]"
    printf '%s: %s\n' "$1" "$2"
}

# differ WHAT ONE OTHER
differ()
{
    [ "$2" != "$3" ] || fail "$1: [$2] both times"
    printf '%s: %s, %s\n' "$1" "$2" "$3"
}

# less WHAT IS LIMIT
less()
{
    [ "$2" -lt "$3" ] || fail "$1: is $2, should be less than $3"
    printf '%s: %s\n' "$1" "$2"
}

# refuses COMMAND...: it must fail.
refuses()
{
    ! "$@" || fail "should have failed: $*"
}

# Hundredths of a second since boot.
now()
{
    local up
    read -r up _ </proc/uptime
    echo "${up%.*}${up#*.}"
}

# within SECONDS COMMAND...: until it succeeds.
within()
{
    local end
    end=$(($(now) + $1 * 100))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(now)" -lt $end ] || fail "not in time: $*" || return 1
        sleep 0.05
    done
}

# node PATH: its value.
node()
{
    xenstore-read "$1"
}

# node_is PATH VALUE
node_is()
{
    [ "$(xenstore-read "$1" 2>/dev/null)" = "$2" ]
}

node_gone()
{
    ! xenstore-exists "$1"
}

store_before()
{
    xenstore-ls -fp / >"$work/store.before"
}

store_same()
{
    xenstore-ls -fp / >"$work/store.after"
    diff "$work/store.before" "$work/store.after"
}
