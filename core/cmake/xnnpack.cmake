# SPDX-License-Identifier: Apache-2.0
# XNNPACK, pthreadpool, cpuinfo and the headers of FP16 and FXdiv, from unpacked source trees.
#
# XNNPACK's own build compiles about 1,000 files and knows no Emscripten. This list has only what
# an int8 BERT runs:
#   fully_connected_nc_qd8_f32_qc8w and the weights cache.
# The tables in XNNPACK's configs still name kernels of other operators. Every function is put in
# a section of its own and the linker drops the tables that nobody reaches, and with them the
# references to kernels that are not built. So whatever links this must use --gc-sections, which
# the target asks for by itself (wasm-ld always does it).

set(EC_DEPS_DIR "${CMAKE_SOURCE_DIR}/.deps" CACHE PATH
    "Folder with the unpacked sources xnnpack, pthreadpool, cpuinfo, fp16, fxdiv, cjson")
if(NOT EXISTS "${EC_DEPS_DIR}/xnnpack/include/xnnpack.h")
  message(FATAL_ERROR "No sources in ${EC_DEPS_DIR}: run ./dev setup first, or set EC_DEPS_DIR.")
endif()
# .deps has links into a cache; their real paths let ccache share objects between checkouts.
foreach(name xnnpack pthreadpool cpuinfo fp16 fxdiv cjson)
  string(TOUPPER ${name} upper)
  file(REAL_PATH "${EC_DEPS_DIR}/${name}" EC_${upper}_DIR)
endforeach()

if(EMSCRIPTEN)
  set(EC_XNN_ARCH wasm)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(EC_XNN_ARCH x86_64)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(EC_XNN_ARCH arm64)
else()
  message(FATAL_ERROR "No kernel list for processor ${CMAKE_SYSTEM_PROCESSOR}.")
endif()

# Other people's code: optimized in every build type, silent, and free of our warning and
# sanitizer flags, which are set on our own targets only.
add_library(ec_third_party INTERFACE)
target_compile_options(ec_third_party INTERFACE -w -O2 -g0 -ffunction-sections -fdata-sections)
target_compile_definitions(ec_third_party INTERFACE NDEBUG)
if(EC_WASM_THREADS)
  target_compile_options(ec_third_party INTERFACE -pthread)
endif()

include("${CMAKE_CURRENT_LIST_DIR}/xnnpack_kernels.cmake")

# --- pthreadpool ---------------------------------------------------------------------------------
set(EC_PTHREADPOOL_SOURCES src/portable-api.c src/memory.c src/pthreads.c)
if(EC_XNN_ARCH STREQUAL "wasm" AND NOT EC_WASM_THREADS)
  set(EC_PTHREADPOOL_SOURCES src/shim.c)
elseif(EC_XNN_ARCH STREQUAL "x86_64")
  list(APPEND EC_PTHREADPOOL_SOURCES src/fastpath.c)
endif()
list(TRANSFORM EC_PTHREADPOOL_SOURCES PREPEND "${EC_PTHREADPOOL_DIR}/")
add_library(pthreadpool STATIC ${EC_PTHREADPOOL_SOURCES})
target_include_directories(pthreadpool SYSTEM PUBLIC "${EC_PTHREADPOOL_DIR}/include")
target_include_directories(pthreadpool PRIVATE
  "${EC_PTHREADPOOL_DIR}/src" "${EC_FXDIV_DIR}/include")
target_compile_definitions(pthreadpool
  PUBLIC PTHREADPOOL_NO_DEPRECATED_API=1
  PRIVATE _GNU_SOURCE=1 FXDIV_USE_INLINE_ASSEMBLY=0
          PTHREADPOOL_USE_FASTPATH=$<STREQUAL:${EC_XNN_ARCH},x86_64>)
target_link_libraries(pthreadpool PRIVATE $<BUILD_INTERFACE:ec_third_party>)
if(NOT EMSCRIPTEN)
  set(THREADS_PREFER_PTHREAD_FLAG ON)
  find_package(Threads REQUIRED)
  target_link_libraries(pthreadpool PUBLIC Threads::Threads)
endif()
if(EC_SANITIZE MATCHES "thread")
  # ThreadSanitizer must see the pool's synchronization, and it understands no futex.
  target_compile_options(pthreadpool PRIVATE -fsanitize=thread)
  target_compile_definitions(pthreadpool PRIVATE PTHREADPOOL_USE_FUTEX=0)
endif()

