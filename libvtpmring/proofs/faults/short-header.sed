# SPDX-License-Identifier: MIT
# tpm.c: nine bytes are a header
# caught by: eva leaf 0
# caught by: wp tpm vtpmring_tpm_parse
s/^    if (length < VTPMRING_TPM_HEADER_SIZE)/    if (length < VTPMRING_TPM_HEADER_SIZE - 1)/
