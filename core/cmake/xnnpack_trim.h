// SPDX-License-Identifier: Apache-2.0
// Forced into two XNNPACK files (see xnnpack.cmake) so that the linker can drop what BERT never
// runs. Both files name every operator's micro-kernels in tables; where a table is only reached
// through a name that is defined away here, its kernels need not be compiled at all.
// The choice among the kernels that are left stays XNNPACK's own.
#ifndef EC_XNNPACK_TRIM_H
#define EC_XNNPACK_TRIM_H

#include "xnnpack/config.h"
#include "xnnpack/reference-config.h"

// Indirect GEMM serves convolutions only.
#define xnn_init_hmp_igemm_ukernel(kernel) ((struct xnn_hmp_igemm_ukernel){0})
#define xnn_init_hmp_dqigemm_ukernel(kernel) ((struct xnn_hmp_dqigemm_ukernel){0})

// Of the element-wise operators only GELU and the conversion to int8 are used; the others answer
// "unsupported" when asked for.
#define xnn_init_unary_reference_config(op, in, out) NULL
#define xnn_init_f16_abs_config() NULL
#define xnn_init_f16_clamp_config() NULL
#define xnn_init_f16_elu_config() NULL
#define xnn_init_f16_hswish_config() NULL
#define xnn_init_f16_lrelu_config() NULL
#define xnn_init_f16_neg_config() NULL
#define xnn_init_f16_rndd_config() NULL
#define xnn_init_f16_rndne_config() NULL
#define xnn_init_f16_rndu_config() NULL
#define xnn_init_f16_rsqrt_config() NULL
#define xnn_init_f16_sigmoid_config() NULL
#define xnn_init_f16_sqr_config() NULL
#define xnn_init_f16_sqrt_config() NULL
#define xnn_init_f16_tanh_config() NULL
#define xnn_init_f16_to_f32_cvt_config() NULL
#define xnn_init_f16_to_qs8_cvt_config() NULL
#define xnn_init_f32_abs_config() NULL
#define xnn_init_f32_clamp_config() NULL
#define xnn_init_f32_elu_config() NULL
#define xnn_init_f32_exp_config() NULL
#define xnn_init_f32_hswish_config() NULL
#define xnn_init_f32_log_config() NULL
#define xnn_init_f32_lrelu_config() NULL
#define xnn_init_f32_neg_config() NULL
#define xnn_init_f32_rndd_config() NULL
#define xnn_init_f32_rndne_config() NULL
#define xnn_init_f32_rndu_config() NULL
#define xnn_init_f32_rsqrt_config() NULL
#define xnn_init_f32_sigmoid_config() NULL
#define xnn_init_f32_sqr_config() NULL
#define xnn_init_f32_sqrt_config() NULL
#define xnn_init_f32_tanh_config() NULL
#define xnn_init_f32_to_f16_cvt_config() NULL
#define xnn_init_f32_to_qp8_cvt_config() NULL
#define xnn_init_f32_to_qu8_cvt_config() NULL
#define xnn_init_qs8_cvt_config() NULL
#define xnn_init_qs8_lrelu_config() NULL
#define xnn_init_qs8_to_f16_cvt_config() NULL
#define xnn_init_qs8_to_f32_cvt_config() NULL
#define xnn_init_qu8_cvt_config() NULL
#define xnn_init_qu8_lrelu_config() NULL
#define xnn_init_qu8_to_f32_cvt_config() NULL
#define xnn_init_s8_clamp_config() NULL
#define xnn_init_u8_clamp_config() NULL
#define xnn_init_x8_lut_config() NULL
#define xnn_init_xx_copy_config() NULL

#endif
