# SPDX-License-Identifier: MIT
# QEMU's tpm-tis with a TPM 2.0: FIFO of PTP.
# device: tpm-tis
# swtpm: --tpm2
. /cases/lib.sh

no_driver
found 'TPM 2.0, FIFO of PTP, device and vendor 0x00011014'
tools_work
step "localities"
/usr/bin/tcti_probe locality vtpmring-tis:
tools_are_killed
no_chip_elsewhere
