# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# A machine with Xen, emulated, for one run of script/xen-test.

# Longest time from power on to the first case.
boot_limit_s=300
qemu=

# disks_new FOLDER SIZES: blank disks of such sizes, in place of what there was.
disks_new()
{
    local size number=0
    rm -f "$1"/disk.*
    for size in $2; do
        truncate -s "$size" "$1/disk.$((number++))"
    done
}

# How many processors it has; 1 if empty.
cpus=
# hvm, if guests of that type are to run in it.
guests=

# machine_describe FOLDER: sets machine to the command that boots it: no
# network, no display, no device but serial ports, the disks of FOLDER and a TPM,
# no rights but to compute.
machine_describe()
{
    local disk processor=qemu64,+svm
    [ "$guests" != hvm ] || processor+=,+npt,+nrip-save
    machine=(
        qemu-system-x86_64 -accel "tcg,thread=multi" -M q35
        -cpu "$processor" -m 2048 -smp "${cpus:-1}" -nodefaults -nographic
        -monitor none -no-reboot
        -sandbox "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
        -kernel "$cache/xen.bin"
        -initrd "$cache/stubdom/kernel console=hvc0 panic=-1 rodata=off cryptomgr.notests quiet$tpm_arguments${2:-},$1/initrd"
        -append "console=com1 com1=115200,8n1 dom0_mem=640M" "${tpm[@]}"
    )
    for disk in "$1"/disk.*; do
        [ ! -e "$disk" ] || machine+=(-drive "file=$disk,format=raw,if=virtio")
    done
}

# machine_start FOLDER: in the background. Dom0's console, and the logs that
# it sends, are files in FOLDER. It does not outlive this script.
machine_start()
{
    local machine
    machine_describe "$1"
    setpriv --no-new-privs --pdeathsig KILL -- "${machine[@]}" \
        -serial "file:$1/console.log" -serial "file:$1/files.tar" \
        </dev/null >"$1/qemu.log" 2>&1 &
    qemu=$!
}

# machine_script FOLDER: makes FOLDER/boot, which gives a shell in its dom0.
machine_script()
{
    local machine
    machine_describe "$1" " xen-test-shell"
    printf '#!/bin/sh\nexec %s -serial stdio -serial null\n' \
        "${machine[*]@Q}" >"$1/boot"
    chmod +x "$1/boot"
}

machine_runs()
{
    [ -n "$qemu" ] && kill -0 "$qemu" 2>/dev/null
}

machine_kill()
{
    [ -n "$qemu" ] || return 0
    kill -9 "$qemu" 2>/dev/null || true
    wait "$qemu" 2>/dev/null || true
    qemu=
    tpm_stop
}

# What the cases have said so far: "WORD NAME" a line.
machine_said()
{
    tr -d '\r' 2>/dev/null <"$1/console.log" |
        sed -n 's/^.*@xen-test //p' || true
}
