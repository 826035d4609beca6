# SPDX-License-Identifier: MIT
# xl vtpm-attach, vtpm-list and vtpm-detach on a running guest.

step "a guest without a vTPM"
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
domain_create guest-dom0.cfg 'vtpm=[]'
refuses on guest 'ls /dev/tpm0'
for round in 1 2 3; do
    step "attach, round $round"
    timed xl vtpm-attach guest "uuid=$uuid" backend=0
    same "UUID in xl vtpm-list" \
        "$(xl vtpm-list guest | awk 'NR == 2 { print $3 }')" "$uuid"
    within 10 connected guest
    within 10 on guest 'ls /dev/tpm0'
    random_differs guest
    step "detach, round $round"
    device=$(back guest)
    timed xl vtpm-detach guest "$uuid"
    within 3 node_gone "$device"
    node_gone "$(front guest)"
    same "lines of xl vtpm-list" "$(xl vtpm-list guest | tail -n +2 | wc -l)" 0
    refuses on guest 'ls /dev/tpm0'
done
vtpm_runs guest
