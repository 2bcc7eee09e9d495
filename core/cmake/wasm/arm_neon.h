// SPDX-License-Identifier: Apache-2.0
// Stands in for the header that some of XNNPACK's WebAssembly kernels include by mistake.
#include <wasm_simd128.h>
