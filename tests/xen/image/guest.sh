# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# The guest: busybox, the kernel's own xen-tpmfront and the module in its place,
# the stock tpm2-tools, the TCTI for guests without that driver, and the programs of tests/xen/guest.

# tpm2 has one command that uses the network, and 20 libraries for it.
guest_curl()
{
    local name functions=
    for name in easy_{cleanup,escape,init,perform,setopt,strerror,unescape} \
        free global_{init,cleanup}; do
        functions+="void curl_$name(void) {} "
    done
    gcc -shared -fPIC -x c -o "$1/lib/x86_64-linux-gnu/libcurl-gnutls.so.4" \
        -Wl,-soname,libcurl-gnutls.so.4 \
        -Wl,--version-script=<(echo 'CURL_GNUTLS_3 { global: curl_*; };') \
        - <<<"$functions"
}

# install_tpm2 TREE: the stock tpm2-tools.
install_tpm2()
{
    local tree=$1 name library
    install_file "$tree" /usr/bin/tpm2
    for name in /usr/bin/tpm2_*; do
        ln -s tpm2 "$tree$name"
    done
    for library in /usr/lib/x86_64-linux-gnu/libtss2-{esys,mu,sys,rc,tctildr,tcti-device}.so.[0-9]; do
        # not the libraries of libcurl
        install_file "$tree" "$library"
        install_libraries "$tree" "$library"
    done
    guest_curl "$tree"
}

# tree_guest TREE
tree_guest()
{
    local tree=$1 program
    install_file "$tree" /bin/busybox
    install_file "$tree" "$here/image/guest.init" /init
    install_modules "$tree" xen-tpmfront xen-evtchn xen-gntalloc
    strip --strip-debug -o "$tree/modules/vtpmring_tpmfront.ko" "$front_module"
    install_xenstore "$tree"
    install_tpm2 "$tree"
    # for pthread_cancel, at the end of a connection to xenstore
    install_file "$tree" /lib/x86_64-linux-gnu/libgcc_s.so.1
    install_program "$tree" "$tcti" \
        /usr/lib/x86_64-linux-gnu/libtss2-tcti-vtpmring.so.0
    install_program "$tree" "$tcti_tis" \
        /usr/lib/x86_64-linux-gnu/libtss2-tcti-vtpmring-tis.so.0
    for program in "${guest_programs[@]}"; do
        install_program "$tree" "$program" "/usr/bin/${program##*/}"
    done
}
