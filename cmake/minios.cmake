# SPDX-License-Identifier: MIT
# Objects for Mini-OS, compiled with the flags of the tree that MINIOS_DIR names
# in the environment. Nothing is written there.

set(MINIOS_DIR "$ENV{MINIOS_DIR}" CACHE PATH "a tree of Mini-OS")
if(NOT EXISTS "${MINIOS_DIR}/minios.mk")
  message(FATAL_ERROR
    "no tree of Mini-OS: '${MINIOS_DIR}'; set MINIOS_DIR in the environment")
endif()
if(NOT EXISTS "${MINIOS_DIR}/include/mini-os")
  message(FATAL_ERROR
    "the headers of ${MINIOS_DIR} are not complete; run: make -C ${MINIOS_DIR} "
    "links")
endif()

# Applications with a C library have descriptors, and other structures.
set(MINIOS_LIBC "$ENV{MINIOS_LIBC}" CACHE PATH
  "the headers of the C library, for applications that have one")
set(libc n)
if(MINIOS_LIBC)
  if(NOT EXISTS "${MINIOS_LIBC}/stdio.h")
    message(FATAL_ERROR "no headers of a C library: '${MINIOS_LIBC}'")
  endif()
  set(libc y)
endif()

# What its makefiles say.
file(WRITE ${CMAKE_BINARY_DIR}/print.mk
"OBJ_DIR = $(CURDIR)\nTOPLEVEL_DIR = $(CURDIR)\ninclude Config.mk
include minios.mk\nvtpmring-flags:\n\t@echo \"$(CFLAGS) $(CPPFLAGS)\"\n")
execute_process(COMMAND_ERROR_IS_FATAL ANY
  COMMAND make -s -C ${MINIOS_DIR} -f ${CMAKE_BINARY_DIR}/print.mk
    vtpmring-flags libc=${libc}
  OUTPUT_VARIABLE minios_flags OUTPUT_STRIP_TRAILING_WHITESPACE)
separate_arguments(minios_flags UNIX_COMMAND "${minios_flags}")
# The last optimization counts. With -Os, gcc does not inline what the tree's
# -Winline then complains about.
list(APPEND minios_flags -Os -Wno-inline)
set(front_file)
set(tis_file)
if(MINIOS_LIBC)
  # Mini-OS has a header of that name, made for a newlib that has none
  if(EXISTS ${MINIOS_LIBC}/sys/select.h)
    file(COPY ${MINIOS_LIBC}/sys/select.h
      DESTINATION ${CMAKE_BINARY_DIR}/libc/sys)
    list(PREPEND minios_flags -isystem ${CMAKE_BINARY_DIR}/libc)
  endif()
  list(APPEND minios_flags -isystem ${MINIOS_LIBC})
  set(year 2016)
  file(STRINGS ${MINIOS_DIR}/include/lib.h found REGEX alloc_file_type)
  if(found)
    set(year 2025)
  else()
    # it has no fields for drivers that are not its own
    list(APPEND minios_flags -DCONFIG_TPMFRONT -DCONFIG_TPM_TIS)
  endif()
  set(front_file ${PROJECT_SOURCE_DIR}/components/minios-front/file_${year}.c)
  set(tis_file ${PROJECT_SOURCE_DIR}/components/tis/minios/file_${year}.c)
endif()

