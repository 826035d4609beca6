# SPDX-License-Identifier: MIT
# A guest reboots, crashes, is destroyed and made anew: PCRs reset, NV kept.
# limit: 600
# not core

crash='echo c >/proc/sysrq-trigger'
step "a guest with a vTPM"
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
domain_create guest-dom0.cfg 'on_crash="restart"'
reset=$(pcrs guest)
echo "$reset"
nv_write guest

# boots HOW COMMAND...: PCRs do not outlive it, the NV index does.
boots=1
boots()
{
    step "$1"
    shift
    boots=$((boots + 1))
    pcrs_extend guest
    pcrs_are_not guest "$reset"
    device=$(back guest)
    "$@"
    node_gone "$device"
    differ "device" "$device" "$(back guest)"
    pcrs_are guest "$reset"
    nv_kept guest
    agent_says $boots boots
}

destroyed_and_created()
{
    domain_destroy guest
    within 3 node_gone "$device"
    domain_create guest-dom0.cfg 'on_crash="destroy"'
}

crashed_and_created()
{
    domain_ends_itself guest "$crash"
    within 30 domain_gone guest
    within 3 node_gone "$device"
    domain_create guest-dom0.cfg
}

boots "reboot" domain_restarts guest 'reboot -f'
boots "once more" domain_restarts guest 'reboot -f'
boots "crash: on_crash=\"restart\"" domain_restarts guest "$crash"
boots "destroy and create" destroyed_and_created
boots "crash: on_crash=\"destroy\", and create" crashed_and_created
random_differs guest
vtpm_runs guest
