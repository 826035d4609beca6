# SPDX-License-Identifier: MIT
# PCRs of a guest that goes on are kept: bind, attach, save, vtpm restarted.
# limit: 600
# not core

step "a guest with a vTPM"
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
domain_create guest-dom0.cfg
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

driver=/sys/bus/xen/drivers/vtpm
keeps "unbind and bind" \
    on guest "echo vtpm-0 >$driver/unbind; echo vtpm-0 >$driver/bind"

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

saved_and_restored()
{
    domain_save guest "$work/guest.save"
    domain_restore "$work/guest.save"
    rm "$work/guest.save"
}
keeps "save and restore" saved_and_restored

saved_meanwhile_restarted()
{
    domain_save guest "$work/guest.save"
    vtpm_restarted
    domain_restore "$work/guest.save"
}
keeps "save and restore, the vtpm restarted between the two" \
    saved_meanwhile_restarted

step "and a reboot resets them"
domain_restarts guest 'reboot -f'
same "PCR 10" "$(pcr guest 10)" "$zero_pcr"