include(${PROJECT_SOURCE_DIR}/libvtpmring/sources.cmake)
set(lib ${PROJECT_SOURCE_DIR}/libvtpmring)
set(components ${PROJECT_SOURCE_DIR}/components)
file(GLOB port CONFIGURE_DEPENDS ${lib}/port/minios/*.c)
file(GLOB tis CONFIGURE_DEPENDS ${components}/tis/*.c)
list(FILTER tis EXCLUDE REGEX "/mem\\.c$")
# names of commands are for tools
list(FILTER VTPMRING_CORE_SOURCES EXCLUDE REGEX tpm_names)
list(TRANSFORM VTPMRING_CORE_SOURCES PREPEND ${lib}/)
list(TRANSFORM VTPMRING_LINK_SOURCES PREPEND ${lib}/)

# One relocatable object, and a list of what it needs.
set(minios_objects)
function(minios_object name)
  set(object ${CMAKE_BINARY_DIR}/${name}.o)
  set(parts)
  foreach(source ${ARGN})
    file(RELATIVE_PATH part ${PROJECT_SOURCE_DIR} ${source})
    string(REPLACE "/" "_" part ${part})
    set(part ${CMAKE_BINARY_DIR}/parts/${part}.o)
    add_custom_command(OUTPUT ${part}
      COMMAND ${CMAKE_C_COMPILER} ${minios_flags}
        -I${lib}/include -I${lib}/core/shmem -I${lib}/port/minios/include
        -I${components}/minios-front/include
        -I${components}/minios-back/include -I${components}/tis/include
        -I${components}/minios-file -I${components}/vtpm
        -I${components}/vtpm/minios -I${components}/vtpmmgr
        -MD -MF ${part}.d -MT ${part} -c ${source} -o ${part}
      DEPENDS ${source} DEPFILE ${part}.d VERBATIM)
    list(APPEND parts ${part})
  endforeach()
  add_custom_command(OUTPUT ${object} ${object}.needs
    COMMAND ${CMAKE_LINKER} -r -o ${object} ${parts}
    COMMAND sh -c "'${CMAKE_NM}' -u '${object}' | sed 's/^ *U //' >'${object}.needs'"
    DEPENDS ${parts} VERBATIM)
  set(minios_objects ${minios_objects} ${object} PARENT_SCOPE)
endfunction()

# The programs, for applications with a C library: their headers of libtpms,
# OpenSSL and tpm2-tss are those of this machine, which have no part of its own
# C library in them.
if(MINIOS_LIBC)
  set(libs ${CMAKE_BINARY_DIR}/libs)
  file(REMOVE_RECURSE ${libs})
  foreach(folder ${CMAKE_SYSTEM_INCLUDE_PATH} /usr/include
          /usr/include/${CMAKE_LIBRARY_ARCHITECTURE})
    foreach(name libtpms openssl tss2)
      if(EXISTS ${folder}/${name})
        file(COPY ${folder}/${name} DESTINATION ${libs})
      endif()
    endforeach()
  endforeach()
  # an OpenSSL for Mini-OS is one without threads
  file(READ ${libs}/openssl/configuration.h configuration)
  string(REPLACE "define OPENSSL_THREADS" "undef OPENSSL_THREADS"
    configuration "${configuration}")
  file(WRITE ${libs}/openssl/configuration.h "${configuration}")
  # its atomics are not those of C11
  execute_process(COMMAND_ERROR_IS_FATAL ANY
    COMMAND ${CMAKE_C_COMPILER} -print-file-name=include
    OUTPUT_VARIABLE compiler OUTPUT_STRIP_TRAILING_WHITESPACE)
  file(COPY ${compiler}/stdatomic.h DESTINATION ${CMAKE_BINARY_DIR}/libc)
  list(APPEND minios_flags -isystem ${libs} -D_POSIX_C_SOURCE=200809L)
  file(GLOB vtpm CONFIGURE_DEPENDS ${components}/vtpm/*.c)
  list(FILTER vtpm EXCLUDE REGEX
    "/(notify|os_linux|os_threads_posix|os_xen_linux|process)\\.c$")
  set(common ${vtpm})
  list(FILTER common INCLUDE REGEX
    "/(arguments|blank|crypto|key_file|status|times|uuid)\\.c$")
  file(GLOB os CONFIGURE_DEPENDS ${components}/vtpm/minios/*.c)
  file(GLOB vtpmmgr CONFIGURE_DEPENDS ${components}/vtpmmgr/*.c)
  list(FILTER vtpmmgr EXCLUDE REGEX "/(approvals|local|xsm)\\.c$")
  file(GLOB vtpmmgr_os CONFIGURE_DEPENDS ${components}/vtpmmgr/minios/*.c)
endif()

file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/parts)
minios_object(vtpmring ${VTPMRING_CORE_SOURCES} ${VTPMRING_LINK_SOURCES}
  ${port})
minios_object(vtpmring-tpmfront ${components}/minios-front/tpmfront.c
  ${front_file})
minios_object(vtpmring-tpmback ${components}/minios-back/tpmback.c
  ${components}/vtpm/uuid.c)
minios_object(vtpmring-tis ${tis} ${components}/tis/minios/tpm_tis.c
  ${tis_file})
# What the hosted Mini-OS declares, the tree declares just so.
file(GLOB hosted CONFIGURE_DEPENDS
  ${components}/minios-hosted/include/mini-os/*.h)
set(declarations ${CMAKE_BINARY_DIR}/hosted.c)
set(inclusions "#include <mini-os/types.h>\n")
if(NOT MINIOS_LIBC)
  list(FILTER hosted EXCLUDE REGEX "/(lib|tpm_tis|tpmfront)\\.h$")
elseif(year EQUAL 2016)
  # its descriptors are those of 2025
  list(FILTER hosted EXCLUDE REGEX "/lib\\.h$")
endif()
foreach(header ${hosted})
  get_filename_component(header ${header} NAME)
  string(APPEND inclusions "#include <mini-os/${header}>\n")
endforeach()
file(WRITE ${CMAKE_BINARY_DIR}/hosted.h "${inclusions}")
add_custom_command(OUTPUT ${declarations}
  COMMAND sh -c "cp hosted.h '${declarations}' && for h; do awk -f \"$0\" \"$h\"; done >>'${declarations}'"
    ${components}/minios-hosted/prototypes.awk ${hosted}
  WORKING_DIRECTORY ${CMAKE_BINARY_DIR}
  DEPENDS ${components}/minios-hosted/prototypes.awk ${hosted} VERBATIM)
add_custom_command(OUTPUT ${declarations}.o
  COMMAND ${CMAKE_C_COMPILER} ${minios_flags} -c ${declarations}
    -o ${declarations}.o
  DEPENDS ${declarations} VERBATIM)
add_custom_target(minios-hosted-headers ALL DEPENDS ${declarations}.o)

if(MINIOS_LIBC)
  minios_object(vtpm ${vtpm} ${os} ${components}/vtpmmgr/wire.c
    ${components}/vtpmmgr/wire_table.c)
  minios_object(vtpmmgr ${vtpmmgr} ${vtpmmgr_os} ${common} ${os})
endif()
add_custom_target(minios ALL COMMAND size ${minios_objects}
  DEPENDS ${minios_objects} VERBATIM)
