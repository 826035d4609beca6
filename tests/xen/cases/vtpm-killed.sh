# SPDX-License-Identifier: MIT
# The vtpm is killed in mid-command and started again under its guest.
# not core

step "a guest with a vTPM"
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
domain_create guest-dom0.cfg
nv_write guest

# The NV index is under the TPM's dictionary-attack logic, and a TPM that loses
# its power after its use counts that as a wrong password. Three lock it (0x921),
# as the TPM specification has it, so there are two rounds.
for round in 1 2; do
    step "killed in mid-command, round $round"
    states_watch guest
    vtpm_occupy guest guest
    refuses outcome guest
    vtpm_kill guest
    connected guest
    step "started again, round $round"
    vtpm_start guest "$uuid"
    within 20 vtpm_connected guest $((round + 1))
    within 10 outcome guest
    differ "exit code of the command, of success" "$(outcome guest)" 0
    random_differs guest
    nv_kept guest
    same "writes of the guest's state" "$(states_written guest front)" 0
    same "writes of the vTPM's state" "$(states_written guest back)" 1
    connected guest
    states_unwatch
done
