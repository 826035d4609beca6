#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Two guests, each with its TPM: what stock tools do, who sees what, and the
# nodes that the toolstack and the drivers leave in xenstore.
set -euo pipefail
# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host_start
chain_new 1
chain_new 2
cd "$work"

sign_and_verify()
{
    in_domain guest-1 tpm2_createprimary -Q -C o -c primary.ctx
    in_domain guest-1 tpm2_create -Q -C primary.ctx -G ecc256 \
        -u key.pub -r key.priv -a \
        'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign'
    in_domain guest-1 tpm2_load -Q -C primary.ctx -u key.pub -r key.priv \
        -c key.ctx
    echo message >message
    in_domain guest-1 tpm2_sign -Q -c key.ctx -g sha256 -o signature message
    in_domain guest-1 tpm2_verifysignature -Q -c key.ctx -g sha256 \
        -m message -s signature
    echo another >message
    refuses in_domain guest-1 tpm2_verifysignature -Q -c key.ctx -g sha256 \
        -m message -s signature
}

nv_keeps_what_is_written()
{
    in_domain guest-1 tpm2_nvdefine -Q 0x1500001 -s 16
    printf 'sixteen bytes ok' >nv
    in_domain guest-1 tpm2_nvwrite -Q 0x1500001 -i nv
    same "the NV index" "$(in_domain guest-1 tpm2_nvread 0x1500001)" \
        'sixteen bytes ok'
}

pcr()
{
    in_domain "$1" tpm2_pcrread sha256:16 | awk '/16:/ { print $2 }'
}

pcrs_differ()
{
    local before after
    before=$(pcr guest-2)
    in_domain guest-1 tpm2_pcrextend \
        16:sha256="$(printf a | sha256sum | cut -d' ' -f1)"
    after=$(pcr guest-2)
    same "PCR 16 of guest-2" "$after" "$before"
    [ "$(pcr guest-1)" != "$before" ]
}

quote_checks()
{
    in_domain guest-1 tpm2_createek -Q -c ek.ctx -G rsa
    in_domain guest-1 tpm2_createak -Q -C ek.ctx -c ak.ctx -G rsa \
        -g sha256 -s rsassa -u ak.pub -f pem
    in_domain guest-1 tpm2_quote -Q -c ak.ctx -l sha256:16 -q 01020304 \
        -m quote.msg -s quote.sig -o quote.pcr
    tpm2_checkquote -Q -u ak.pub -m quote.msg -s quote.sig -f quote.pcr \
        -g sha256 -q 01020304
    refuses tpm2_checkquote -Q -u ak.pub -m quote.msg -s quote.sig \
        -f quote.pcr -g sha256 -q 01020305
}

endorsement_keys_differ()
{
    local n
    for n in 1 2; do
        in_domain "guest-$n" tpm2_createek -Q -c "ek$n.ctx" -G ecc -u "ek$n.pem" \
            -f pem
    done
    refuses cmp -s ek1.pem ek2.pem
}

# The names and values below a folder, as "NAME = VALUE", sorted.
nodes()
{
    store ls "$1" | sed 's/"//g' | LC_ALL=C sort
}

nodes_are_libxls()
{
    local f b
    f=$(simxen domid guest-1)
    b=$(simxen domid vtpm-1)
    within 5 back_state guest-1 vtpm-1 2
    same "the frontend's folder" "$(nodes "$(front_path guest-1)" |
        grep -vE '^(ring-ref|event-channel|feature-|state)')" \
"backend = /local/domain/$b/backend/vtpm/$f/0
backend-id = $b
handle = 0"
    same "the backend's folder" "$(nodes "$(back_path guest-1 vtpm-1)" |
        grep -vE '^(ready|feature-|state|guest)')" \
"frontend = /local/domain/$f/device/vtpm/0
frontend-id = $f
handle = 0
online = 1
resume = False
uuid = $uuid1"
    same "libxl's folder" "$(nodes "/libxl/$f/device/vtpm/0" |
        grep -E '^(frontend|backend) ')" \
"backend = /local/domain/$b/backend/vtpm/$f/0
frontend = /local/domain/$f/device/vtpm/0"
}

drivers_add_theirs()
{
    local front back
    front=$(front_path guest-1)
    back=$(back_path guest-1 vtpm-1)
    client_start guest-1
    ask send "$(random_raw 8)"
    same "frontend's state" "$(store read "$front/state")" 4
    same "backend's state" "$(store read "$back/state")" 4
    same "frontend's feature" "$(store read "$front/feature-protocol-v2")" 1
    same "backend's feature" "$(store read "$back/feature-protocol-v2")" 1
    same "ready" "$(store read "$back/ready")" 1
    [[ $(store read "$front/ring-ref") =~ ^[0-9]+$ ]]
    [[ $(store read "$front/event-channel") =~ ^[0-9]+$ ]]
    [[ $(store read "$back/feature-extra-pages") =~ ^[0-9]+$ ]]
    client_end
}

permissions_are_libxls()
{
    local f b
    f=$(simxen domid guest-1)
    b=$(simxen domid vtpm-1)
    store ls -p "$(dirname "$(front_path guest-1)")" |
        grep -E "^ *0 = .*\(n$f,r$b\)"
    store ls -p "$(dirname "$(back_path guest-1 vtpm-1)")" |
        grep -E "^ *0 = .*\(n$b,r$f\)"
}

a_neighbour_sees_nothing()
{
    local path
    for path in "$(front_path guest-1)/ring-ref" \
        "$(back_path guest-1 vtpm-1)/uuid"; do
        store exists "$(dirname "$path")"
        refuses in_domain guest-2 xenstore-read "$path"
        refuses in_domain guest-2 xenstore-write "$path" 1
    done
    refuses in_domain guest-1 tpm2_nvread -Q 0x1500099
    refuses in_domain guest-2 tpm2_nvread -Q 0x1500001
}

check "both guests get random bytes" eval 'works guest-1; works guest-2'
check "a key signs, its signature verifies, another text does not" \
    sign_and_verify
check "an NV index keeps what is written" nv_keeps_what_is_written
check "a PCR extended in one guest stays as it was in the other" pcrs_differ
check "a quote checks, with another nonce it does not" quote_checks
check "the guests have different endorsement keys" endorsement_keys_differ
check "a guest sees neither the nodes nor the NV memory of its neighbour" \
    a_neighbour_sees_nothing
check "the toolstack's nodes are those of libxl" nodes_are_libxls
check "their permissions are those of libxl" permissions_are_libxls
check "the drivers add the nodes of the protocol" drivers_add_theirs
finish
