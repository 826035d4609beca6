# SPDX-License-Identifier: MIT
# Code and constants of LIBRARY, printed; fails if they are LIMIT bytes or more.
execute_process(COMMAND size -t ${LIBRARY} OUTPUT_VARIABLE table
  COMMAND_ERROR_IS_FATAL ANY)
if(NOT table MATCHES "[ \t]([0-9]+)\t[ \t]*([0-9]+)\t[ \t]*([0-9]+)\t[^\n]*TOTALS")
  message(FATAL_ERROR "size says nothing that is understood:\n${table}")
endif()
message(STATUS "text ${CMAKE_MATCH_1}, data ${CMAKE_MATCH_2}, "
  "bss ${CMAKE_MATCH_3}; text may have ${LIMIT}")
if(CMAKE_MATCH_1 EQUAL 0 OR NOT CMAKE_MATCH_1 LESS LIMIT)
  message(FATAL_ERROR "too large")
endif()
