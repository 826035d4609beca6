#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check.sh UNIT PROGRAM DEVICE...: what systemd itself says of the unit: it
# understands every line, and what PROGRAM could still do if it were taken over
# is this and no more. DEVICE is one that it may open to read and write.
set -euo pipefail
export LC_ALL=C
unit=$1
name=${1##*/}
program=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# the installed path is not there yet
sed "s,^ExecStart=[^ ]*,ExecStart=$program," "$unit" >"$work/$name"
cd "$work"
systemd-analyze verify --man=no "./$name" 2>&1 | tee said
[ ! -s said ] || {
    echo "systemd has something to say of $unit"
    exit 1
}

# root without rights (User, PrivateUsers), Xen's devices (and the clock's, which
# ProtectClock lists), xenstored's socket, and no file system of its own
allowed='^(User=/DynamicUser=|PrivateUsers=|PrivateDevices=|DeviceAllow=|RestrictAddressFamilies=~AF_UNIX|RootDirectory=/RootImage=|PrivateMounts=|ProcSubset=)$'
systemd-analyze security --offline=true --threshold=15 --no-pager \
    "./$name" >said || {
    cat said
    exit 1
}
tail -n 1 said
awk '$1 == "-" { print $2 }' said >open
[ -s open ] || {
    echo "no line understood: systemd-analyze prints another form"
    exit 1
}
devices=$(sed -n 's/.*special devices: //p' said | grep -o '[^ ]*:[rwm]*' |
    sort | tr '\n' ' ') || true
wanted=$( (printf '%s:rw\n' "$@" && echo char-rtc:r) | sort | tr '\n' ' ')
[ "$devices" = "$wanted" ] || {
    echo "devices: is [$devices], should be [$wanted]"
    exit 1
}
! grep -vE "$allowed" open || {
    echo "open, and should not be"
    exit 1
}
