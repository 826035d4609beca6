# SPDX-License-Identifier: MIT
# One case: what it must leave as it found it, and its end. Called by run.sh
# with the case's name, under `sh -eu`: a command that fails ends the case.

. lib/check.sh
. lib/xl.sh
. lib/guest.sh
. lib/vtpm.sh
. lib/manager.sh
. lib/front.sh
. lib/held.sh

work=/tmp/case
rm -rf $work
mkdir $work
store_before
agent_start

case_end()
{
    rc=$?
    trap - EXIT
    set +e
    [ $rc -eq 0 ] || printf '\nFAILED at: %s\n' "$step"
    [ $rc -eq 0 ] || everything_destroy >/dev/null 2>&1
    [ $rc -eq 0 ] || agent_kill
    exit $rc
}
trap case_end EXIT
trap 'exit 143' TERM
# which of its boots, of a case with several
boot=${1#*.}
. "cases/${1%%.*}.sh"

step "destroy what is left"
everything_destroy
agent_stop
step "dom0's xenstore is as before"
store_same
echo "all is well"
