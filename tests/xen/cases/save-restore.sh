# SPDX-License-Identifier: MIT
# A guest is saved and restored; its vTPM goes on.
# not core

step "a guest with a vTPM"
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
domain_create guest-dom0.cfg
extend_works guest 10
nv_write guest
on guest 'echo kept >marker'

for round in 1 2; do
    step "save, round $round"
    old=$(domid guest)
    device=$(back guest)
    domain_save guest "$work/guest.save"
    within 3 node_gone "$device"
    domain_gone guest
    step "restore, round $round"
    domain_restore "$work/guest.save"
    rm "$work/guest.save"
    differ "domain" "$old" "$(domid guest)"
    within 20 connected guest
    same "file in the guest's memory" "$(on guest 'cat marker')" kept
    within 10 on guest 'ls /dev/tpm[0-9]*'
    nv_kept guest
    random_differs guest
    pcrs_show guest
done
vtpm_runs guest
