# SPDX-License-Identifier: MIT
# A vTPM's own domain is destroyed in mid-command, made anew and attached again.
# limit: 600
# not core

step "a vTPM in its own domain, and its guest"
vtpm_disks guest "$uuid"
stubdom_create vtpm-guest vtpm-stubdom.cfg
domain_create guest-stubdom.cfg
nv_write guest
pcrs_extend guest
before=$(pcrs guest)

step "destroyed in mid-command"
front=$(front guest)
device=$(back guest)
stubdom_occupy vtpm-guest guest
domain_destroy vtpm-guest
node_gone "$device"
refuses outcome guest

step "made anew"
stubdom_create vtpm-guest vtpm-stubdom.cfg
within 5 stubdom_said vtpm-guest 'is void until it boots'

# The stock driver waits so long for a response, and nothing can end that.
step "the guest's command fails after two minutes"
within 150 outcome guest
on guest 'cat begin.log'
differ "exit code of the command, of success" "$(outcome guest)" 0

step "detach the device of the domain that is gone"
timed xl vtpm-detach guest 0
node_gone "$front"
same "lines of xl vtpm-list" "$(xl vtpm-list guest | tail -n +2 | wc -l)" 0
within 10 on guest '! ls /dev/tpm*'
step "attach it to the new one"
timed xl vtpm-attach guest "uuid=$uuid" backend=vtpm-guest
within 20 connected guest
within 10 on guest 'ls /dev/tpm*'
show_device guest
same "backend's domain" "$(node "$(front guest)/backend-id")" \
    "$(domid vtpm-guest)"
random_differs guest
nv_kept guest
pcrs_are_not guest "$before"
