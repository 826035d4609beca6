# SPDX-License-Identifier: MIT
# vtpmring_tpmfront and a vtpm that is killed: the case vtpm-killed.
# limit: 600
# not core

with_our_driver
. cases/vtpm-killed.sh
