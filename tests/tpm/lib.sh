# SPDX-License-Identifier: MIT
# What the cases share. They run in busybox's sh -eu.

export TPM2TOOLS_TCTI=vtpmring-tis

step()
{
    printf '\n[%s] # %s\n' "$(cut -d' ' -f1 /proc/uptime)" "$*"
}

fail()
{
    echo "FAILED: $*"
    exit 1
}

# same WHAT IS WANTED
same()
{
    echo "$1: $2"
    [ "$2" = "$3" ] || fail "$1 is not '$3'"
}

# refuses TEXT COMMAND...: fails, and says TEXT.
refuses()
{
    local text=$1
    shift
    ! "$@" >/tmp/refused 2>&1 || fail "worked: $*"
    cat /tmp/refused
    grep -q -- "$text" /tmp/refused || fail "does not say '$text': $*"
}

no_driver()
{
    step "the kernel has no driver for it"
    for file in /dev/tpm* /sys/class/tpm/*; do
        [ ! -e "$file" ] || fail "it has one: $file"
    done
    ! grep -i tpm /proc/iomem || echo "the registers are claimed"
}

# found TEXT: what the TCTI says of the chip.
found()
{
    step "which TPM it is"
    TSS2_LOG=tcti+info tpm2_send </tmp/nothing >/dev/null 2>/tmp/found || true
    cat /tmp/found
    grep -q "$1" /tmp/found || fail "it does not say '$1'"
}
: >/tmp/nothing

tools_work()
{
    step "random bytes"
    one=$(tpm2_getrandom --hex 16)
    two=$(tpm2_getrandom --hex 16)
    echo "$one $two"
    same length ${#one} 32
    [ "$one" != "$two" ] || fail "these are not random"

    step "PCRs"
    tpm2_pcrread sha256:0,1,2,3,16
    before=$(tpm2_pcrread sha256:16)
    tpm2_pcrextend "16:sha256=$(printf '%064d' 7)"
    [ "$before" != "$(tpm2_pcrread sha256:16)" ] || fail "PCR 16 is as before"

    step "a key, which signs"
    echo text >text
    echo other >other
    tpm2_createprimary -Q -C o -G ecc -c primary
    tpm2_create -Q -C primary -G ecc256 -u pub -r priv
    tpm2_load -Q -C primary -u pub -r priv -c key
    tpm2_sign -Q -c key -g sha256 -o signature text
    tpm2_verifysignature -Q -c key -g sha256 -m text -s signature
    refuses signature tpm2_verifysignature -Q -c key -g sha256 -m other \
        -s signature

    step "nothing is left in the TPM"
    same handles "$(tpm2_getcap handles-transient)" ""

    step "a command of 3968 bytes"
    same response "$({
        echo 800100000f800000017b | xxd -r -p
        head -c 3958 /dev/zero
    } | tpm2_send | xxd -p)" 80010000000a00000095
}

tools_are_killed()
{
    step "cancelled commands"
    /usr/bin/tcti_probe cancel vtpmring-tis:

    step "a process is killed with a command in the TPM"
    /usr/bin/tcti_probe hang vtpmring-tis: >hanging &
    victim=$!
    until grep -q sent hanging; do
        sleep 0.01
    done
    kill -9 $victim
    wait $victim || true
    tpm2_getrandom --hex 16
    echo
    tpm2_flushcontext -t
    tpm2_createprimary -Q -C o -G ecc -c primary

    step "two at a time"
    for i in 1 2; do
        for _ in 1 2 3 4 5; do
            tpm2_getrandom --hex 16
            echo
        done >"random.$i" &
    done
    wait
    same "different numbers" "$(cat random.* | sort -u | wc -l)" 10
}

no_chip_elsewhere()
{
    step "no chip at another address"
    refuses "no TPM" tpm2_getrandom -T vtpmring-tis:address=fed50000 8
}
