# SPDX-License-Identifier: MIT
# The driver is unbound and bound again, and loaded anew: PCRs are kept.

step "a guest with a vTPM"
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
domain_create guest-dom0.cfg
extend_works guest 16
extended=$(pcr guest 16)

# linux-front-rebind.sh runs this, too, with another driver
: "${module:=xen-tpmfront}" "${bus:=/sys/bus/xen/drivers/vtpm}"
step "unbind"
on guest "echo vtpm-0 >$bus/unbind"
refuses on guest 'ls /dev/tpm0'
show_device guest
for round in 1 2 3; do
    step "bind, round $round"
    on guest "echo vtpm-0 >$bus/bind"
    connected guest
    same "PCR 16" "$(pcr guest 16)" "$extended"
    on guest "echo vtpm-0 >$bus/unbind"
done
step "unload and load the driver"
on guest "rmmod $module && insmod /modules/$module.ko"
within 10 connected guest
same "PCR 16" "$(pcr guest 16)" "$extended"
random_differs guest
vtpm_runs guest
