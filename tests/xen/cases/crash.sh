# SPDX-License-Identifier: MIT
# A guest crashes; destroyed and created by hand, and by on_crash="restart".
# not core

crash='echo c >/proc/sysrq-trigger'
step "a guest with a vTPM"
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
domain_create guest-dom0.cfg
extend_works guest 10
nv_write guest

step "it crashes: on_crash=\"destroy\""
device=$(back guest)
domain_ends_itself guest "$crash"
within 30 domain_gone guest
within 3 node_gone "$device"
step "it is created again"
domain_create guest-dom0.cfg 'on_crash="restart"'
nv_kept guest
random_differs guest
pcrs_show guest

step "it crashes: on_crash=\"restart\""
device=$(back guest)
domain_restarts guest "$crash"
node_gone "$device"
nv_kept guest
random_differs guest
pcrs_show guest
vtpm_runs guest
