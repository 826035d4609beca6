#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tpm2-tools over libtss2-tcti-vtpmring-tis, with a TPM behind registers in a
# file. VTPMRING_BUILD is the build folder.
set -euo pipefail

command -v tpm2_getrandom >/dev/null || {
    echo "no tpm2-tools; script/setup installs them"
    exit 77
}
work=$(mktemp -d)
chip=
end()
{
    [ -z "$chip" ] || kill -9 "$chip" 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT
cd "$work"
export XDG_RUNTIME_DIR=$work
export LD_LIBRARY_PATH=$VTPMRING_BUILD/lib/tcti
export TPM2TOOLS_TCTI=vtpmring-tis:mem=$work/registers,address=0
export ASAN_OPTIONS=detect_leaks=0

step()
{
    printf '\n# %s\n' "$*"
}

die()
{
    echo "FAILED: $*"
    exit 1
}

# refused TEXT COMMAND...: fails, and says TEXT.
refused()
{
    local text=$1
    shift
    ! "$@" >refused.out 2>&1 || die "worked: $*"
    cat refused.out
    grep -q -- "$text" refused.out || die "does not say '$text': $*"
}

step "no registers, registers of no chip"
refused "No such file" tpm2_getrandom 4
truncate -s 8192 registers
refused "the file ends" tpm2_getrandom 4
truncate -s 20480 registers
refused "no TPM" tpm2_getrandom 4
refused "multiple of 0x1000" tpm2_getrandom \
    -T "vtpmring-tis:mem=$work/registers,address=1" 4
refused "unknown key 'adress'" tpm2_getrandom -T vtpmring-tis:adress=0 4

step "a chip"
coproc "$VTPMRING_BUILD/tests/tis_chip" registers
chip=$COPROC_PID
read -r -t 30 _ <&"${COPROC[0]}"
TSS2_LOG=tcti+info tpm2_getrandom --hex 16 2>info
echo
cat info
grep -q 'TPM 2.0, CRB, device and vendor 0x12345678' info
one=$(tpm2_getrandom --hex 16)
two=$(tpm2_getrandom --hex 16)
[[ ${#one} -eq 32 && $one != "$two" ]] || die "$one, $two are not random"
refused "locality" tpm2_getrandom -T "$TPM2TOOLS_TCTI,locality=1" 4

step "PCRs"
tpm2_pcrread sha256:16
before=$(tpm2_pcrread sha256:16)
tpm2_pcrextend 16:sha256="$(printf '%064d' 7)"
[ "$before" != "$(tpm2_pcrread sha256:16)" ] || die "the PCR has not changed"

step "a key, which signs"
echo text >text
tpm2_createprimary -Q -C o -G ecc -c primary
tpm2_create -Q -C primary -G ecc256 -u pub -r priv
tpm2_load -Q -C primary -u pub -r priv -c key
tpm2_sign -Q -c key -g sha256 -o signature text
tpm2_verifysignature -Q -c key -g sha256 -m text -s signature
echo other >other
refused "" tpm2_verifysignature -Q -c key -g sha256 -m other -s signature

step "more objects than the TPM has room for: each tool flushes its own"
for _ in 1 2 3 4 5; do
    tpm2_createprimary -Q -C o -G ecc -c primary
done
[ -z "$(tpm2_getcap handles-transient)" ] || die "objects are left"

step "two at a time"
for i in 1 2; do
    for _ in 1 2 3 4 5 6 7 8; do
        tpm2_getrandom --hex 32
        echo
    done >"random.$i" &
    pids[i]=$!
done
wait "${pids[1]}"
wait "${pids[2]}"
[ "$(sort -u random.1 random.2 | wc -l)" -eq 16 ] || die "not 16 numbers"

step "a tool is killed while the TPM makes it a key; the next one works"
tpm2_createprimary -Q -C o -G rsa4096 -c primary >/dev/null 2>&1 &
victim=$!
sleep 0.3
kill -9 $victim 2>/dev/null || true
wait $victim 2>/dev/null || true
tpm2_flushcontext -t
tpm2_getrandom --hex 16

step "a command that is cancelled, and one that nobody waits for"
probe=$VTPMRING_BUILD/tests/tcti_probe
"$probe" cancel "$TPM2TOOLS_TCTI"
"$probe" leave "$TPM2TOOLS_TCTI"
"$probe" random "$TPM2TOOLS_TCTI"

step "a holder that is idle, and one that does not come to an end"
mkfifo hold
"$probe" pause "$TPM2TOOLS_TCTI" <hold >held &
holder=$!
exec {end}>hold
until grep -q connected held; do
    kill -0 $holder
    sleep 0.05
done
tpm2_getrandom --hex 16
echo >&"$end"
wait $holder
"$probe" hang "$TPM2TOOLS_TCTI" >hanging &
hung=$!
until grep -q sent hanging; do
    kill -0 $hung
    sleep 0.05
done
refused "process $hung holds it" tpm2_getrandom -T "$TPM2TOOLS_TCTI,wait=0" 4
kill -9 $hung
wait $hung 2>/dev/null || true
tpm2_getrandom --hex 16

step "a chip that is gone"
kill -9 "$chip"
wait "$chip" 2>/dev/null || true
chip=
refused "did not answer in time" tpm2_getrandom \
    -T "$TPM2TOOLS_TCTI,a=50,b=50,c=50,short=50" 4
