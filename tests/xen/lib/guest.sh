# SPDX-License-Identifier: MIT
# Guests: the device's nodes, and commands by way of xenstore.

# on GUEST COMMAND: runs a line of shell in the guest; its output and exit code
# are those of this function.
on()
{
    local path rc number
    path=/local/domain/$(domid "$1")/data
    shift
    number=$(now)
    printf 'guest$ %s\n' "$*" >&2
    xenstore-write -R "$path/cmd" "$number $*"
    on_wait "$path" "$number" || return 1
    rc=$(xenstore-read "$path/rc")
    printf '%s\n' "$(xenstore-read -R "$path/out")"
    return "${rc#* }"
}

# A guest that has just been created may still boot.
on_wait()
{
    local end answer
    end=$(($(now) + 20000))
    while :; do
        answer=$(xenstore-read "$1/rc" 2>/dev/null) || answer=
        [ "${answer%% *}" != "$2" ] || return 0
        [ "$(now)" -lt $end ] || fail "the guest does not answer" || return 1
        sleep 0.05
    done
}

# begin GUEST COMMAND: runs it in the guest, in the background.
begin()
{
    on "$1" "rm -f rc; { $2; echo \$? >rc.new; mv rc.new rc; } >begin.log 2>&1 &"
}

# outcome GUEST: the exit code of what was begun; fails while that runs.
outcome()
{
    on "$1" 'cat rc'
}

# front GUEST, back GUEST: the directories of its vtpm device.
front()
{
    echo "/local/domain/$(domid "$1")/device/vtpm/0"
}

back()
{
    xenstore-read "$(front "$1")/backend"
}

connected()
{
    node_is "$(front "$1")/state" 4 && node_is "$(back "$1")/state" 4
}

# states_watch GUEST: from here on, states_written counts.
states_watch()
{
    xenstore-watch "$(front "$1")/state" "$(back "$1")/state" \
        >"$work/written" &
    echo $! >"$work/watcher"
    within 5 states_watched
}

# A watch begins with an event.
states_watched()
{
    [ "$(wc -l <"$work/written")" -ge 2 ]
}

# states_written GUEST front|back: how often it has written its state.
states_written()
{
    echo $(($(grep -cx "$("$2" "$1")/state" "$work/written") - 1))
}

states_unwatch()
{
    kill "$(cat "$work/watcher")"
}

show_device()
{
    xenstore-ls -fp "$(front "$1")"
    xenstore-ls -fp "$(back "$1")"
}

# pcr GUEST NUMBER: of the SHA-256 bank.
pcr()
{
    local out
    out=$(on "$1" "tpm2_pcrread sha256:$2") || return
    echo "$out" | awk '/0x/ { print $NF }'
}

# pcrs GUEST: all of the SHA-256 bank.
pcrs()
{
    on "$1" 'tpm2_pcrread sha256'
}

# pcrs_extend GUEST: some of them: of the firmware's, the system's, and the one
# for debugging.
pcrs_extend()
{
    local what
    what=sha256=$(echo "$1" | sha256sum | cut -c1-64)
    on "$1" "tpm2_pcrextend 0:$what 7:$what 10:$what 16:$what"
}

# pcrs_are GUEST WANTED, pcrs_are_not GUEST OTHER: all of what pcrs prints.
pcrs_are()
{
    local is
    is=$(pcrs "$1")
    [ "$is" = "$2" ] || fail "PCRs are
$is
and should be
$2"
    echo "PCRs: $(echo "$is" | digest)"
}

pcrs_are_not()
{
    differ "PCRs" "$(pcrs "$1" | digest)" "$(echo "$2" | digest)"
}

digest()
{
    sha256sum | cut -c1-16
}

# tpm_raw GUEST HEX: sends a command as it is; prints the response.
tpm_raw()
{
    on "$1" "exec 3<>/dev/tpm0 && echo $2 | xxd -r -p >&3 &&
        dd bs=4096 count=1 <&3 2>/dev/null | xxd -p | tr -d '\n'"
}

zero_pcr=0x$(printf '%064d' 0)

# nv_write GUEST, nv_kept GUEST: an NV index, and that it is still there.
nv_write()
{
    step "$1: write an NV index"
    on "$1" 'tpm2_nvdefine -Q 0x1500016 -s 5 && printf hello | tpm2_nvwrite 0x1500016 -i -'
}

nv_kept()
{
    step "$1: the NV index"
    same "NV index" "$(on "$1" 'tpm2_nvread -s 5 0x1500016')" hello
}

# pcrs_show GUEST: a boot PCR, one that extend_works is used on, the debug PCR.
pcrs_show()
{
    on "$1" 'tpm2_pcrread sha256:0,10,16'
}

random_differs()
{
    step "$1: random bytes"
    local one other
    # on its own: an exit code within the arguments of a command is lost
    one=$(on "$1" 'tpm2_getrandom --hex 16')
    other=$(on "$1" 'tpm2_getrandom --hex 16')
    differ "random bytes" "$one" "$other"
}

# extend_works GUEST NUMBER
extend_works()
{
    step "$1: extend PCR $2"
    local before after
    before=$(pcr "$1" "$2")
    on "$1" "tpm2_pcrextend $2:sha256=$(echo "$1" | sha256sum | cut -c1-64)"
    after=$(pcr "$1" "$2")
    differ "PCR $2" "$before" "$after"
}

# quote_works GUEST NUMBER: a key that only quotes, a quote of that PCR, and
# its check. /dev/tpm0 has no resource manager: everything is flushed.
quote_works()
{
    step "$1: quote PCR $2"
    on "$1" 'set -e; flush() { tpm2_flushcontext -t; }
        tpm2_createprimary -Q -C e -G ecc -c primary; flush
        tpm2_create -Q -C primary -G ecc256:ecdsa-sha256:null -u pub -r priv \
            -a "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign|restricted"
        flush
        tpm2_load -Q -C primary -u pub -r priv -c ak; flush
        tpm2_readpublic -Q -c ak -f pem -o ak.pem; flush'
    on "$1" "tpm2_quote -c ak -l sha256:$2 -q 5eed -m m -s s -o p -g sha256 &&
        tpm2_flushcontext -t"
    on "$1" 'tpm2_checkquote -Q -u ak.pem -m m -s s -f p -g sha256 -q 5eed'
    refuses on "$1" \
        'tpm2_checkquote -Q -u ak.pem -m m -s s -f p -g sha256 -q 5eee'
}
