# SPDX-License-Identifier: MIT
# vtpmring_tpmfront and a vtpm that is stopped: the case vtpm-stopped.
# limit: 600
# not core

with_our_driver
. cases/vtpm-stopped.sh
