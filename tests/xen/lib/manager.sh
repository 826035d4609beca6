# SPDX-License-Identifier: MIT
# The manager in its own domain, and vTPMs whose keys it keeps. The machine has
# two disks: the store, and the state of a vTPM.

manager_disks()
{
    local name
    for name in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev \
        virtio_pci virtio_blk; do
        [ -d "/sys/module/$name" ] || insmod "/modules/$name.ko"
    done
    within 5 [ -b /dev/vdb ]
    mkdir -p /dev/vg
    ln -s ../vda /dev/vg/vtpmmgr-store
    ln -s ../vdb /dev/vg/vtpm-guest-state
}

# once NAME CONFIG WHAT CODE: what a domain does instead of serving, with which
# exit code; it ends then.
once()
{
    extra_add=" $3" domain_create "$2"
    within 100 domain_gone "$1"
    within 5 stubdom_said "$1" "has ended: ${3##*=}: $4\$"
    stubdom_said "$1" '^vtpm'
}

manager_create()
{
    extra_add=" $root" domain_create vtpmmgr-stubdom.cfg
}

manager_serves()
{
    node_is "/local/domain/$(domid vtpmmgr)/data/vtpmmgr" started
}

# manager_refuses PATTERN: it says why, and does not serve.
manager_refuses()
{
    manager_create
    within 60 stubdom_said vtpmmgr "$1"
    stubdom_said vtpmmgr "$1" | head -n 1
    refuses manager_serves
}

# chain_start: the manager, then the vTPM, then its guest.
chain_start()
{
    manager_create
    within 60 manager_serves
    stubdom_create vtpm-guest vtpm-stubdom-manager.cfg
    domain_create guest-stubdom.cfg
}

chain_end()
{
    domain_destroy guest
    domain_shutdown vtpm-guest
    domain_shutdown vtpmmgr
}
