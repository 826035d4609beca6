# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Domain-0: busybox and bash, Xen's stock tools and scripts, no network.

# tree_dom0 TREE
tree_dom0()
{
    local tree=$1 name
    install_file "$tree" /bin/busybox
    install_program "$tree" /bin/bash
    install_file "$tree" "$here/image/dom0.init" /init
    install_modules "$tree" xen-privcmd xenfs xen-evtchn xen-gntdev \
        xen-gntalloc loop xen-blkback virtio virtio_ring \
        virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_blk
    for name in xl xenstored xenconsoled xen-init-dom0 libxl-save-helper \
        xenconsole lsevtchn; do
        install_program "$tree" "$xen_bin/$name" \
            "${xen_bin#"$packages"}/$name"
        mkdir -p "$tree/usr/bin"
        ln -s "${xen_bin#"$packages"}/$name" "$tree/usr/bin/$name"
    done
    # for pthread_cancel
    install_file "$tree" /lib/x86_64-linux-gnu/libgcc_s.so.1
    install_xenstore "$tree"
    # the toolstack's scripts need what busybox lacks
    install_program "$tree" /usr/bin/flock
    for name in "$packages"/etc/xen/xl.conf \
        "$packages"/etc/xen/scripts/{block,block-common.sh,hotplugpath.sh,locking.sh,logging.sh,xen-hotplug-common.sh,xen-script-common.sh}; do
        install_file "$tree" "$name" "${name#"$packages"}"
    done
    mv "$tree/etc/xen/scripts/block" "$tree/etc/xen/scripts/block.stock"
    install_file "$tree" "$here/image/disk-script.sh" /etc/xen/scripts/block
}

# tree_hvm TREE: what guests of type hvm need beyond that. Their kernel is a file
# that a kernel can start, not the one unpacked for the others.
tree_hvm()
{
    local tree=$1 loader=${xen_bin%/bin}/boot/hvmloader name
    install_program "$tree" "$device_model" "${device_model#"$cache/device-model"}"
    install_file "$tree" "$loader" "${loader#"$packages"}"
    install_file "$tree" /usr/share/seabios/bios-256k.bin
    for name in kvmvapic.bin linuxboot.bin linuxboot_dma.bin keymaps/en-us; do
        install_file "$tree" "/usr/share/qemu/$name"
    done
    install_file "$tree" "$vmlinuz" /boot/guest-vmlinuz
}

# tree_tested TREE: what a run is about: vtpm, its agent, stub domains, guest.
tree_tested()
{
    local tree=$1
    install_program "$tree" "$vtpm" /usr/sbin/vtpm
    install_program "$tree" "$agent" /usr/sbin/vtpm-agent
    install_program "$tree" "$vtpmctl" /usr/sbin/vtpmctl
    install_program "$tree" "$hostile_backend" /usr/bin/hostile_backend
    install_file "$tree" "$cache/stubdom/kernel" /var/lib/vtpm-stubdom/kernel
    install_file "$tree" "$cache/stubdom/initrd" /var/lib/vtpm-stubdom/initrd
    install_file "$tree" "$cache/managerdom/initrd" \
        /var/lib/vtpmmgr-stubdom/initrd
    ln -s ../vtpm-stubdom/kernel "$tree/var/lib/vtpmmgr-stubdom/kernel"
    mkdir -p "$tree/boot"
    ln -s ../var/lib/vtpm-stubdom/kernel "$tree/boot/guest-kernel"
    install_file "$tree" "$cache/guest.cpio" /boot/guest-initrd
}
