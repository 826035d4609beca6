# SPDX-License-Identifier: MIT
# QEMU's tpm-tis with a TPM 1.2: FIFO of TIS. There are no tools: raw commands.
# device: tpm-tis
# swtpm:
. /cases/lib.sh

# raw HEX: the response to a command, in hexadecimal digits.
raw()
{
    echo "$1" | xxd -r -p | tpm2_send | xxd -p | tr -d '\n'
}

no_driver
found 'TPM 1.2, FIFO of TIS, device and vendor 0x00011014'
step "TPM_GetRandom of 16 bytes"
one=$(raw 00c10000000e0000004600000010)
two=$(raw 00c10000000e0000004600000010)
echo "$one $two"
same header "${one%????????????????????????????????}" \
    00c40000001e0000000000000010
[ "$one" != "$two" ] || fail "these are not random"

step "TPM_PcrRead of PCR 10, and TPM_Extend of it"
same pcr "$(raw 00c10000000e000000150000000a)" \
    00c40000001e000000000000000000000000000000000000000000000000
extended=$(raw "00c100000022000000140000000a$(printf '%040d' 7)")
same header "${extended%????????????????????????????????????????}" \
    00c40000001e00000000
same pcr "$(raw 00c10000000e000000150000000a)" "$extended"
