# SPDX-License-Identifier: MIT
# vtpmring_tpmfront in the place of xen-tpmfront: the case dom0.
# limit: 300
# not core

with_our_driver
. cases/dom0.sh
