# SPDX-License-Identifier: MIT
# A TPM 1.2, which the guest's driver knows best: its PCRs are in sysfs.

step "a TPM 1.2"
vtpm_make guest "$uuid" --tpm 1.2
vtpm_start guest "$uuid"
domain_create guest-dom0.cfg
on guest 'ls -l /dev/tpm*'
connected guest

step "what the driver has found out"
same "TPM version" "$(on guest 'cat /sys/class/tpm/tpm0/tpm_version_major')" 1
on guest 'cat /sys/class/tpm/tpm0/device/caps'
pcrs=$(on guest 'cat /sys/class/tpm/tpm0/pcrs')
echo "$pcrs"
same "PCRs" "$(echo "$pcrs" | grep -c '^PCR-')" 24
same "PCR 10" "$(echo "$pcrs" | grep '^PCR-10:')" \
    "PCR-10: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "

step "extend PCR 10 with ones, by TPM_Extend"
ones=$(printf '01%.0s' $(seq 20))
wanted=$(printf "%040d$ones" 0 | xxd -r -p | sha1sum | cut -c1-40)
same "response" "$(tpm_raw guest "00c100000022000000140000000a$ones")" \
    "00c40000001e00000000$wanted"
same "PCR 10" "$(on guest 'grep PCR-10: /sys/class/tpm/tpm0/pcrs' |
    cut -d: -f2 | tr -d ' ' | tr A-F a-f)" "$wanted"
