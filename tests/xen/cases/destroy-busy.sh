# SPDX-License-Identifier: MIT
# A guest is destroyed while its vTPM executes a command.
# not core

step "a guest with a vTPM"
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
domain_create guest-dom0.cfg
nv_write guest

for round in 1 2; do
    step "destroyed in mid-command, round $round"
    device=$(back guest)
    id=$(domid guest)
    vtpm_occupy guest guest
    refuses outcome guest
    same "pages mapped by the vTPM" "$(vtpm_maps guest)" 1
    domain_ports "$id"
    # of xenstore, console, vTPM
    same "dom0's ports to the guest" "$(domain_ports "$id" | wc -l)" 3
    domain_destroy guest
    step "all of it is released, round $round"
    within 3 node_gone "$device"
    same "pages mapped by the vTPM" "$(vtpm_maps guest)" 0
    within 3 domain_ports_gone "$id"
    # a domain stays, without a name, as long as a page of it is mapped
    within 3 refuses xl list "$id"
    step "its next life, round $round"
    domain_create guest-dom0.cfg
    random_differs guest
    nv_kept guest
done
vtpm_runs guest
