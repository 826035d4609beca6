#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Commands and responses of all 4096 bytes with extra pages; and a peer that
# has one page only: what does not fit is an error, once (defect 4).
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host_start
chain_new 1
chain_new 2 --max-extra-pages 0
domain_new guest-3 vtpm-3
uuid3=5a1f0e3c-0003-4b6e-9d11-a1b2c3d4e5f6
vtpm_make vtpm-3 "$uuid3" --tpm 1.2
vtpm_start vtpm-3 "$uuid3"
simxen attach-vtpm guest-3 vtpm-3 --uuid "$uuid3" --wait 10

# long_raw BYTES: a command so long that only the TPM itself can refuse it:
# TPM2_GetRandom with too many parameters.
long_raw()
{
    local junk
    printf -v junk '%*s' $((2 * ($1 - 10))) ''
    tpm2_raw 0x17b "${junk// /0}"
}

# The TPM has read all of it: it complains of what is left over.
full_command()
{
    local size
    client_start guest-1
    for size in 4088 4089 4095 4096; do
        echo "$size"
        ask send "$(long_raw "$size")"
        same "answer" "$answer" "response 80010000000a00000095"
    done
    ask send "$(random_raw 8)"
    [[ $answer == "response 80010000001400000000"* ]]
    client_end
}

# One byte more is nobody's command; it must not hurt.
longer_than_a_tpm_takes()
{
    client_start guest-1
    ask send "$(long_raw 4097)"
    case $answer in
    error* | "response 80010000000a"*) ;;
    *) return 1 ;;
    esac
    ask send "$(random_raw 8)"
    [[ $answer == "response 80010000001400000000"* ]]
    client_end
}

one_page_is_enough_for_the_rest()
{
    same "feature-extra-pages" "$(store read \
        "$(back_path guest-2 vtpm-2)/feature-extra-pages" 2>/dev/null ||
        echo 0)" 0
    works guest-2
    client_start guest-2
    ask send "$(long_raw 4088)"
    same "answer" "$answer" "response 80010000000a00000095"
    ask send "$(long_raw 4096)"
    case $answer in
    error* | "response 80010000000a00000142"*) ;;
    *) return 1 ;;
    esac
    ask send "$(random_raw 8)"
    [[ $answer == "response 80010000001400000000"* ]]
    client_end
}

# tpm1_raw ORDINAL [HEX]
tpm1_raw()
{
    local body=${2:-}
    printf '00c1%s%s%s' "$(number 4 $((10 + ${#body} / 2)))" \
        "$(number 4 "$1")" "$body"
}

# TPM 1.2 answers with as many random bytes as asked for: a response of
# SIZE bytes, random to its very end.
full_response()
{
    local size
    client_start guest-3
    for size in 4088 4089 4096; do
        ask send "$(tpm1_raw 0x46 "$(number 4 $((size - 14)))")"
        same "bytes" $(((${#answer} - 9) / 2)) "$size"
        same "header" "${answer:9:28}" \
            "00c4$(number 4 "$size")00000000$(number 4 $((size - 14)))"
        [[ ${answer: -32} != "${answer: -64:32}" ]]
        [[ ${answer: -32} =~ [1-9a-f] ]]
    done
    client_end
}

# TPM 1.2 hashes in large pieces: every byte of the command counts.
full_content()
{
    local most data padded
    client_start guest-3
    ask send "$(tpm1_raw 0xa0)"
    most=$((16#${answer:29:8}))
    echo "a piece has $most bytes at most"
    [ "$most" -ge 1024 ]
    data=$(head -c "$most" /dev/urandom | od -An -v -tx1 | tr -d ' \n')
    ask send "$(tpm1_raw 0xa1 "$(number 4 "$most")$data")"
    same "answer" "$answer" "response 00c40000000a00000000"
    ask send "$(tpm1_raw 0xa2 00000000)"
    # shellcheck disable=SC2001
    padded=$(sed 's/../\\x&/g' <<<"$data")
    # shellcheck disable=SC2059
    same "the hash" "${answer:29}" \
        "$(printf "$padded" | sha1sum | cut -d' ' -f1)"
    client_end
}

check "a command of up to 4096 bytes reaches the TPM whole" full_command
check "one of 4097 is refused, the next one works" longer_than_a_tpm_takes
check "a response of up to 4096 bytes comes back whole" full_response
check "the longest piece that TPM 1.2 hashes arrives byte by byte" full_content
check "with a one-page peer all works but what does not fit" \
    one_page_is_enough_for_the_rest
finish
