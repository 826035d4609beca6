# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Headers of Debian's kernels, and the frontend module built with them. They are
# unpacked, not installed: some of them depend on a kernel, which would change
# how this machine boots.

# kernel_headers PACKAGE FOLDER: fetches the headers that PACKAGE stands for,
# linux-headers-VERSION or a name that leads there, unless FOLDER has them.
# Sets headers to the folder to build with.
kernel_headers()
{
    local package=$1 folder=$2 next
    headers=$(echo "$folder"/usr/src/linux-headers-*-amd64)
    [ ! -d "$headers" ] || return 0
    next=$(package_depends "$package" linux-headers-)
    case $next in
    "") die "apt does not know $package; run apt-get update" ;;
    *-common) ;;
    *) package=$next ;;
    esac
    packages_unpack "$folder" "$package" \
        "$(package_depends "$package" linux-headers-)" \
        "$(package_depends "$package" linux-kbuild-)"
    headers=$(echo "$folder"/usr/src/linux-headers-*-amd64)
    # it leads to where the package would have been installed
    printf 'include %s\n' \
        "$(echo "$folder"/usr/src/linux-headers-*-common)/Makefile" \
        >"$headers/Makefile"
}

# kernel_module FOLDER HEADERS LOG [MAKE-ARGUMENT...]: builds the module in
# FOLDER, which is made anew.
kernel_module()
{
    local folder=$1 headers=$2 log=$3
    shift 3
    rm -rf "$folder"
    "$root/components/linux-front/source-tree" "$folder"
    make -C "$folder" KERNELDIR="$headers" modules -j "$(nproc)" "$@" \
        >"$log" 2>&1 </dev/null || {
        tail -n 30 "$log" >&2
        die "the module does not build: the compiler said so above;" \
            "all of it is in $log"
    }
}
