# SPDX-License-Identifier: MIT
# A guest that boots has PCRs with their reset values: reboot, crash, destroy.
# limit: 600
# not core

step "a guest with a vTPM"
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
domain_create guest-dom0.cfg 'on_crash="restart"'
reset=$(pcrs guest)
echo "$reset"

# boots_reset HOW COMMAND...: PCRs do not outlive it.
boots_reset()
{
    step "$1"
    pcrs_extend guest
    pcrs_are_not guest "$reset"
    shift
    "$@"
    pcrs_are guest "$reset"
}

destroyed_and_created()
{
    domain_destroy guest
    domain_create guest-dom0.cfg
}

boots_reset "reboot" domain_restarts guest 'reboot -f'
boots_reset "crash: on_crash=\"restart\"" \
    domain_restarts guest 'echo c >/proc/sysrq-trigger'
boots_reset "destroy and create" destroyed_and_created
agent_says 4 boots
