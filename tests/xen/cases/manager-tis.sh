# SPDX-License-Identifier: MIT
# Hardware TPM, manager, vTPM, guest, each in its own domain: FIFO, locality 2.
# limit: 900
# tpm: tpm-tis
# disks: 64M 4M
# boots: first again other
# not core

# manager-crb.sh runs this, too, on the other interface
: "${locality:=locality=2,seize=1}"
root=vtpmmgr.root=tpm:vtpmring-tis:$locality

# registers GUEST: a guest that has the hardware TPM, for want of a manager.
registers()
{
    domain_create guest-dom0.cfg 'vtpm=[]' 'iomem=["fed40,5"]'
}

# hardware COMMAND: of tpm2-tools, in that guest.
hardware()
{
    on guest "export TPM2TOOLS_TCTI=vtpmring-tis:$locality; $1"
}

# The firmware of the emulated machine keeps locality 0.
if [ "$locality" != locality=0 ]; then
    seize_refused()
    {
        refuses on guest 'tpm2_getrandom -T vtpmring-tis:locality=2 --hex 16' |
            tee "$work/refused"
        grep -q 'seize=1' "$work/refused"
    }
else
    seize_refused()
    {
        refuses on guest 'tpm2_getrandom -T vtpmring-tis:locality=1 --hex 16' |
            tee "$work/refused"
        grep -q 'locality' "$work/refused"
    }
fi

first()
{
    step "the TPM is the firmware's: what is refused, and how it is had"
    registers
    seize_refused
    hardware "tpm2_getrandom --hex 16"
    domain_destroy guest

    step "the store and a key for it, on the hardware TPM"
    once vtpmmgr vtpmmgr-stubdom.cfg "$root vtpmmgr.once=provision" 0
    step "the manager serves"
    manager_create
    within 60 manager_serves
    step "a new vTPM, its keys at the manager"
    once vtpm-guest vtpm-stubdom-manager.cfg vtpm.once=provision 0
    stubdom_create vtpm-guest vtpm-stubdom-manager.cfg
    domain_create guest-stubdom.cfg
    show_device vtpm-guest
    show_device guest
    random_differs guest
    extend_works guest 16
    quote_works guest 16
    nv_write guest
    step "all is shut down"
    chain_end
    stubdom_said vtpmmgr '^memory of vtpmmgr (PSS): [0-9]* kB$'
}

again()
{
    step "the machine was rebooted: all is there"
    chain_start
    nv_kept guest
    random_differs guest
    domain_destroy guest
    domain_shutdown vtpm-guest
    step "nothing is made anew over what is there"
    once vtpm-guest vtpm-stubdom-manager.cfg vtpm.once=provision 1
    domain_shutdown vtpmmgr
    once vtpmmgr vtpmmgr-stubdom.cfg "$root vtpmmgr.once=provision" 1
    step "another state of the platform"
    registers
    hardware "tpm2_pcrextend 7:sha256=$(printf '%064d' 1)"
    domain_destroy guest
    manager_refuses 'sha256 PCR 7 changed'
}

other()
{
    step "another hardware TPM opens nothing"
    stored=$(cat /dev/vda /dev/vdb | digest)
    manager_refuses 'it is another TPM, or was cleared'
    step "without a manager, no vTPM"
    refuses xl create -q /etc/xen/vtpm-stubdom-manager.cfg
    step "with another parent, neither"
    domain_destroy vtpmmgr
    registers
    hardware "tpm2_createprimary -Q -C o -G ecc -c parent &&
        tpm2_evictcontrol -Q -C o -c parent 0x81000001"
    domain_destroy guest
    manager_refuses 'another TPM: its storage parent'
    step "nothing was changed"
    same "stored" "$(cat /dev/vda /dev/vdb | digest)" "$stored"
}

manager_disks
"$boot"
