# SPDX-License-Identifier: MIT
# Runs the cases of /xen-test/wanted in Domain-0, one after the other, and stops
# at the first that fails: what it leaves behind is not for the next one. Says
# on the console what came out, and sends the logs through the second serial
# port, as one tar archive for each case.

cd /xen-test || exit
# a line discipline would change the bytes
stty -F /dev/ttyS1 raw -echo 115200
uptime_cs()
{
    cut -d' ' -f1 /proc/uptime | tr -d .
}

# collect NAME: everything that says how a case went, to the host.
collect()
{
    cp /var/log/xen/*.log /tmp/case/*.log "/log/$1/" 2>/dev/null
    xl dmesg 2>/dev/null | tail -n 60 >"/log/$1/xen.log"
    dmesg | tail -n 60 >"/log/$1/dom0-kernel.log"
    tar -c -C /log "$1" >/dev/ttyS1
    rm -rf "/log/$1" /var/log/xen/*.log
}

cut -d' ' -f1 /proc/uptime >up
echo "@xen-test up $(cat up)"
# also, libxl leaves some empty folders in xenstore the first time
start=$(uptime_cs)
xl create -q -p /etc/xen/guest-dom0.cfg 'vtpm=[]' || poweroff -f
echo $(($(uptime_cs) - start)) >build
xl destroy guest

while read -r name; do
    limit=$(sed -n 's/^# limit: \([0-9]*\)$/\1/p' "cases/${name%%.*}.sh")
    mkdir -p "/log/$name"
    echo "@xen-test begin $name"
    start=$(uptime_cs)
    timeout -k 5 "${limit:-300}" sh -eu lib/case.sh "$name" \
        >"/log/$name/case.log" 2>&1 </dev/null
    rc=$?
    # 128 and a signal: timeout has ended it
    [ $rc -ne 143 ] && [ $rc -ne 137 ] ||
        echo "not done in ${limit:-300} s" >>"/log/$name/case.log"
    duration=$(($(uptime_cs) - start))
    [ $rc -eq 0 ] && result=ok || result=FAILED
    [ $rc -eq 0 ] || xenstore-ls -fp / >"/log/$name/xenstore.log"
    printf '%s %d.%02d\n' "$result" $((duration / 100)) $((duration % 100)) \
        >"/log/$name/result"
    collect "$name"
    echo "@xen-test $result $name"
    [ $rc -eq 0 ] || break
done <wanted
echo "@xen-test end"
