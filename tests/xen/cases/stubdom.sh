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
step "write an NV index"
on guest 'tpm2_nvdefine -Q 0x1500016 -s 5 && printf hello | tpm2_nvwrite 0x1500016 -i -'

step "restart both domains"
device=$(back guest)
domain_destroy guest
within 3 node_gone "$device"
domain_shutdown vtpm-guest
stubdom_create vtpm-guest vtpm-stubdom.cfg
domain_create guest-stubdom.cfg
step "the state is there"
same "NV index" "$(on guest 'tpm2_nvread -s 5 0x1500016')" hello
show_device guest
