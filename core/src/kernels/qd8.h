// SPDX-License-Identifier: Apache-2.0
// Int8 GEMM kernels of our own, in the form of XNNPACK's xnn_dqgemm_ukernel_fn, and the packing
// that they share. Only for the files of this folder and their test.
//
// Operands have 7 bits (EC_ACTIVATION_MAX, EC_WEIGHT_MAX), so all sums are exact and every host
// computes the same ones. Packed weights are panels of NR columns:
//
//     int32 [NR]             minus the sum of each column's weights
//     int8  [kc / 4, NR, 4]  four weights of each column in turn, filled up with zeros;
//                            two in plain WebAssembly SIMD
//     float [NR]             scales
//     float [NR]             biases
//
// Kernels whose instruction adds two products to 16 bits add EC_QD8_FEW or EC_QD8_MANY of its
// results before they widen them. A few fit in any panel. Where many do, whatever the activations
// are, packing says so in the sums, which are doubled to make room for it.
#ifndef EC_QD8_H
#define EC_QD8_H

#include <stddef.h>
#include <xnnpack.h>
#include <xnnpack/config.h>
#include <xnnpack/hardware-config.h>

enum {
    EC_QD8_KR = 4,       // weights of a column that lie together
    EC_QD8_WIDE_KR = 2,  // the same in plain WebAssembly SIMD
    EC_QD8_FEW = 2,      // sums of two products that are added in 16 bits
    EC_QD8_MANY = 4
};

// Blocks of a packed panel.
static inline size_t ec_qd8_blocks(size_t kc) { return (kc + EC_QD8_KR - 1) / EC_QD8_KR; }

// Bytes of one packed panel.
static inline size_t ec_qd8_panel_size(size_t kc, size_t nr) {
    return nr * (ec_qd8_blocks(kc) * EC_QD8_KR + sizeof(int32_t) + 2 * sizeof(float));
}

// XNNPACK's xnn_packw_gemm_goi_ukernel_fn for panels of any nr, with kr of EC_QD8_KR or
// EC_QD8_WIDE_KR. XNNPACK sets what it leaves out to zero, and fills in scales and biases
// afterwards.
void ec_qd8_pack(size_t groups, size_t nc, size_t kc, size_t nr, size_t kr, size_t sr,
                 const void *kernel, const void *bias, const void *scale, void *packed,
                 size_t extra_bytes, const void *params);

// Makes XNNPACK's int8 linear layers use `gemm`, for any number of rows up to `rows`, on panels of
// `columns` with blocks of EC_QD8_KR.
void ec_qd8_plug(struct xnn_gemm_config *config, xnn_dqgemm_ukernel_fn gemm, unsigned rows,
                 unsigned columns);

// The same for a kernel that adds sums of two products in 16 bits: the int32 of a panel are
// doubled, and odd where EC_QD8_MANY of those fit.
void ec_qd8_plug_pairs(struct xnn_gemm_config *config, xnn_dqgemm_ukernel_fn gemm, unsigned rows,
                       unsigned columns);

// Each plugs its kernel in where this processor has the instructions and XNNPACK has chosen the
// slower kernel that it is meant to replace. Empty on other architectures.
void ec_plug_avx2(struct xnn_gemm_config *config, const struct xnn_hardware_config *hardware);
void ec_plug_avx512vnni(struct xnn_gemm_config *config, const struct xnn_hardware_config *hardware);
void ec_plug_wasm(struct xnn_gemm_config *config, const struct xnn_hardware_config *hardware);

#endif
