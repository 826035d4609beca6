# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Headers of Debian's kernels, and the frontend module built with them. They are
# unpacked, not installed: some of them depend on a kernel, which would change
# how this machine boots.

# The package that PACKAGE depends on and whose name begins with PREFIX.
kernel_depends()
{
    apt-cache depends "$1" | awk -v prefix="$2" '
        /Depends:/ && index($2, prefix) == 1 && !found { print $2; found = 1 }'
}

# kernel_headers PACKAGE FOLDER: fetches the headers that PACKAGE stands for,
# linux-headers-VERSION or a name that leads there, unless FOLDER has them.
# Sets headers to the folder to build with.
kernel_headers()
{
    local package=$1 folder=$2 deb next
    headers=$(echo "$folder"/usr/src/linux-headers-*-amd64)
    [ ! -d "$headers" ] || return 0
    next=$(kernel_depends "$package" linux-headers-)
    case $next in
    "") die "apt does not know $package; run apt-get update" ;;
    *-common) ;;
    *) package=$next ;;
    esac
    say "fetching $package"
    rm -rf "$folder" "$folder.new"
    mkdir -p "$folder.new/debs"
    (cd "$folder.new/debs" && apt-get -qq download "$package" \
        "$(kernel_depends "$package" linux-headers-)" \
        "$(kernel_depends "$package" linux-kbuild-)") \
        >"$folder.log" 2>&1 || {
        cat "$folder.log" >&2
        die "apt-get download failed: it said why above; if it found no" \
            "such file, run apt-get update"
    }
    for deb in "$folder".new/debs/*.deb; do
        dpkg-deb -x "$deb" "$folder.new"
    done
    rm -r "$folder.new/debs"
    mv "$folder.new" "$folder"
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
