# SPDX-License-Identifier: MIT
# A vtpm in dom0, and what a guest does with it: guest-dom0.cfg.

step "a vTPM in dom0"
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
step "its guest"
domain_create guest-dom0.cfg
on guest 'ls -l /dev/tpm*'
show_device guest
connected guest
xl vtpm-list guest
same "UUID in xl vtpm-list" \
    "$(xl vtpm-list guest | awk 'NR == 2 { print $3 }')" "$uuid"

random_differs guest
extend_works guest 16
quote_works guest 16

step "destroy the guest"
device=$(back guest)
domain_destroy guest
within 3 node_gone "$device"
vtpm_runs guest
