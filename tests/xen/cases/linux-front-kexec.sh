# SPDX-License-Identifier: MIT
# vtpmring_tpmfront: a guest of type hvm that starts another kernel by kexec.
# guests: hvm
# limit: 900
# not core

# The device model reads kernel and ramdisk again when it starts anew, after kexec.
ramdisk=$work/initrd
# Emulated in an emulated machine, a processor's clock is nothing to calibrate by.
arguments='console=hvc0 panic=-1 rodata=off cryptomgr.notests mitigations=off tsc=reliable no_timer_check ringdriver'
{
    cat /boot/guest-initrd
    # the kernel that it starts
    printf 'boot\nboot/guest-vmlinuz\n' | (cd / && cpio -o -H newc)
} | gzip -1 >"$ramdisk"
cat >"$work/guest.cfg" <<END
name = "guest"
type = "hvm"
kernel = "/boot/guest-vmlinuz"
ramdisk = "$ramdisk"
extra = "$arguments"
memory = 400
vcpus = 1
vga = "none"
nographic = 1
vnc = 0
sdl = 0
usb = 0
serial = "none"
on_crash = "destroy"
vtpm = ["backend=0,uuid=$uuid"]
END

step "a guest with a kernel of its own to start"
vtpm_make guest "$uuid"
vtpm_start guest "$uuid"
xl create -q "$work/guest.cfg"
within 300 connected guest
tpm_is guest 2
nv_write guest
pcrs_extend guest
before=$(pcrs guest)
first=$(on guest 'cat /proc/sys/kernel/random/boot_id')
id=$(domid guest)
device=$(back guest)
show_device guest

step "kexec, with the device open"
on guest 'cd / && find init bin sbin usr lib lib64 modules -xdev |
    cpio -o -H newc 2>/dev/null | gzip -1 >/tmp/again &&
    ls -l /boot/guest-vmlinuz'
domain_ends_itself guest "exec 3<>/dev/tpm0
    xen_kexec /boot/guest-vmlinuz /tmp/again '$arguments' >/dev/hvc0 2>&1"
within 300 vtpm_connected guest 2
within 20 connected guest
differ "boot" "$first" "$(on guest 'cat /proc/sys/kernel/random/boot_id')"
same "domain" "$(domid guest)" "$id"
same "device" "$(back guest)" "$device"
show_device guest
tpm_is guest 2
random_differs guest
nv_kept guest
pcrs_are guest "$before"
dmesg_clean guest

step "libxl leaves its folder of device models"
domain_destroy guest
xenstore-rm /local/domain/0/device-model
