# SPDX-License-Identifier: MIT
# Two guests with a vTPM each, kept apart: guest-dom0.cfg twice.

step "two vTPMs and their guests"
vtpm_make one "$uuid"
vtpm_make two "$uuid2"
vtpm_start one "$uuid"
vtpm_start two "$uuid2"
domain_create guest-dom0.cfg 'name="one"'
domain_create guest-dom0.cfg 'name="two"' \
    "vtpm=[\"backend=0,uuid=$uuid2\"]"
random_differs one
random_differs two

step "what one does, two does not see"
extend_works one 16
same "PCR 16 of two" "$(pcr two 16)" "$zero_pcr"
on one 'tpm2_nvdefine -Q 0x1500016 -s 5'
refuses on two 'tpm2_nvreadpublic 0x1500016'
ek_of_one=$(on one 'tpm2_createek -Q -c ek -G ecc -u ek.pub && sha256sum <ek.pub')
ek_of_two=$(on two 'tpm2_createek -Q -c ek -G ecc -u ek.pub && sha256sum <ek.pub')
differ "endorsement keys" "$ek_of_one" "$ek_of_two"

step "one goes, two stays"
device=$(back one)
domain_destroy one
within 3 node_gone "$device"
connected two
random_differs two
same "PCR 16 of two" "$(pcr two 16)" "$zero_pcr"
