// SPDX-License-Identifier: Apache-2.0
// Micro-kernels of our own that plug in beside XNNPACK's.
#ifndef EC_KERNELS_H
#define EC_KERNELS_H

#include <stddef.h>

// Replaces XNNPACK's choice of kernels where ours are faster on this processor, or where its choice
// adds in another order than everywhere else. Call after xnn_initialize, once, before any operator
// is created; later calls change nothing.
void ec_plug_kernels(void);

// The parts of ec_plug_kernels, each in the file of its instruction set.
void ec_plug_avx2(void);
void ec_plug_wasm(void);

// XNNPACK's xnn_packw_gemm_goi_ukernel_fn for int8 weights in any layout (nr, kr, sr); the stock
// one moves byte by byte. What it leaves out, XNNPACK has set to zero.
void ec_pack_qd8(size_t groups, size_t nc, size_t kc, size_t nr, size_t kr, size_t sr,
                 const void *kernel, const void *bias, const void *scale, void *packed,
                 size_t extra_bytes, const void *params);

#endif
