# SPDX-License-Identifier: MIT
# tpm.c: 31 is a locality
# caught by: wp tpm vtpmring_tpm_is_locality
s/locality >= 32/locality >= 31/
