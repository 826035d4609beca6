# SPDX-License-Identifier: MIT
# What every target of this project compiles with, and how a test is added.

# vtpmring_warnings: for what is loaded into programs of others (no sanitizer).
add_library(vtpmring_warnings INTERFACE)
target_compile_options(vtpmring_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Wvla
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes>
  -fstack-protector-strong)
if(VTPMRING_WERROR)
  target_compile_options(vtpmring_warnings INTERFACE -Werror)
endif()
target_compile_definitions(vtpmring_warnings INTERFACE
  $<$<CONFIG:Release,RelWithDebInfo>:_FORTIFY_SOURCE=2>)
target_link_options(vtpmring_warnings INTERFACE -Wl,-z,relro,-z,now)

# vtpmring_options: for everything else.
add_library(vtpmring_options INTERFACE)
target_link_libraries(vtpmring_options INTERFACE vtpmring_warnings)
if(VTPMRING_SANITIZE)
  target_compile_options(vtpmring_options INTERFACE
    -fsanitize=${VTPMRING_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(vtpmring_options INTERFACE
    -fsanitize=${VTPMRING_SANITIZE})
endif()

# What the tests are labelled with, for ctest -L and the presets. tests_LABEL
# builds the programs of a label.
#   unit    needs nothing but libc and cmocka: can run under any tool
#   core    of these, the tests of the core: what a mutation run asks
#   system  programs in domains of simxen
foreach(label unit core)
  add_custom_target(tests_${label})
endforeach()

# vtpmring_label(TEST TARGET labels...)
# Labels a test, and with it the program that it runs.
function(vtpmring_label test target)
  set_tests_properties(${test} PROPERTIES LABELS "${ARGN}")
  foreach(label IN LISTS ARGN)
    add_dependencies(tests_${label} ${target})
  endforeach()
endfunction()

# vtpmring_test(NAME SOURCES... [LIBS libs...] [LABELS labels...]
#               [TIMEOUT seconds])
# A cmocka program, built and registered with ctest under NAME.
function(vtpmring_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE vtpmring_options ${ARG_LIBS} cmocka)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT})
  vtpmring_label(${name} ${name} ${ARG_LABELS})
endfunction()
