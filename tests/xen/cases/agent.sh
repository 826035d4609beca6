# SPDX-License-Identifier: MIT
# What vtpm-agent sees of a guest: created, rebooted, saved, gone, and so on.
# limit: 600
# not core

step "created: it boots"
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
domain_create guest-dom0.cfg
agent_says 1 boots
within 20 connected guest
within 10 agent_said 1 runs
show_device guest
same "who may do what with the node guest" \
    "$(xenstore-ls -fp "$(back guest)" | sed -n 's,.*/guest = .*(,(,p')" \
    "(n0,r$(domid guest))"
refuses on guest "xenstore-write $(back guest)/guest boot"
on guest "xenstore-read $(back guest)/guest"

step "rebooted: it has ended, and boots"
domain_restarts guest 'reboot -f'
agent_says 1 "has ended"
agent_says 2 boots
within 10 agent_said 2 runs

step "detached and attached"
timed xl vtpm-detach guest "$uuid"
agent_says 1 "lets go of its vTPM"
timed xl vtpm-attach guest "uuid=$uuid" backend=0
agent_says 3 runs

step "saved, and goes on where it is"
xl save -c guest "$work/guest.save"
agent_says 1 "is suspended"
agent_says 4 runs
within 10 connected guest
step "saved and restored"
domain_save guest "$work/guest.save"
agent_says 2 "is suspended"
same "remembered" "$(cat "$work/agent/$uuid")" suspended
domain_restore "$work/guest.save"
agent_says 1 resumes
within 20 connected guest
agent_says 5 runs
agent_said 2 boots

step "destroyed and created"
domain_destroy guest
agent_says 2 "lets go of its vTPM"
domain_create guest-dom0.cfg
agent_says 3 boots

step "shut down while the agent is away"
agent_stop
device=$(back guest)
domain_ends_itself guest 'poweroff -f'
within 30 domain_gone guest
within 3 node_gone "$device"
agent_start
domain_create guest-dom0.cfg
agent_says 1 "it may have been saved"
agent_says 2 resumes
cat "$work/agent.log"
