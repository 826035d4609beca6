# SPDX-License-Identifier: MIT
# What the documentation says is what the code is. cmake -P with
#   WHAT=states   tables and pictures are those of the code
#   WHAT=readme   the README's example is example.c
#   WHAT=links    every relative link leads to a file, or a heading in it
#   WHAT=headers  every public header has its @file
#   WHAT=update   writes tables and pictures anew
cmake_minimum_required(VERSION 3.25)

set(states ${SOURCE}/docs/states.md)

function(draw form machine result)
  execute_process(COMMAND ${DRAW} ${form} ${machine}
    OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

# The text with the generated part of a machine replaced.
function(replace_table text machine table result)
  set(begin "<!-- generated: ${machine} -->\n")
  set(end "<!-- end: ${machine} -->")
  string(FIND "${text}" "${begin}" first)
  string(FIND "${text}" "${end}" last)
  if(first EQUAL -1 OR last EQUAL -1)
    message(FATAL_ERROR "${states}: no marks for ${machine}")
  endif()
  string(LENGTH "${begin}" length)
  math(EXPR first "${first} + ${length}")
  string(SUBSTRING "${text}" 0 ${first} head)
  string(SUBSTRING "${text}" ${last} -1 tail)
  set(${result} "${head}\n${table}\n${tail}" PARENT_SCOPE)
endfunction()

function(tables_as_generated result)
  file(READ ${states} text)
  foreach(machine front back)
    draw(markdown ${machine} table)
    replace_table("${text}" ${machine} "${table}" text)
  endforeach()
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

# A picture ends with the hash of what it was drawn from: its layout depends on
# the fonts of the machine that drew it, its content does not.
function(mark_of dot result)
  string(SHA256 hash "${dot}")
  set(${result} "<!-- drawn from ${hash} -->" PARENT_SCOPE)
endfunction()

function(update)
  tables_as_generated(text)
  file(WRITE ${states} "${text}")
  if(NOT DOT)
    message(FATAL_ERROR "docs: no dot for the pictures; install graphviz")
  endif()
  foreach(machine front back)
    draw(dot ${machine} dot)
    mark_of("${dot}" mark)
    file(WRITE ${OUTPUT}/${machine}.dot "${dot}")
    execute_process(COMMAND ${DOT} -Tsvg ${OUTPUT}/${machine}.dot
      OUTPUT_VARIABLE svg COMMAND_ERROR_IS_FATAL ANY)
    file(WRITE ${SOURCE}/docs/states-${machine}.svg "${svg}${mark}\n")
  endforeach()
endfunction()

function(check_states)
  file(READ ${states} old)
  tables_as_generated(new)
  if(NOT old STREQUAL new)
    message(FATAL_ERROR "${states} is not what the code does: build the "
      "target docs_update")
  endif()
  foreach(machine front back)
    draw(dot ${machine} dot)
    mark_of("${dot}" mark)
    file(READ ${SOURCE}/docs/states-${machine}.svg svg)
    string(FIND "${svg}" "${mark}" found)
    if(found EQUAL -1)
      message(FATAL_ERROR "states-${machine}.svg is not what the code does: "
        "build the target docs_update")
    endif()
  endforeach()
endfunction()

function(check_readme)
  file(READ ${SOURCE}/README.md readme)
  file(READ ${SOURCE}/docs/example.c example)
  string(FIND "${readme}" "```c\n${example}```\n" found)
  if(found EQUAL -1)
    message(FATAL_ERROR "README.md: the example is not docs/example.c")
  endif()
endfunction()

# Whether a page has a heading that makes this anchor.
function(has_anchor file anchor result)
  file(READ ${file} text)
  # no list of CMake may have these in it
  string(REGEX REPLACE "[][;]" "" text "\n${text}")
  string(REGEX MATCHALL "\n#+ [^\n]+" headings "${text}")
  set(${result} FALSE PARENT_SCOPE)
  foreach(heading IN LISTS headings)
    string(REGEX REPLACE "^\n#+ " "" heading "${heading}")
    string(TOLOWER "${heading}" heading)
    string(REGEX REPLACE "[^a-z0-9 _-]" "" heading "${heading}")
    string(REPLACE " " "-" heading "${heading}")
    if(heading STREQUAL anchor)
      set(${result} TRUE PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

function(check_links)
  set(broken "")
  file(GLOB texts ${SOURCE}/README.md ${SOURCE}/CHANGELOG.md
    ${SOURCE}/docs/*.md)
  foreach(file ${texts})
    get_filename_component(folder ${file} DIRECTORY)
    file(READ ${file} text)
    string(REPLACE "](" "<link " text "${text}")
    string(REGEX MATCHALL "<link [^)]+" links "${text}")
    foreach(link ${links})
      string(REGEX REPLACE "^<link ([^#]*).*$" "\\1" path "${link}")
      string(REGEX REPLACE "^<link [^#]*#?" "" anchor "${link}")
      if(path MATCHES "^https?:")
        continue()
      endif()
      set(target ${folder}/${path})
      if(path STREQUAL "")
        set(target ${file})
      endif()
      set(found TRUE)
      if(NOT EXISTS ${target})
        set(found FALSE)
      elseif(NOT anchor STREQUAL "")
        has_anchor(${target} "${anchor}" found)
      endif()
      if(NOT found)
        string(APPEND broken "\n${file}: ${path}#${anchor}")
      endif()
    endforeach()
  endforeach()
  if(broken)
    message(FATAL_ERROR "links that lead nowhere:${broken}")
  endif()
endfunction()

function(check_headers)
  file(GLOB_RECURSE headers ${SOURCE}/libvtpmring/include/*.h
    ${SOURCE}/libvtpmring/port/xen-user/include/*.h
    ${SOURCE}/components/tcti/include/*.h
    ${SOURCE}/components/tis/include/*.h)
  if(NOT headers)
    message(FATAL_ERROR "no public header found")
  endif()
  foreach(header ${headers})
    file(READ ${header} text)
    get_filename_component(name ${header} NAME)
    if(NOT text MATCHES "[*] @file ${name}\n")
      message(FATAL_ERROR "${header}: no @file ${name}: Doxygen does not look "
        "at it")
    endif()
  endforeach()
endfunction()

if(WHAT STREQUAL "update")
  update()
else()
  cmake_language(CALL check_${WHAT})
endif()
