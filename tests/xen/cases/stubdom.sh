# SPDX-License-Identifier: MIT
# A vtpm in its own domain, its state on a disk, restarted with its guest:
# vtpm-stubdom.cfg, guest-stubdom.cfg.
# limit: 600

step "a vTPM in its own domain"
vtpm_disks guest "$uuid"
stubdom_create vtpm-guest vtpm-stubdom.cfg
domain_create guest-stubdom.cfg
on guest 'ls -l /dev/tpm*'
step "the device in xenstore"
show_device guest
connected guest
same "backend's domain" "$(node "$(front guest)/backend-id")" \
    "$(domid vtpm-guest)"

random_differs guest
extend_works guest 16
quote_works guest 16
nv_write guest

step "restart both domains"
device=$(back guest)
domain_destroy guest
within 3 node_gone "$device"
domain_shutdown vtpm-guest
step "what the vTPM's console said"
within 5 stubdom_said vtpm-guest '^vtpm has ended: 0$'
stubdom_said vtpm-guest 'random'
pss=$(stubdom_said vtpm-guest '^memory of vtpm (PSS): [0-9]* kB$')
less "PSS of vtpm, kB" "$(echo "$pss" | cut -d' ' -f5)" 8192
step "start both again"
stubdom_create vtpm-guest vtpm-stubdom.cfg
domain_create guest-stubdom.cfg
random_differs guest
nv_kept guest
show_device guest
connected guest
