# SPDX-License-Identifier: MIT
# vtpmring_tpmfront over bind, attach, save, restore: the case pcr-keep.
# limit: 600
# not core

with_our_driver
. cases/pcr-keep.sh