# --- cpuinfo: which instruction sets this processor has ------------------------------------------
if(NOT EMSCRIPTEN)
  set(EC_CPUINFO_SOURCES
    src/api.c src/cache.c src/init.c src/log.c
    src/linux/cpulist.c src/linux/multiline.c src/linux/processors.c src/linux/smallfile.c)
  if(EC_XNN_ARCH STREQUAL "x86_64")
    list(APPEND EC_CPUINFO_SOURCES
      src/x86/cache/descriptor.c src/x86/cache/deterministic.c src/x86/cache/init.c
      src/x86/info.c src/x86/init.c src/x86/isa.c src/x86/linux/cpuinfo.c src/x86/linux/init.c
      src/x86/name.c src/x86/topology.c src/x86/uarch.c src/x86/vendor.c)
  else()
    list(APPEND EC_CPUINFO_SOURCES
      src/arm/cache.c src/arm/linux/aarch64-isa.c src/arm/linux/chipset.c
      src/arm/linux/clusters.c src/arm/linux/cpuinfo.c src/arm/linux/hwcap.c
      src/arm/linux/init.c src/arm/linux/midr.c src/arm/uarch.c)
  endif()
  list(TRANSFORM EC_CPUINFO_SOURCES PREPEND "${EC_CPUINFO_DIR}/")
  add_library(cpuinfo STATIC ${EC_CPUINFO_SOURCES})
  target_include_directories(cpuinfo SYSTEM PUBLIC "${EC_CPUINFO_DIR}/include")
  target_include_directories(cpuinfo PRIVATE "${EC_CPUINFO_DIR}/src")
  # Log level 1: only what is fatal. A sandbox that hides /sys is no reason to write to stderr.
  target_compile_definitions(cpuinfo PRIVATE
    _GNU_SOURCE=1 CPUINFO_LOG_LEVEL=1 CPUINFO_LOG_TO_STDIO=1 CPUINFO_SUPPORTED_PLATFORM=1)
  target_link_libraries(cpuinfo PRIVATE $<BUILD_INTERFACE:ec_third_party> Threads::Threads)
endif()

# --- XNNPACK -------------------------------------------------------------------------------------
set(EC_XNN_SOURCES
  allocator.c
  cache.c
  configs/binary-elementwise-config.c
  configs/gemm-config.c
  configs/hardware-config.c
  configs/pack-lh-config.c
  configs/transpose-config.c
  datatype.c
  enums/allocation-type.c
  enums/datatype-strings.c
  enums/microkernel-type.c
  enums/operator-type.c
  indirection.c
  init.c
  memory.c
  microkernel-utils.c
  microparams-init.c
  mutex.c
  normalization.c
  operator-delete.c
  operator-run.c
  operator-utils.c
  operators/fully-connected-nc.c
  params.c
  reference/packing.cc)

# What the configs may choose from. Everything else is off: no half precision, no AMX, no SME
# (tile units that other targets lack), no assembly (the intrinsics are as fast on servers).
set(EC_XNN_ENABLED
  ARM_DOTPROD ARM_I8MM AVXVNNI AVX256SKX AVX256VNNI AVX512F AVX512SKX AVX512VBMI AVX512VNNI
  GEMM_M_SPECIALIZATION)
set(EC_XNN_DISABLED
  ARM_BF16 ARM_FP16_SCALAR ARM_FP16_VECTOR ARM_SME ARM_SME2 ASSEMBLY AVX256VNNIGFNI AVX512AMX
  AVX512FP16 AVX512VNNIGFNI AVXVNNIINT8 DWCONV_MULTIPASS HVX KLEIDIAI MEMOPT RISCV_VECTOR SPARSE
  VSX)

list(TRANSFORM EC_XNN_SOURCES PREPEND "${EC_XNNPACK_DIR}/src/")
list(TRANSFORM EC_XNN_KERNELS PREPEND "${EC_XNNPACK_DIR}/src/")
add_library(xnnpack STATIC ${EC_XNN_SOURCES} ${EC_XNN_KERNELS})
set_target_properties(xnnpack PROPERTIES
  C_STANDARD 99 C_EXTENSIONS ON CXX_STANDARD 14 CXX_STANDARD_REQUIRED ON)
target_include_directories(xnnpack SYSTEM PUBLIC "${EC_XNNPACK_DIR}/include")
target_include_directories(xnnpack PRIVATE
  "${EC_XNNPACK_DIR}/src" "${EC_FP16_DIR}/include" "${EC_FXDIV_DIR}/include")
target_compile_options(xnnpack PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti>)
target_compile_definitions(xnnpack PRIVATE
  XNN_LOG_LEVEL=0 FXDIV_USE_INLINE_ASSEMBLY=0 XNN_ENABLE_CPUINFO=$<NOT:$<BOOL:${EMSCRIPTEN}>>)
foreach(feature IN LISTS EC_XNN_ENABLED)
  target_compile_definitions(xnnpack PRIVATE XNN_ENABLE_${feature}=1)
endforeach()
foreach(feature IN LISTS EC_XNN_DISABLED)
  target_compile_definitions(xnnpack PRIVATE XNN_ENABLE_${feature}=0)
endforeach()
set_property(SOURCE "${EC_XNNPACK_DIR}/src/configs/gemm-config.c"
  PROPERTY COMPILE_OPTIONS -include "${CMAKE_CURRENT_LIST_DIR}/xnnpack_trim.h")
target_link_libraries(xnnpack PUBLIC pthreadpool PRIVATE $<BUILD_INTERFACE:ec_third_party> m)
if(EMSCRIPTEN)
  target_compile_options(xnnpack PRIVATE
    -msimd128 $<$<BOOL:${EC_WASM_RELAXED}>:-mrelaxed-simd>)
else()
  target_link_libraries(xnnpack PRIVATE cpuinfo)
  target_link_options(xnnpack INTERFACE -Wl,--gc-sections)
endif()
