# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# How trees of files become images. Sourced by script/xen-test, which has set
# $cache, where everything that is built is kept between runs.

# install_file TREE FILE [AT]: a file, at its own place unless AT says else.
install_file()
{
    install -D -m "$([ -x "$2" ] && echo 755 || echo 644)" \
        "$2" "$1/${3:-$2}"
}

# install_libraries TREE PROGRAM...: what the loader needs to start these.
install_libraries()
{
    local tree=$1 library
    shift
    ldd "$@" | grep -q 'not found' &&
        die "a library is missing for one of: $*"
    ldd "$@" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }
                    $1 ~ /^\// && $1 !~ /:$/ { print $1 }' | sort -u |
        while read -r library; do
            [ -e "$tree/$library" ] || install_file "$tree" "$library"
        done
}

# install_program TREE PROGRAM [AT]: a program with its libraries.
install_program()
{
    install_file "$@"
    install_libraries "$1" "$2"
}

# install_modules TREE NAME...: kernel modules as /modules/NAME.ko, without
# the symbols that only a debugger reads.
install_modules()
{
    local tree=$1 name file
    shift
    mkdir -p "$tree/modules"
    for name; do
        file=$(find "$modules" -name "$name.ko")
        [ -f "$file" ] || die "the kernel has no module $name"
        strip --strip-debug -o "$tree/modules/$name.ko" "$file"
    done
}

# install_xenstore TREE: the stock tools, one file with many names.
install_xenstore()
{
    local tree=$1 name
    install_program "$tree" /usr/bin/xenstore
    for name in read write ls list rm watch exists chmod; do
        ln -sf xenstore "$tree/usr/bin/xenstore-$name"
    done
}

# pack TREE IMAGE: an uncompressed initramfs; whoever packs, root owns it.
pack()
{
    (cd "$1" && find . | LC_ALL=C sort |
        cpio --quiet -o -H newc -R 0:0 --reproducible) >"$2.new"
    mv "$2.new" "$2"
}

# cached IMAGE COMMAND -- INPUT...: runs COMMAND TREE, with an empty TREE, and
# packs it, unless IMAGE was made of the same inputs.
cached()
{
    local image=$1 command=$2 key tree
    shift 3
    key=$(cat "$@" "$0" "$here"/image/*.sh | sha256sum)
    if [ ! -e "$image" ] || [ "$key" != "$(cat "$image.key" 2>/dev/null)" ]; then
        say "building ${image##*/}"
        tree=$(mktemp -d "$cache/tree.XXXXXX")
        "$command" "$tree"
        pack "$tree" "$image"
        rm -rf "$tree"
        printf '%s\n' "$key" >"$image.key"
    fi
}
