# SPDX-License-Identifier: MIT
# A guest goes on: PCRs are kept over bind, attach, save, a restart of vtpm.
# limit: 600
# not core

step "a guest with a vTPM"
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
domain_create guest-dom0.cfg
nv_write guest
on guest 'echo kept >marker'
pcrs_extend guest
before=$(pcrs guest)
echo "$before"

# keeps HOW COMMAND...: PCRs are what they were, and can be extended.
keeps()
{
    step "$1"
    shift
    "$@"
    within 20 connected guest
    within 10 on guest 'ls /dev/tpm[0-9]*'
    pcrs_are guest "$before"
    pcrs_extend guest
    pcrs_are_not guest "$before"
    before=$(pcrs guest)
}

# linux-front-keep.sh runs this, too, with another driver
: "${bus:=/sys/bus/xen/drivers/vtpm}"
keeps "unbind and bind" \
    on guest "echo vtpm-0 >$bus/unbind; echo vtpm-0 >$bus/bind"

detached_and_attached()
{
    timed xl vtpm-detach guest "$uuid"
    timed xl vtpm-attach guest "uuid=$uuid" backend=0
}
keeps "detach and attach" detached_and_attached

vtpm_restarted()
{
    vtpm_stop guest
    vtpm_start guest "$uuid"
}
keeps "the vtpm is restarted in order" vtpm_restarted

# saved_and_restored COMMAND...: which is between the two.
saved_and_restored()
{
    local old device
    old=$(domid guest)
    device=$(back guest)
    domain_save guest "$work/guest.save"
    within 3 node_gone "$device"
    domain_gone guest
    "$@"
    domain_restore "$work/guest.save"
    rm "$work/guest.save"
    differ "domain" "$old" "$(domid guest)"
}

restored_well()
{
    same "file in the guest's memory" "$(on guest 'cat marker')" kept
    nv_kept guest
}

keeps "save and restore" saved_and_restored true
restored_well
keeps "save and restore, the vtpm restarted between the two" \
    saved_and_restored vtpm_restarted
restored_well
random_differs guest

step "and a reboot resets them"
domain_restarts guest 'reboot -f'
same "PCR 10" "$(pcr guest 10)" "$zero_pcr"
