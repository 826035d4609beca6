# SPDX-License-Identifier: MIT
# vtpmring_tpmfront in guests that reboot and crash: the case boot.
# limit: 600
# not core

with_our_driver
. cases/boot.sh
