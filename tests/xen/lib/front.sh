# SPDX-License-Identifier: MIT
# Guests with vtpmring_tpmfront.

# For the cases of the stock driver that run with this one.
with_our_driver()
{
    guest_driver=ringdriver
    module=vtpmring_tpmfront
    bus=/sys/bus/xen/drivers/vtpmring_tpmfront
}

# parameter GUEST NAME VALUE: of the module.
parameter()
{
    on "$1" "echo $3 >/sys/module/vtpmring_tpmfront/parameters/$2"
}

# tpm_is GUEST MAJOR: what the kernel has found.
tpm_is()
{
    same "TPM version" \
        "$(on "$1" 'cat /sys/class/tpm/tpm0/tpm_version_major')" "$2"
    on "$1" 'ls -l /dev/tpm*'
    on "$1" 'readlink /sys/class/tpm/tpm0/device/driver' | tee "$work/driver"
    grep -q vtpmring_tpmfront "$work/driver"
}

# dmesg_clean GUEST: the kernel has no complaint about itself.
dmesg_clean()
{
    on "$1" 'dmesg | grep -E "WARNING|BUG|Oops|Call Trace|blocked for more|detected.* stall" ||
        echo none' | tee "$work/complaints"
    same "complaints of the guest's kernel" "$(cat "$work/complaints")" none
}

# keys_begin GUEST: makes one primary key after the other, each of another
# template, in the background, until it fails; returns when the vTPM is in the
# middle of that. The making of such keys can be cancelled, that of others not.
keys_begin()
{
    local before
    before=$(vtpm_ticks guest)
    begin "$1" 'while head -c 32 /dev/urandom >policy &&
        tpm2_createprimary -Q -C o -G rsa2048 -L policy; do
        tpm2_flushcontext -t; done'
    within 60 vtpm_worked guest $((before + 30))
}

# keys_ended GUEST PATTERN: it has failed, with a message like that.
keys_ended()
{
    within 120 outcome "$1"
    on "$1" 'cat begin.log' >"$work/keys"
    cat "$work/keys"
    grep -q "$2" "$work/keys"
    on "$1" 'tpm2_flushcontext -t; tpm2_flushcontext -s; tpm2_flushcontext -l; :'
}
