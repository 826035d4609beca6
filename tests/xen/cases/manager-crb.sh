# SPDX-License-Identifier: MIT
# Hardware TPM, manager, vTPM, guest, each in its own domain: CRB.
# limit: 900
# tpm: tpm-crb
# disks: 64M 4M
# boots: first again other
# not core

locality=locality=0
. cases/manager-tis.sh
