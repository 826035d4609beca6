# SPDX-License-Identifier: MIT
# vtpmring_tpmfront takes 10,000 answers of a backend that keeps to no rule.
# limit: 1800
# not core

with_our_driver
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
domain_create guest-dom0.cfg
within 20 connected guest
within 10 on guest 'ls /dev/tpmrm0'
for name in command_ms cancel_ms; do
    parameter guest $name 200
done
vtpm_stop guest

step "the backend turns hostile"
hostile_backend "$(domid guest)" 10000 >"$work/hostile.log" 2>&1 </dev/null &
hostile=$!
begin guest 'tpm_time /dev/tpm0 20000 any'
ended()
{
    ! [ -d /proc/$hostile ]
}
within 1700 ended
cat "$work/hostile.log"
grep -q '^10000 answers' "$work/hostile.log"

step "the guest lives, and its driver"
vtpm_start guest "$uuid"
within 60 on guest 'killall tpm_time 2>/dev/null; tpm2_getrandom --hex 8'
on guest 'cat begin.log; dmesg | tail -n 20; dmesg | wc -l'
for name in command_ms; do
    parameter guest $name 20000
done
dmesg_clean guest
random_differs guest
extend_works guest 16
vtpm_runs guest
