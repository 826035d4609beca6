# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# Debian's Xen, its tools and its kernel, unpacked into the cache. They are not
# installed: that would change how this machine boots.

packages_fetch()
{
    local hypervisor kernel
    hypervisor=$(package_depends xen-system-amd64 xen-hypervisor-)
    kernel=$(package_depends linux-image-amd64 linux-image-)
    if [ -z "$hypervisor" ] || [ -z "$kernel" ]; then
        die "apt does not know xen-system-amd64 and linux-image-amd64;" \
            "run apt-get update"
    fi
    local tools=${hypervisor/hypervisor/utils}
    packages_unpack "$cache/root" "$hypervisor" "${tools%-amd64}" \
        xen-utils-common "$kernel"
}

[ -d "$cache/root" ] || packages_fetch
packages=$cache/root
vmlinuz=$(echo "$packages"/boot/vmlinuz-*)
modules=$(echo "$packages"/lib/modules/*)
xen_bin=$(echo "$packages"/usr/lib/xen-4.*/bin)
# What emulates the devices of guests of type hvm; fetched only for them.
device_model=$cache/device-model/usr/libexec/xen-qemu-system-i386
