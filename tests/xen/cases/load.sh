# SPDX-License-Identifier: MIT
# An hour's use of a vTPM leaves nothing behind: pages, channels, memory, files.
# limit: 600
# not core

# Two commands a second for an hour, about, and what else happens in a day.
rounds=5
driver=/sys/bus/xen/drivers/vtpm

# In a guest with both frontends, each of them in turn. The kernel's is bound at
# the beginning and at the end.
round()
{
    step "round $1: the kernel's frontend"
    on guest 'tpm_load 4088 30'
    step "round $1: unbind and bind"
    on guest "set -e; for n in 1 2 3; do
            echo vtpm-0 >$driver/unbind; echo vtpm-0 >$driver/bind
        done; echo vtpm-0 >$driver/unbind"
    step "round $1: the TCTI"
    on guest 'tpm_load 4096 100'
    step "round $1: detach and attach"
    timed xl vtpm-detach guest "$uuid"
    timed xl vtpm-attach guest "uuid=$uuid" backend=0
    within 10 connected guest
    within 10 on guest 'ls /dev/tpm0'
}

step "a guest with a vTPM"
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
domain_create guest-dom0.cfg
on guest 'insmod /modules/xen-evtchn.ko && insmod /modules/xen-gntalloc.ko'

# what is loaded, mapped or allocated once
round 0
held guest guest >"$work/held.before"
memory=$(memory_kb guest)
cat "$work/held.before"
echo "memory: $memory kB"
n=1
while [ $n -le $rounds ]; do
    round $n
    echo "memory: $(memory_kb guest) kB"
    n=$((n + 1))
done

step "as before"
held guest guest >"$work/held.after"
cat "$work/held.after"
grown=$(($(memory_kb guest) - memory))
echo "memory: $memory kB, grown by $grown kB"
diff "$work/held.before" "$work/held.after"
[ $grown -le 16 ] || fail "memory has grown"
vtpm_runs guest
