# SPDX-License-Identifier: MIT
# The frontend in user space: tpm2-tools over the TCTI, no driver in the guest.
# limit: 600
# not core

step "a guest without the driver"
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
extra_add=' nodriver' domain_create guest-dom0.cfg
refuses on guest 'ls /dev/tpm0'
same "TCTI" "$(on guest 'echo $TPM2TOOLS_TCTI')" vtpmring

random_differs guest
extend_works guest 16
quote_works guest 16
extended=$(pcr guest 16)

step "whoever ends leaves the device to the next"
show_device guest
node_is "$(back guest)/state" 2
refuses node "$(front guest)/ring-ref"

# TPM2_GetRandom with so much after it that only the TPM can refuse it.
step "a command of 4096 bytes, which takes an extra page"
same "response" "$(on guest '{ echo 8001000010000000017b | xxd -r -p
    head -c 4086 /dev/zero; } | tpm2_send | xxd -p')" 80010000000a00000095
same "feature-extra-pages" "$(node "$(back guest)/feature-extra-pages")" 1

step "one tool is killed while the TPM makes it a key"
on guest 'tpm2_createprimary -Q -G rsa2048 & sleep 1
    kill -9 $! && tpm2_getrandom --hex 16'
random_differs guest

step "then the kernel's driver"
on guest 'insmod /modules/xen-tpmfront.ko'
within 10 connected guest
same "TCTI" "$(on guest 'echo $TPM2TOOLS_TCTI')" device:/dev/tpm0
same "PCR 16" "$(pcr guest 16)" "$extended"
vtpm_runs guest
