# SPDX-License-Identifier: Apache-2.0
# libmicrohttpd: only what a plain HTTP/1.1 server on Linux needs. No TLS (that ends at the proxy or
# the platform), no authentication, no cookies, no form data, no protocol upgrades.
file(REAL_PATH "${EC_DEPS_DIR}/libmicrohttpd" EC_MICROHTTPD_DIR)

set(EC_MICROHTTPD_SOURCES
  connection.c
  daemon.c
  internal.c
  memorypool.c
  mhd_compat.c
  mhd_itc.c
  mhd_mono_clock.c
  mhd_panic.c
  mhd_send.c
  mhd_sockets.c
  mhd_str.c
  mhd_threads.c
  reason_phrase.c
  response.c)
list(TRANSFORM EC_MICROHTTPD_SOURCES PREPEND "${EC_MICROHTTPD_DIR}/microhttpd/")

add_library(microhttpd STATIC ${EC_MICROHTTPD_SOURCES})
set_target_properties(microhttpd PROPERTIES C_STANDARD 11 C_EXTENSIONS ON)
target_include_directories(microhttpd SYSTEM PUBLIC "${EC_MICROHTTPD_DIR}/include")
# MHD_config.h is in the folder beside this file.
target_include_directories(microhttpd PRIVATE "${CMAKE_CURRENT_LIST_DIR}/microhttpd")
target_compile_definitions(microhttpd PRIVATE _GNU_SOURCE _XOPEN_SOURCE=700 BUILDING_MHD_LIB=1)
target_compile_options(microhttpd PRIVATE -fno-strict-aliasing)
target_link_libraries(microhttpd PRIVATE $<BUILD_INTERFACE:ec_third_party> Threads::Threads)
if(EC_SANITIZE MATCHES "thread")
  # ThreadSanitizer must see how requests travel between its thread and the workers.
  target_compile_options(microhttpd PRIVATE -fsanitize=thread)
endif()
