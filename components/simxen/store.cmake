# SPDX-License-Identifier: MIT
# The xenstore of simxen as a static library, and its tests.

add_library(simxen-store STATIC
  ${CMAKE_CURRENT_LIST_DIR}/store.c
  ${CMAKE_CURRENT_LIST_DIR}/store_conn.c
  ${CMAKE_CURRENT_LIST_DIR}/store_domain.c
  ${CMAKE_CURRENT_LIST_DIR}/store_hash.c
  ${CMAKE_CURRENT_LIST_DIR}/store_ops.c
  ${CMAKE_CURRENT_LIST_DIR}/store_path.c
  ${CMAKE_CURRENT_LIST_DIR}/store_perms.c
  ${CMAKE_CURRENT_LIST_DIR}/store_request.c
  ${CMAKE_CURRENT_LIST_DIR}/store_request_admin.c
  ${CMAKE_CURRENT_LIST_DIR}/store_request_node.c
  ${CMAKE_CURRENT_LIST_DIR}/store_socket.c
  ${CMAKE_CURRENT_LIST_DIR}/store_tree.c
  ${CMAKE_CURRENT_LIST_DIR}/store_txn.c
  ${CMAKE_CURRENT_LIST_DIR}/store_watch.c)
target_include_directories(simxen-store PUBLIC ${CMAKE_CURRENT_LIST_DIR})
target_compile_definitions(simxen-store PRIVATE _GNU_SOURCE)
target_link_libraries(simxen-store PUBLIC vtpmring_options)

foreach(part node txn watch hostile scale)
  set(labels unit)
  if(part STREQUAL "scale") # by far too slow under a tool
    set(labels)
  endif()
  vtpmring_test(simxen-store-${part}
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/tests/store_${part}_test.c
            ${CMAKE_CURRENT_LIST_DIR}/tests/store_client.c
    LIBS simxen-store LABELS ${labels})
  target_compile_definitions(simxen-store-${part} PRIVATE _GNU_SOURCE)
endforeach()

find_package(Threads REQUIRED)
vtpmring_test(simxen-store-socket
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/tests/store_socket_test.c
  LIBS simxen-store xenstore Threads::Threads)
target_compile_definitions(simxen-store-socket PRIVATE _GNU_SOURCE)
