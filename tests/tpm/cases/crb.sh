# SPDX-License-Identifier: MIT
# QEMU's tpm-crb with a TPM 2.0.
# device: tpm-crb
# swtpm: --tpm2
. /cases/lib.sh

no_driver
found 'TPM 2.0, CRB, device and vendor 0x00001014'
tools_work
step "it has one locality"
refuses 'no locality 1' tpm2_getrandom -T vtpmring-tis:locality=1 8
tools_are_killed
no_chip_elsewhere
