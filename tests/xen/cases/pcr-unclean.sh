# SPDX-License-Identifier: MIT
# A vtpm that is killed under its guest makes PCRs useless until that boots.
# limit: 600
# not core

step "a guest with a vTPM"
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
domain_create guest-dom0.cfg
reset=$(pcrs guest)
pcrs_extend guest

# static TEXT: of PCRs as pcrs prints them, those that no guest can reset.
static()
{
    echo "$1" | sed -n 's/^ *\([0-9]*\) *: 0x\([0-9A-F]*\)$/\1 \2/p' |
        awk '$1 != 16 && $1 != 23'
}

# all_differ ONE OTHER: in every line.
all_differ()
{
    echo "$1" >"$work/one"
    echo "$2" >"$work/other"
    same "PCRs" "$(wc -l <"$work/one")" 22
    same "PCRs that are as before" "$(grep -cFxf "$work/one" "$work/other")" 0
}

killed_and_started()
{
    kill -9 "$(vtpm_pid guest)"
    within 3 refuses vtpm_runs guest
    vtpm_start guest "$uuid"
}

for round in 1 2; do
    step "killed under its guest, round $round"
    before=$(pcrs guest)
    killed_and_started
    after=$(pcrs guest)
    echo "$after"
    all_differ "$(static "$before")" "$(static "$after")"
    all_differ "$(static "$reset")" "$(static "$after")"
    same "log lines about it" "$(grep -c 'void' "$work/vtpm-guest.log")" "$round"
done

step "they stay so: unbound and bound, restarted in order, restored"
on guest "cd /sys/bus/xen/drivers/vtpm; echo vtpm-0 >unbind; echo vtpm-0 >bind"
pcrs_are guest "$after"
vtpm_stop guest
vtpm_start guest "$uuid"
pcrs_are guest "$after"
domain_save guest "$work/guest.save"
domain_restore "$work/guest.save"
pcrs_are guest "$after"

step "until it boots"
domain_restarts guest 'reboot -f'
pcrs_are guest "$reset"

step "killed while the guest boots: reset by the boot after that"
killed_and_started
pcrs_are_not guest "$reset"
domain_destroy guest
domain_create guest-dom0.cfg
pcrs_are guest "$reset"
