# SPDX-License-Identifier: MIT
# A guest that drives the hardware TPM, FIFO, by its registers: iomem.
# limit: 600
# tpm: tpm-tis
# not core

# crb.sh runs this, too, on the other interface
: "${interface:=FIFO of PTP}"
hardware='export TPM2TOOLS_TCTI=vtpmring-tis; set -e;'

step "a guest that has the registers"
domain_create guest-dom0.cfg 'vtpm=[]' 'iomem=["fed40,5"]'
on guest "$hardware TSS2_LOG=tcti+info tpm2_getrandom --hex 16 2>&1" |
    tee "$work/found"
grep -q "TPM 2.0, $interface" "$work/found"

step "random bytes"
one=$(on guest "$hardware tpm2_getrandom --hex 16")
differ "random bytes" "$one" "$(on guest "$hardware tpm2_getrandom --hex 16")"

step "PCRs"
before=$(on guest "$hardware tpm2_pcrread sha256:16")
on guest "$hardware tpm2_pcrextend 16:sha256=\$(printf '%064d' 7)"
differ "PCR 16" "$before" "$(on guest "$hardware tpm2_pcrread sha256:16")"

step "a key, which signs"
on guest "$hardware echo text >text
    tpm2_createprimary -Q -C o -G ecc -c primary
    tpm2_create -Q -C primary -G ecc256 -u pub -r priv
    tpm2_load -Q -C primary -u pub -r priv -c key
    tpm2_sign -Q -c key -g sha256 -o signature text"
on guest "$hardware tpm2_verifysignature -Q -c key -g sha256 -m text \
    -s signature"
refuses on guest "$hardware echo other >text
    tpm2_verifysignature -Q -c key -g sha256 -m text -s signature"

step "a guest that does not have them is told so, and its tools live on"
domain_create guest-dom0.cfg 'vtpm=[]' 'name="other"'
on other "$hardware tpm2_getrandom --hex 16 2>&1 ||
    [ \$? -lt 128 ] && echo refused" | tee "$work/refused"
grep -q 'iomem=' "$work/refused"
grep -q refused "$work/refused"
on guest "$hardware tpm2_getrandom --hex 16"
