# SPDX-License-Identifier: MIT
# vtpmring_tpmfront: a silent backend, rmmod, shutdown; beside the stock driver.
# limit: 900
# not core

vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
step "both drivers are there: the device changes hands without a reboot"
domain_create guest-dom0.cfg
within 20 connected guest
on guest 'echo vtpm-0 >/sys/bus/xen/drivers/vtpm/unbind &&
    insmod /modules/vtpmring_tpmfront.ko'
within 10 connected guest
tpm_is guest 2
on guest 'rmmod vtpmring_tpmfront && ! ls /dev/tpm0'
step "the one that is loaded first has it, the other one does no harm"
on guest 'rmmod xen-tpmfront; insmod /modules/vtpmring_tpmfront.ko &&
    insmod /modules/xen-tpmfront.ko'
within 10 connected guest
tpm_is guest 2
random_differs guest
on guest 'rmmod xen-tpmfront'

step "the backend is silent: errors in time, and nothing hangs"
parameter guest command_ms 1000
parameter guest cancel_ms 500
parameter guest connect_ms 1000
kill -STOP "$(vtpm_pid guest)"
start=$(now)
refuses on guest 'tpm2_getrandom -T device:/dev/tpm0 --hex 8'
less "time until it failed, 1/100 s" $(($(now) - start)) 1500
step "unbound and bound while it is silent"
start=$(now)
on guest 'echo vtpm-0 >/sys/bus/xen/drivers/vtpmring_tpmfront/unbind'
less "time until it was unbound, 1/100 s" $(($(now) - start)) 1500
on guest 'rmmod vtpmring_tpmfront'
kill -CONT "$(vtpm_pid guest)"
on guest 'insmod /modules/vtpmring_tpmfront.ko'
within 30 connected guest
within 10 on guest 'ls /dev/tpm0'
random_differs guest

step "the backend goes and comes, often"
for round in 1 2 3 4 5; do
    vtpm_kill guest
    vtpm_start guest "$uuid"
done
within 20 on guest 'tpm2_getrandom --hex 8'
same "devices" "$(on guest 'ls /dev/tpm[0-9]*')" /dev/tpm0

step "a shutdown while it is silent"
parameter guest command_ms 20000
kill -STOP "$(vtpm_pid guest)"
begin guest 'tpm2_getrandom --hex 8'
domain_ends_itself guest 'dmesg >/dev/hvc0; poweroff -f'
within 60 domain_gone guest
kill -CONT "$(vtpm_pid guest)"
vtpm_runs guest
