# SPDX-License-Identifier: MIT
# What a vTPM in dom0 and dom0 itself hold for a guest.

# Pages of GUEST that dom0 has mapped, as Xen counts them; one is its console's,
# one its xenstore's.
grants_mapped()
{
    local id
    id=$(domid "$1")
    xl dmesg -c >/dev/null
    xl debug-keys g
    within 10 grants_said
    awk -v "of=d$id" '/grant-table for remote/ { on = $(NF - 1) == of; seen += on }
        on && /\[0x/ { n++ } END { print n + 0; exit !seen }' "$work/grants"
}

grants_said()
{
    xl dmesg >"$work/grants"
    grep -q '] done' "$work/grants"
}

# held NAME GUEST: a line for each kind. The vTPM is idle.
held()
{
    local proc mapped
    proc=/proc/$(vtpm_pid "$1")
    mapped=$(grants_mapped "$2")
    printf '%s: %s\n' \
        "descriptors" "$(find "$proc/fd" | wc -l)" \
        "threads" "$(awk '$1 == "Threads:" { print $2 }' "$proc/status")" \
        "pages of the guest in the vTPM" "$(grep -c gntdev "$proc/maps")" \
        "pages of the guest in dom0" "$mapped" \
        "event channels of dom0" "$(lsevtchn | grep -c Interdomain)" \
        "unbound event channels of dom0" "$(lsevtchn | grep -c Waiting)" \
        "nodes of dom0" "$(xenstore-ls -f /local/domain/0 | wc -l)"
}

# memory_kb NAME: what the vTPM has for itself, and its share of the rest.
memory_kb()
{
    awk '$1 == "Pss:" { print $2 }' "/proc/$(vtpm_pid "$1")/smaps_rollup"
}
