# SPDX-License-Identifier: MIT
# A guest that drives the hardware TPM, CRB, by its registers: iomem.
# limit: 600
# tpm: tpm-crb
# not core

interface=CRB
. cases/tis.sh
