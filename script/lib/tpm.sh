# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# A TPM for an emulated machine: a device of QEMU, and swtpm behind it.

# For QEMU, and for a Linux that must not drive it; empty without a TPM.
tpm=()
tpm_arguments=
swtpm=

# tpm_start FOLDER DEVICE [SWTPM-OPTION...]: the TPM whose state is in FOLDER, a
# new one if that is not there; none if DEVICE is empty. It does not outlive this
# script.
tpm_start()
{
    local folder=$1 device=$2
    shift 2
    tpm_stop
    [ -n "$device" ] || return 0
    mkdir -p "$folder"
    rm -f "$folder/socket"
    setpriv --no-new-privs --pdeathsig KILL -- \
        swtpm socket "$@" --tpmstate "dir=$folder" \
        --ctrl "type=unixio,path=$folder/socket" --flags not-need-init \
        </dev/null >"$folder.log" 2>&1 &
    swtpm=$!
    for _ in {1..200}; do
        [ ! -S "$folder/socket" ] || break
        sleep 0.1
    done
    tpm=(
        -chardev "socket,id=tpm,path=$folder/socket"
        -tpmdev "emulator,id=tpm,chardev=tpm" -device "$device,tpmdev=tpm"
    )
    tpm_arguments=" initcall_blacklist=init_tis \
initcall_blacklist=crb_acpi_driver_init"
}

tpm_stop()
{
    tpm=()
    tpm_arguments=
    [ -n "$swtpm" ] || return 0
    kill -9 "$swtpm" 2>/dev/null || true
    wait "$swtpm" 2>/dev/null || true
    swtpm=
}
