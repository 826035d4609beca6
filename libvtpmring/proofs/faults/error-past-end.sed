# SPDX-License-Identifier: MIT
# tpm.c: an error code is read past the end of the table
# caught by: eva leaf 0
# caught by: wp tpm vtpmring_tpm_error
s/^    if ((size_t)error >= VTPMRING_TPM_ERROR_COUNT)/    if ((size_t)error > VTPMRING_TPM_ERROR_COUNT)/
