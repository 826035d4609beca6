# SPDX-License-Identifier: MIT
# The vtpm is stopped in order and started again under its guest.
# not core

step "a guest with a vTPM"
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
domain_create guest-dom0.cfg
extend_works guest 10
nv_write guest

step "stopped between two commands"
states_watch guest
vtpm_stop guest
connected guest
step "a command while it is away"
begin guest 'tpm2_getrandom --hex 16'
refuses outcome guest
step "started again"
vtpm_start guest "$uuid"
within 20 outcome guest
same "exit code of that command" "$(outcome guest)" 0
same "writes of the guest's state" "$(states_written guest front)" 0
same "writes of the vTPM's state" "$(states_written guest back)" 1
connected guest
states_unwatch
nv_kept guest
random_differs guest
pcrs_show guest

step "stopped in mid-command, which is answered first"
vtpm_occupy guest guest
refuses outcome guest
kill "$(vtpm_pid guest)"
within 120 refuses vtpm_runs guest
connected guest
step "started again, for what the tool sends after that"
vtpm_start guest "$uuid"
within 20 vtpm_connected guest 3
within 120 outcome guest
same "exit code of that command" "$(outcome guest)" 0
nv_kept guest
random_differs guest
pcrs_show guest
