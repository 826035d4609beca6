# SPDX-License-Identifier: MIT
# A TPM 2.0 as the kernel's other TPMs are: /dev/tpmrm0, many users, hwrng, cancel.
# limit: 900
# not core

with_our_driver
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
step "with the stock driver, a command of 4096 bytes does not pass"
guest_driver=
domain_create guest-dom0.cfg
refuses on guest 'ls /dev/tpmrm0'
refuses on guest 'tpm_load 4096 1'
domain_destroy guest

step "with ours: a TPM 2.0"
guest_driver=ringdriver
domain_create guest-dom0.cfg
within 20 connected guest
within 10 on guest 'ls /dev/tpmrm0'
tpm_is guest 2
on guest 'ls /dev/tpmrm0'
on guest 'grep -r . /sys/class/tpm/tpm0/pcr-sha256/0'
on guest 'grep tpm-rng-0 /sys/class/misc/hw_random/rng_available'
on guest 'head -c 16 /dev/hwrng | xxd'

step "commands of up to 4096 bytes"
on guest 'tpm2_nvundefine 0x1500017; tpm_load 4096 1'

step "four processes at once, over /dev/tpmrm0"
on guest 'export TPM2TOOLS_TCTI=device:/dev/tpmrm0
    work() {
        mkdir $1; cd $1
        for round in 1 2 3; do
            tpm2_createprimary -Q -C o -G ecc -c primary &&
            tpm2_create -Q -C primary -G ecc256 -u u -r r -c key &&
            echo "$1 $round" >text &&
            tpm2_sign -Q -c key -g sha256 -o signature text &&
            tpm2_verifysignature -Q -c key -g sha256 -m text -s signature ||
                exit 1
        done
        echo good >done
    }
    for p in 1 2 3 4; do ( work p$p ) & done; wait
    cat p?/done' | tee "$work/done"
same "processes that succeeded" "$(grep -c good "$work/done")" 4

# The vTPM ends a command between two steps of making a key; emulated, one of
# these takes seconds, and a key may be done first. Then the next one is met.
parameter guest cancel_ms 30000
step "cancelled by root"
keys_begin guest
on guest 'for n in $(seq 200); do
        [ ! -e rc ] || break
        echo 1 >/sys/bus/xen/devices/vtpm-0/cancel_command
        sleep 0.3
    done'
keys_ended guest '0x909\|cancel'
random_differs guest

step "cancelled by the end of its process"
keys_begin guest
on guest 'killed=
    for try in $(seq 50); do
        for process in /proc/[0-9]*; do
            grep -q "^tpm2_create" $process/comm 2>/dev/null || continue
            kill -9 ${process#/proc/}
            killed=$process
        done
        [ -z "$killed" ] || break
        sleep 0.1
    done
    for try in $(seq 30); do
        [ -d "$killed" ] || break
        sleep 0.1
    done
    [ -n "$killed" ] && ! [ -d $killed ]'
within 60 on guest 'tpm2_getrandom --hex 8'
random_differs guest

# A command that makes a key has minutes, whatever the parameter says: this one
# has 2 s.
step "cancelled by its time limit"
parameter guest command_ms 300
states_watch guest
kill -STOP "$(vtpm_pid guest)"
begin guest 'tpm2_getrandom -T device:/dev/tpm0 --hex 8'
sleep 5
refuses outcome guest
kill -CONT "$(vtpm_pid guest)"
keys_ended guest 'imed out\|ime\|0x909'
same "writes of the guest's state" "$(states_written guest front)" 0
states_unwatch
parameter guest command_ms 20000
random_differs guest

step "PCRs, a quote, NV"
extend_works guest 16
quote_works guest 16
nv_write guest
nv_kept guest
dmesg_clean guest
vtpm_runs guest
