# SPDX-License-Identifier: MIT
# xl, watched: nothing that a user waits for may run into a time-out of libxl.

# 3 seconds; in proportion more on a machine that is so busy that dom0 takes
# more than 7 to boot, but never libxl's own time-out of 10.
limit_cs=$(awk '{ l = 300 * $1 / 7; print int(l < 300 ? 300 : l > 900 ? 900 : l) }' \
    /xen-test/up)
# What building a domain takes without a vTPM: emulated, it is most of `create`,
# and the most uneven part.
build_cs=$(cat /xen-test/build)

# timed COMMAND...: fails if it takes as long as the limit.
timed()
{
    timed_cs "$limit_cs" "$@"
}

# timed_cs LIMIT COMMAND...: the limit is for all but the toolstack's scripts for
# disks, which are bash and many small programs, and have nothing to do with a
# vTPM.
timed_cs()
{
    local limit=$1 start took scripts rc=0
    shift
    rm -f /run/disk-scripts
    start=$(now)
    "$@" || rc=$?
    took=$(($(now) - start))
    scripts=$(disk_scripts_cs)
    printf 'time: %s s, scripts for disks %s s, the rest %s s, limit %s s: %s\n' \
        "$(seconds $took)" "$(seconds "$scripts")" \
        "$(seconds $((took - scripts)))" "$(seconds "$limit")" "$*"
    [ $rc -eq 0 ] || fail "exit code $rc: $*"
    [ $((took - scripts)) -lt "$limit" ] || fail "took too long: $*"
}

# How long at least one of them ran, since timed_cs removed the record.
disk_scripts_cs()
{
    [ -e /run/disk-scripts ] || echo "0 0" >/run/disk-scripts
    sort -n /run/disk-scripts | awk '
        $1 > end { end = $1 }
        $2 > end { sum += $2 - end; end = $2 }
        END { print int(sum * 100 + 0.5) }'
}

# seconds HUNDREDTHS
seconds()
{
    printf '%d.%02d' $(($1 / 100)) $(($1 % 100))
}

# domain_create CONFIG [SETTING...]: one of /etc/xen, used as it is, with the
# settings of its author's machine that are ours to choose: here, a kernel that
# boots faster on an emulated processor; in extra_add, and for all guests of a
# case in guest_driver. SETTING is xl's, as name='"one"'.
domain_create()
{
    local config=/etc/xen/$1 extra
    shift
    extra=$(sed -n 's/^extra = "\(.*\)"$/\1/p' "$config")
    timed_cs $((limit_cs + 2 * build_cs)) xl create -q "$config" \
        "extra=\"$extra rodata=off cryptomgr.notests${guest_driver:+ $guest_driver}${extra_add:-}\"" "$@"
}

# stubdom_create NAME CONFIG [SETTING...]: the same for the domain of a vTPM,
# and until that runs.
stubdom_create()
{
    local name=$1
    shift
    domain_create "$@"
    within 60 node_is "/local/domain/$(domid "$name")/data/vtpm" started
}

# domain_save NAME FILE, domain_restore FILE: timed like domain_create.
domain_save()
{
    timed_cs $((limit_cs + 2 * build_cs)) xl save "$1" "$2"
}

domain_restore()
{
    timed_cs $((limit_cs + 2 * build_cs)) xl restore "$1"
}

# domain_ends_itself NAME COMMAND: by a command that does not come back.
domain_ends_itself()
{
    on "$1" "{ sleep 1; $2; } >/dev/null 2>&1 &"
}

# domain_is_new NAME OLD: whether it runs and has another number than OLD.
domain_is_new()
{
    local id
    id=$(domid "$1") && [ "$id" != "$2" ]
}

# domain_restarts NAME COMMAND: it ends itself, and the toolstack makes it
# anew: a pause of 2 seconds that xl makes, and a destroy, timed; a create.
domain_restarts()
{
    local old
    old=$(domid "$1")
    domain_ends_itself "$1" "$2"
    timed_cs $((300 + limit_cs + 2 * build_cs)) \
        within 60 domain_is_new "$1" "$old"
    within 60 connected "$1"
    cat "/var/log/xen/xl-$1.log"
    refuses grep -i 'error' "/var/log/xen/xl-$1.log"
}

domid()
{
    xl domid "$1"
}

domain_gone()
{
    ! xl domid "$1" 2>/dev/null
}

# domain_ports ID: dom0's event channels to that domain, also those whose other
# end is gone.
domain_ports()
{
    lsevtchn 0 | grep -w "Remote Domain $1" || true
}

domain_ports_gone()
{
    [ -z "$(domain_ports "$1")" ]
}

# A domain's memory is given back page by page, emulated like its building.
domain_destroy()
{
    timed_cs $((limit_cs + build_cs / 4)) xl destroy "$1"
}

# domain_shutdown NAME: in order, until nothing of it is left.
domain_shutdown()
{
    timed xl shutdown -w "$1"
    within 30 domain_gone "$1"
}

everything_destroy()
{
    local name
    # guests before the domains of their vTPMs, so the youngest first
    for name in $(xl list | awk '$2 ~ /^[1-9]/ { print $1 }' | tac); do
        domain_destroy "$name"
    done
    vtpm_stop_all
}
