# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# The demo's manager, and a model of the machine's hardware TPM. Sourced after
# chain.sh and steps.sh; works in $chain/work.

uuid3=7d0f6a52-9a1e-4d0c-8f5b-3e5c1a2b4d03
platform_pcrs=sha256:0,7,16

# A TPM 2.0 behind registers, as a driver maps them; only these are a file.
hardware_tpm()
{
    local tries=100
    setsid "$root/build/release/tests/tis_chip" --stay "$chain/registers" \
        >"$chain/log/chip" 2>&1 </dev/null &
    until grep -q on "$chain/log/chip"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ]
        sleep 0.05
    done
    printf 'vtpmring-tis:mem=%s,address=0\n' "$chain/registers" >"$chain/tcti"
    tpm2_pcrread -T "$(cat "$chain/tcti")" sha256:0 >/dev/null
    echo "a model of its registers"
}

manager_options()
{
    options=(--root "tpm:$(cat "$chain/tcti")" --store "$chain/state/manager"
        --approvals "$chain/approvals")
}

# approve NAME: the key stays elsewhere; a request comes, an approval goes back.
approve()
{
    vtpmctl seal request --root "tpm:$(cat "$chain/tcti")" \
        --pcrs $platform_pcrs >asked
    vtpmctl approve asked --key agent.key --out "$chain/approvals/$1.approval"
}

seal_store()
{
    local options
    mkdir -p "$chain/approvals"
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
        -out agent.key
    openssl pkey -in agent.key -pubout -out agent.pub
    approve today
    manager_options
    vtpmmgr provision "${options[@]}" --pcrs $platform_pcrs \
        --approval-key agent.pub --size 2M
    echo "opens here, in states that were approved"
}

manager_start()
{
    local options
    manager_options
    setsid simxen run --domain manager -- vtpmmgr "${options[@]}" \
        --auto-provision --socket "$chain/manager.sock" \
        >>"$chain/log/manager" 2>&1 </dev/null &
    printf '%d\n' $! >"$chain/manager.pid"
    local tries=100
    until vtpmctl status --via "unix:$chain/manager.sock" >manager.status 2>&1; do
        tries=$((tries - 1))
        if [ $tries -eq 0 ] || ended "$!"; then
            tail -n 1 "$chain/log/manager" >&2
            return 1
        fi
        sleep 0.05
    done
    echo "$(awk '/^vTPMs/ { print $2 }' manager.status) vTPMs known"
}

manager_stop()
{
    local pid
    pid=$(cat "$chain/manager.pid")
    kill "$pid" 2>/dev/null || true
    while ! ended "$pid"; do
        sleep 0.01
    done
}

managed_vtpm()
{
    simxen attach-vtpm vtpm-3 manager --uuid "$uuid3" --wait 10
    setsid simxen run --domain vtpm-3 -- vtpm --uuid "$uuid3" \
        --state "$chain/state/vtpm-3" --manager --provision \
        >>"$chain/log/vtpm-3" 2>&1 </dev/null &
    simxen attach-vtpm guest-3 vtpm-3 --uuid "$uuid3" --wait 10
    tpm 3 nvdefine -Q "$nv_index" -s ${#nv_text}
    printf '%s' "$nv_text" >nv3
    tpm 3 nvwrite -Q "$nv_index" -i nv3
    echo "a new key for each write"
}

other_firmware()
{
    manager_stop
    tpm2_pcrextend -T "$(cat "$chain/tcti")" \
        "7:sha256=$(echo "other firmware" | sha256sum | cut -d' ' -f1)"
    if manager_start >started 2>refusal; then
        echo "the store opened in another state" >&2
        return 1
    fi
    grep -q 'sha256 PCR 7 changed' refusal
    grep -o 'no approval[^,;]*' refusal
}

approved_update()
{
    approve update
    manager_start >/dev/null
    [ "$(tpm 3 nvread "$nv_index")" = "$nv_text" ]
    printf '%s holds "%s"\n' "$nv_index" "$nv_text"
}

steps_manager()
{
    # where tpm2-tss finds the driver
    export LD_LIBRARY_PATH=$lib/tcti
    step "a hardware TPM" hardware_tpm
    step "seal the manager's store to it" seal_store
    step "start the manager" manager_start
    step "guest 3: keys at the manager" managed_vtpm
    step "a firmware that nobody approved" other_firmware
    step "it is approved: guest 3 goes on" approved_update
}
