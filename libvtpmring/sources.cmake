# SPDX-License-Identifier: MIT
# The files of the core: the one list, for every build of them.
set(VTPMRING_CORE_SOURCES
  core/status.c
  core/page.c
  core/tpm.c
  core/tpm_names.c
  core/xenbus.c
  core/front_table.c
  core/front.c
  core/front_command.c
  core/back_table.c
  core/back.c
  core/back_command.c)

# The files of the link.
set(VTPMRING_LINK_SOURCES
  link/nodes.c
  link/front_action.c
  link/front_link.c
  link/back_set.c
  link/back_device.c
  link/back_end.c
  link/back_action.c
  link/back_serve.c
  link/back_control.c)
