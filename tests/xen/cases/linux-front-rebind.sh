# SPDX-License-Identifier: MIT
# vtpmring_tpmfront, unbound and loaded anew: the case rebind.
# limit: 300
# not core

with_our_driver
. cases/rebind.sh
