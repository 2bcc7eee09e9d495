# SPDX-License-Identifier: Apache-2.0
# The micro-kernels that the operators named in xnnpack.cmake can choose at run time, by
# instruction set. Sets EC_XNN_KERNELS (paths under XNNPACK's src/) for the target, and the
# flags of each kernel.
#
# To see what is missing after a change of version or of operators, build with these lists empty:
# the undefined references of the link are the kernels needed.

# ec_xnn_kernels("flags" file...): adds kernels that need the given flags.
function(ec_xnn_kernels flags)
  foreach(kernel IN LISTS ARGN)
    set_property(SOURCE "${EC_XNNPACK_DIR}/src/${kernel}" PROPERTY COMPILE_OPTIONS ${flags} -fno-math-errno)
  endforeach()
  set(EC_XNN_KERNELS ${EC_XNN_KERNELS} ${ARGN} PARENT_SCOPE)
endfunction()

set(EC_XNN_KERNELS)
set(EC_AVX512SKX -mf16c -mfma -mavx512f -mavx512cd -mavx512bw -mavx512dq -mavx512vl)

if(EC_XNN_ARCH STREQUAL "x86_64")
  # SSE and SSE2 are part of x86-64
  ec_xnn_kernels("-msse2"
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-1x4c8-minmax-sse2-ld64.c
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-4x4c8-minmax-sse2-ld64.c)
  # SSE4.1
  ec_xnn_kernels("-msse4.1"
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-1x4c8-minmax-sse41-ld64.c
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-4x4c8-minmax-sse41-ld64.c)
  # AVX2
  ec_xnn_kernels("-mf16c;-mfma;-mavx2"
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-1x8c8-minmax-avx2.c
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-4x8c8-minmax-avx2.c)
  # AVX-VNNI (client processors since Alder Lake)
  ec_xnn_kernels("-mf16c;-mfma;-mavx2;-mavxvnni"
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-1x8c8-minmax-avxvnni-prfm.c
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-5x8c8-minmax-avxvnni-prfm.c
    qs8-packw/gen/qs8-packw-x8c8-gemm-goi-avxvnni-prfm.c)
  # AVX-512 of Skylake-X and later
  ec_xnn_kernels("${EC_AVX512SKX}"
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-1x16c8-minmax-avx512skx-prfm.c
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-1x8c8-minmax-avx256skx.c
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-8x16c8-minmax-avx512skx-prfm.c
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-8x8c8-minmax-avx256skx.c)
  # AVX-512 VNNI
  ec_xnn_kernels("${EC_AVX512SKX};-mavx512vnni"
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-10x16c8-minmax-avx512vnni-prfm.c
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-1x16c8-minmax-avx512vnni-prfm.c
    qs8-packw/gen/qs8-packw-x16c8-gemm-goi-avx256vnni-prfm.c)
elseif(EC_XNN_ARCH STREQUAL "arm64")
  # NEON is part of arm64
  ec_xnn_kernels(""
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-1x8c2s4-minmax-neon-mlal.c
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-2x8c2s4-minmax-neon-mlal.c)
  # Dot products
  ec_xnn_kernels("-march=armv8.2-a+dotprod"
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-1x16c4-minmax-neondot.c
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-4x16c4-minmax-neondot.c)
  # int8 matrix multiplication
  ec_xnn_kernels("-march=armv8.2-a+i8mm+fp16"
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-1x16c8-minmax-neoni8mm.c
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-4x16c8-minmax-neoni8mm.c)
else()
  # WebAssembly has no run-time choice of instructions: a module is built for one set.
  ec_xnn_kernels(""
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-1x4c2s4-minmax-wasmsimd-dot16x2-ld128.c
    qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-4x4c2s4-minmax-wasmsimd-dot16x2-ld128.c)
  if(EC_WASM_RELAXED)
    # Relaxed SIMD; which of its dot products is fast is found out at run time
    ec_xnn_kernels(""
      qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-1x8c8-minmax-wasmsdot-u2.c
      qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-1x8c8-minmax-wasmsdot.c
      qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-1x8c8-minmax-wasmusdot-u2.c
      qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-2x8c8-minmax-wasmsdot.c
      qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-4x8c8-minmax-wasmsdot-u2.c
      qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-4x8c8-minmax-wasmusdot-u2.c)
  endif()
endif()
