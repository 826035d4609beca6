# SPDX-License-Identifier: MIT
# vtpmring_tpmfront and a TPM 1.2: the case tpm12.
# limit: 300
# not core

with_our_driver
. cases/tpm12.sh
