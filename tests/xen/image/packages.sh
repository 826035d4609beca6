# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# Debian's Xen, its tools and its kernel, unpacked into the cache. They are not
# installed: that would change how this machine boots.

# The package that PACKAGE depends on and whose name begins with PREFIX.
dependency()
{
    apt-cache depends "$1" | awk -v prefix="$2" \
        '$1 == "Depends:" && index($2, prefix) == 1 { print $2; exit }'
}

packages_fetch()
{
    local hypervisor kernel
    hypervisor=$(dependency xen-system-amd64 xen-hypervisor-)
    kernel=$(dependency linux-image-amd64 linux-image-)
    if [ -z "$hypervisor" ] || [ -z "$kernel" ]; then
        die "apt does not know xen-system-amd64 and linux-image-amd64;" \
            "run apt-get update"
    fi
    local tools=${hypervisor/hypervisor/utils}
    rm -rf "$cache/debs" "$cache/root" "$cache/root.new"
    mkdir -p "$cache/debs" "$cache/root.new"
    say "fetching $hypervisor, its tools and $kernel"
    (cd "$cache/debs" && apt-get -qq download "$hypervisor" \
        "${tools%-amd64}" xen-utils-common "$kernel") 2>"$cache/apt.log" || {
        cat "$cache/apt.log" >&2
        die "apt-get download failed: it said why above; if it found no" \
            "such file, run apt-get update"
    }
    local deb
    for deb in "$cache"/debs/*.deb; do
        dpkg-deb -x "$deb" "$cache/root.new"
    done
    mv "$cache/root.new" "$cache/root"
}

# What emulates the devices of guests of type hvm; only they need it.
device_model_fetch()
{
    say "fetching qemu-system-xen"
    rm -rf "$cache/device-model" "$cache/device-model.new"
    mkdir "$cache/device-model.new"
    (cd "$cache/device-model.new" && apt-get -qq download qemu-system-xen) \
        2>"$cache/apt.log" || {
        cat "$cache/apt.log" >&2
        die "apt-get download failed: it said why above; if it found no" \
            "such file, run apt-get update"
    }
    dpkg-deb -x "$cache"/device-model.new/*.deb "$cache/device-model.new"
    mv "$cache/device-model.new" "$cache/device-model"
}

[ -d "$cache/root" ] || packages_fetch
packages=$cache/root
vmlinuz=$(echo "$packages"/boot/vmlinuz-*)
modules=$(echo "$packages"/lib/modules/*)
xen_bin=$(echo "$packages"/usr/lib/xen-4.*/bin)
