# SPDX-License-Identifier: MIT
# A guest keeps to no rule, its neighbour works on, both vTPMs live.
# limit: 600
# not core

step "two vTPMs and their guests"
vtpm_make bad "$uuid"
vtpm_make good "$uuid2"
vtpm_start bad "$uuid"
vtpm_start good "$uuid2"
extra_add=' nodriver' domain_create guest-dom0.cfg 'name="bad"'
domain_create guest-dom0.cfg 'name="good"' \
    "vtpm=[\"backend=0,uuid=$uuid2\"]"
random_differs bad
held bad bad >"$work/held.before"
cat "$work/held.before"
kernel_lines=$(dmesg | wc -l)
begun=$(now)

step "the neighbour begins"
begin good 'tpm_load 4088 until enough'

# As a driver after the crash of another.
honest_works()
{
    step "an honest frontend in the same guest"
    on bad 'tpm_load 4096 1'
    vtpm_runs bad
    vtpm_runs good
    refuses outcome good
}

for way in page race revoke exit nodes states; do
    step "hostile: $way"
    on bad "xen_hostile $way"
    honest_works
done

for way in odd-state no-state; do
    step "hostile: $way"
    on bad "xen_hostile $way"
    # longer than the vTPM waits before it removes the nodes of a lost device
    sleep 3
    vtpm_runs bad
    step "the guest has given its vTPM up; the toolstack mends that"
    timed xl vtpm-detach bad "$uuid"
    timed xl vtpm-attach bad "uuid=$uuid" backend=0
    honest_works
done

step "the neighbour ends"
on good 'touch enough'
within 60 outcome good
on good 'cat begin.log' | tee "$work/neighbour"
[ "$(cut -d' ' -f1 "$work/neighbour")" -ge 200 ] || fail "it did not work much"
same "exit code of the neighbour" "$(outcome good)" 0

extend_works bad 16

step "dom0 holds what it held before"
held bad bad >"$work/held.after"
diff "$work/held.before" "$work/held.after"

step "logs"
wc "$work"/*.log
sort "$work/vtpm-bad.log" | uniq -c | sort -n
# 21 lines a minute of a device, and as many of calls that failed
minutes=$((($(now) - begun) / 6000 + 1))
[ "$(wc -l <"$work/vtpm-bad.log")" -le $((42 * minutes + 84)) ] ||
    fail "the vTPM's log is flooded"
same "connections in the log of the neighbour's vTPM" \
    "$(grep -c frontend "$work/vtpm-good.log")" 1
[ $(($(dmesg | wc -l) - kernel_lines)) -lt 100 ] || fail "dom0's log is flooded"
