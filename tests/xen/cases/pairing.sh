# SPDX-License-Identifier: MIT
# vtpm-xl starts and ends a guest with its vTPM: in its own domain, in dom0.
# not core
# limit: 600

# config NAME FILE: as users get it, but for a kernel that boots faster emulated.
config()
{
    sed 's/^\(extra = ".*\)"$/\1 rodata=off cryptomgr.notests"/' \
        "/etc/xen/$1" >"$2"
}

# obeys: the guest's init knows no signals, as its poweroff would send.
obeys()
{
    on guest 'rm /sbin/poweroff
        printf "#!/bin/sh\nexec /bin/busybox poweroff -f\n" >/sbin/poweroff
        chmod 755 /sbin/poweroff'
}

create()
{
    vtpm-xl create "$1" -q
    within 20 connected guest
    xl list
    on guest 'tpm2_getrandom --hex 16'
}

mkdir -p /etc/vtpm
vtpm_disks guest "$uuid"
config vtpm-stubdom.cfg /etc/vtpm/vtpm-guest.cfg
config guest-stubdom.cfg "$work/stubbed.cfg"
config guest-dom0.cfg "$work/served.cfg"

step "the vTPM's domain: a vtpm that ends at once is never ready"
sed 's/vtpm\.uuid=[^ "]*/vtpm.uuid=none/' /etc/vtpm/vtpm-guest.cfg \
    >"$work/wrong.cfg"
xl create -q "$work/wrong.cfg"
within 60 stubdom_said vtpm-guest '^vtpm has ended: 2$'
same "data/vtpm" "$(node "/local/domain/$(domid vtpm-guest)/data/vtpm")" starting
refuses vtpm-xl --timeout 1 create "$work/stubbed.cfg" -q
domain_gone guest
domain_destroy vtpm-guest

step "the vTPM's domain: create"
create "$work/stubbed.cfg"
same "backend's domain" "$(node "$(front guest)/backend-id")" \
    "$(domid vtpm-guest)"
step "a second time: refused, guest and vTPM go on"
refuses vtpm-xl create "$work/stubbed.cfg" -q
connected guest
nv_write guest
step "the vTPM's domain: shutdown"
obeys
vtpm-xl shutdown guest
domain_gone guest
domain_gone vtpm-guest
within 5 stubdom_said vtpm-guest '^vtpm has ended: 0$'
step "the vTPM's domain: create, destroy"
create "$work/stubbed.cfg"
nv_kept guest
vtpm-xl destroy guest
domain_gone guest
domain_gone vtpm-guest

# What vtpm-xl needs of systemd, which is not in this dom0.
cat >/usr/sbin/systemctl <<'END'
#!/bin/sh
[ "$1" != --quiet ] || shift
name=${2#vtpm@}
name=${name%.service}
pid=$(cat "/run/$name.pid" 2>/dev/null)
case $1 in
is-active) [ -n "$pid" ] && [ -d "/proc/$pid" ] ;;
start)
    . "/etc/vtpm/$name.conf"
    rm -f /run/ready
    mkfifo /run/ready
    vtpm --uuid "$UUID" --state "$STATE" --key-file "$KEY_FILE" \
        --ready-fd 3 3>/run/ready >>"/tmp/case/vtpm-$name.log" 2>&1 </dev/null &
    echo $! >"/run/$name.pid"
    read -r _ </run/ready
    ;;
stop)
    kill "$pid"
    while [ -d "/proc/$pid" ]; do
        sleep 0.05
    done
    ;;
esac
END
chmod 755 /usr/sbin/systemctl
vtpm_make served "$uuid"
printf 'UUID=%s\nSTATE=%s\nKEY_FILE=%s\n' "$uuid" "$work/served.state" \
    "$work/key" >/etc/vtpm/served.conf

step "dom0: a guest that xl cannot make; its vTPM is ended again"
refuses vtpm-xl create "$work/served.cfg" -q 'ramdisk="/boot/nothing"'
domain_gone guest
refuses systemctl is-active vtpm@served.service
step "dom0: create"
create "$work/served.cfg"
same "backend's domain" "$(node "$(front guest)/backend-id")" 0
step "dom0: shutdown"
obeys
vtpm-xl shutdown guest
domain_gone guest
refuses systemctl is-active vtpm@served.service
step "dom0: create, destroy"
create "$work/served.cfg"
vtpm-xl destroy guest
domain_gone guest
refuses systemctl is-active vtpm@served.service
rm -r /etc/vtpm /usr/sbin/systemctl
