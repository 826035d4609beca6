# SPDX-License-Identifier: MIT
# A guest reboots, and the toolstack makes it anew: on_reboot="restart".
# not core

step "a guest with a vTPM"
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
domain_create guest-dom0.cfg
extend_works guest 10
nv_write guest

for round in 1 2; do
    step "reboot, round $round"
    device=$(back guest)
    domain_restarts guest 'reboot -f'
    node_gone "$device"
    differ "device" "$device" "$(back guest)"
    nv_kept guest
    random_differs guest
    pcrs_show guest
done
vtpm_runs guest
