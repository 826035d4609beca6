# SPDX-License-Identifier: MIT
# How long the vtpm takes for commands of the stock driver.
# not core

step "a guest with a vTPM"
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
domain_create guest-dom0.cfg

digest=$(printf '5a%.0s' $(seq 32))
step "GetRandom, PCR_Read and PCR_Extend, 100 times each"
on guest "set -e
    echo 80010000000c0000017b0010 | xxd -r -p >random
    echo 8001000000140000017e00000001000b03000400 | xxd -r -p >read
    echo 800200000041000001820000000a0000000940000009000000000000000001000b$digest | xxd -r -p >extend
    exec 3<>/dev/tpm0
    for round in \$(seq 100); do
        for command in random read extend; do
            cat \$command >&3
            dd bs=4096 count=1 <&3 >>responses 2>/dev/null
        done
    done"
# an error would be shorter
same "bytes of all responses" "$(on guest 'wc -c <responses')" \
    $((100 * (28 + 62 + 19)))
step "their times: from the page seen to the response on it"
kill -USR1 "$(vtpm_pid guest)"
within 5 grep -q 'service time' "$work/vtpm-guest.log"
vtpm_timed guest
less "commands not counted" $((count < 300)) 1
less "p50, us" "$p50" 5000
echo "p99, us: $p99; below 5000: $([ "$p99" -lt 5000 ] && echo yes || echo no)"
