# SPDX-License-Identifier: MIT
# vtpmring_tpmfront, attached and detached: the case attach.
# limit: 300
# not core

with_our_driver
. cases/attach.sh
