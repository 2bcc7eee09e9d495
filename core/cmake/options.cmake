# SPDX-License-Identifier: Apache-2.0
# Flags for our own targets: target_link_libraries(x PRIVATE ec_options).
# Third-party code never sees them.

add_library(ec_options INTERFACE)
target_compile_options(ec_options INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wpointer-arith -Wcast-qual -Wcast-align -Wwrite-strings
  -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wundef -Wvla -Wformat=2
  -Wimplicit-fallthrough -Wconversion -Wno-sign-conversion -Wdouble-promotion
  -ffunction-sections -fdata-sections -fno-common)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(ec_options INTERFACE -Wlogical-op -Wduplicated-cond -Wduplicated-branches)
endif()

if(EMSCRIPTEN)
  target_compile_options(ec_options INTERFACE
    -msimd128 $<$<BOOL:${EC_WASM_RELAXED}>:-mrelaxed-simd> $<$<BOOL:${EC_WASM_THREADS}>:-pthread>)
  return()
endif()

target_compile_definitions(ec_options INTERFACE _POSIX_C_SOURCE=200809L)
target_compile_options(ec_options INTERFACE -fstack-protector-strong)
if(NOT EC_SANITIZE)
  # Some distributions set a level of their own.
  target_compile_options(ec_options INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
  target_link_options(ec_options INTERFACE -Wl,-z,relro,-z,now)
else()
  target_compile_options(ec_options INTERFACE
    -fsanitize=${EC_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_link_options(ec_options INTERFACE -fsanitize=${EC_SANITIZE})
endif()
if(EC_FUZZ)
  # The library part of libFuzzer goes to the fuzz targets only (-fsanitize=fuzzer there).
  target_compile_options(ec_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
target_link_options(ec_options INTERFACE -Wl,--gc-sections)
if(EC_STATIC)
  target_link_options(ec_options INTERFACE -static $<$<CONFIG:Release>:-s>)
endif()
