# SPDX-License-Identifier: MIT
# PCRs in a vTPM's own domain: kept by save, and by its restart; reset by a boot.
# limit: 600
# not core

step "a vTPM in its own domain, and its guest"
vtpm_disks guest "$uuid"
stubdom_create vtpm-guest vtpm-stubdom.cfg
domain_create guest-stubdom.cfg
reset=$(pcrs guest)
pcrs_extend guest
before=$(pcrs guest)
differ "PCRs" "$(echo "$reset" | digest)" "$(echo "$before" | digest)"

step "save and restore"
domain_save guest "$work/guest.save"
domain_restore "$work/guest.save"
within 20 connected guest
within 10 on guest 'ls /dev/tpm[0-9]*'
pcrs_are guest "$before"

step "detached; its domain is shut down and started; attached"
pcrs_extend guest
before=$(pcrs guest)
timed xl vtpm-detach guest "$uuid"
within 10 on guest '! ls /dev/tpm*'
domain_shutdown vtpm-guest
stubdom_create vtpm-guest vtpm-stubdom.cfg
timed xl vtpm-attach guest "uuid=$uuid" backend=vtpm-guest
within 20 connected guest
within 10 on guest 'ls /dev/tpm[0-9]*'
pcrs_are guest "$before"

step "the guest reboots"
domain_restarts guest 'reboot -f'
pcrs_are guest "$reset"
