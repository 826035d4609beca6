# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# All images of a run.

front_module=$cache/front/vtpmring_tpmfront.ko

# The stub domains', as vtpm-mkstubdom makes them on a user's machine. Their
# kernel is everybody's.
stubdom_build()
{
    local key
    key=$(cat "$vtpm" "$vtpmmgr" "$tcti_tis" "$root"/packaging/mkstubdom/* \
        "$vmlinuz" | sha256sum)
    if [ "$key" != "$(cat "$cache/stubdom.key" 2>/dev/null)" ]; then
        "$root/packaging/mkstubdom/vtpm-mkstubdom" --vtpm "$vtpm" \
            --kernel "$vmlinuz" --modules "$modules" \
            --output "$cache/stubdom"
        "$root/packaging/mkstubdom/vtpm-mkstubdom" --manager \
            --vtpmmgr "$vtpmmgr" --tcti "$tcti_tis" \
            --kernel "$vmlinuz" --modules "$modules" \
            --output "$cache/managerdom"
        printf '%s\n' "$key" >"$cache/stubdom.key"
    fi
}

# The frontend's module for the guests' kernel, as a user of it builds it.
front_build()
{
    local version=${vmlinuz##*/vmlinuz-} key
    key=$(find "$root/components/linux-front" "$root/libvtpmring/core" \
        "$root/libvtpmring/include" "$vmlinuz" -type f -exec cat {} + |
        sha256sum)
    [ "$key" != "$(cat "$cache/front.key" 2>/dev/null)" ] || return 0
    kernel_headers "linux-headers-$version" "$cache/headers"
    kernel_module "$cache/front" "$headers" "$logs/front.log"
    printf '%s\n' "$key" >"$cache/front.key"
}

# For the cases with guests of type hvm, if one is wanted.
hvm_build()
{
    local files=("${cases[@]/#/$here/cases/}")
    grep -qx '# guests: hvm' "${files[@]/%/.sh}" || return 0
    [ -d "$cache/device-model" ] ||
        packages_unpack "$cache/device-model" qemu-system-xen
    cached "$cache/hvm.cpio" tree_hvm -- "$vmlinuz" "$device_model"
}

images_build()
{
    [ -e "$cache/xen.bin" ] ||
        zcat "$packages"/boot/xen-4.*-amd64.gz >"$cache/xen.bin"
    stubdom_build
    front_build
    cached "$cache/guest.cpio" tree_guest -- "$vmlinuz" "$front_module" \
        "$here/image/guest.init" "$tcti" "$tcti_tis" "${guest_programs[@]}"
    cached "$cache/dom0.cpio" tree_dom0 -- "$vmlinuz" "$here/image/dom0.init"
    hvm_build
    cached "$cache/tested.cpio" tree_tested -- "$vtpm" "$agent" "$vtpmctl" \
        "$hostile_backend" \
        "$cache/stubdom/initrd" "$cache/managerdom/initrd" "$cache/guest.cpio"
}

# tree_run TREE CASE...: what changes with every run; Linux takes archives one
# after the other as one initramfs.
tree_run()
{
    local tree=$1
    shift
    rm -rf "$tree"
    mkdir -p "$tree/etc/xen" "$tree/xen-test"
    cp "$root"/packaging/xl/*.cfg "$tree/etc/xen/"
    install -D "$root/packaging/pairing/vtpm-xl" "$tree/usr/sbin/vtpm-xl"
    cp -r "$here/lib" "$here/cases" "$tree/xen-test/"
    cp "$here"/cases/*.cfg "$tree/etc/xen/" 2>/dev/null || true
    printf '%s\n' "$@" >"$tree/xen-test/wanted"
    pack "$tree" "$run/cases.cpio"
    local images=("$cache/dom0.cpio" "$cache/tested.cpio")
    [ "$(says "$1" guests)" != hvm ] || images+=("$cache/hvm.cpio")
    cat "${images[@]}" "$run/cases.cpio" >"$run/initrd"
}
