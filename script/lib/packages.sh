# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Debian's packages, unpacked, not installed.

# package_depends PACKAGE PREFIX: the package that it depends on and whose name
# begins so.
package_depends()
{
    apt-cache depends "$1" | awk -v prefix="$2" '
        $1 == "Depends:" && index($2, prefix) == 1 && !found {
            print $2
            found = 1
        }'
}

# packages_unpack FOLDER PACKAGE...: downloads them, and makes FOLDER of them.
# What apt says goes to FOLDER.log.
packages_unpack()
{
    local folder=$1 deb
    shift
    say "fetching $*"
    rm -rf "$folder" "$folder.new"
    mkdir -p "$folder.new/debs"
    (cd "$folder.new/debs" && apt-get -qq download "$@") \
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
}
