// SPDX-License-Identifier: Apache-2.0
//
// Int8 GEMM for x86 processors with AVX-512 VNNI, 12 rows x 32 columns.
//
// XNNPACK's kernel keeps two partial sums of each output and adds them in the end, which is a
// seventh of its time at 384 input channels. Here each lane is an output from the beginning, and 24
// registers of sums stand against two of weights and one row's activations.
#include "qd8.h"

#if defined(__x86_64__) || defined(_M_X64)

#include <immintrin.h>
#include <string.h>

#include "../model.h"

enum { MR = 12, NR = 32, KR = EC_QD8_KR };

#define TARGET __attribute__((target("avx512f,avx512vnni")))
#define INLINE_TARGET static inline __attribute__((always_inline, target("avx512f,avx512vnni")))

INLINE_TARGET __m512i broadcast4(const int8_t *bytes) {
    int32_t word;
    memcpy(&word, bytes, sizeof word);
    return _mm512_set1_epi32(word);
}

INLINE_TARGET __m512i load(const int8_t *bytes) { return _mm512_loadu_si512(bytes); }

// sum + four products in each lane. As an instruction of its own: with the intrinsic gcc 12 copies
// and spills the sums.
INLINE_TARGET __m512i dot4(__m512i sum, __m512i activations, __m512i weights) {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(activations), "v"(weights));
    return sum;
}

// The left and right columns of a row of the output.
typedef struct row_sum {
    __m512i left, right;
} row_sum;

// c[rows, columns] of one panel.
INLINE_TARGET void multiply_panel(int rows, size_t columns, size_t kc, const int8_t *a,
                                  size_t a_stride, const int8_t *panel, char *c, size_t cm_stride,
                                  const struct xnn_qd8_quantization_params *quantization) {
    row_sum sum[MR];
    const __m512i weights_left = load(panel), weights_right = load(panel + 64);
#pragma GCC unroll 12
    for (int m = 0; m < rows; m++) {
        const __m512i zero_point = _mm512_set1_epi32(quantization[m].zero_point);
        sum[m].left = _mm512_mullo_epi32(weights_left, zero_point);
        sum[m].right = _mm512_mullo_epi32(weights_right, zero_point);
    }
    panel += NR * sizeof(int32_t);
    for (size_t k = 0; k < kc; k += KR, panel += KR * NR) {
        const __m512i left = load(panel), right = load(panel + 64);
#pragma GCC unroll 12
        for (int m = 0; m < rows; m++) {
            const __m512i activations = broadcast4(a + (size_t)m * a_stride + k);
            sum[m].left = dot4(sum[m].left, activations, left);
            sum[m].right = dot4(sum[m].right, activations, right);
        }
    }

    const float *const scale = (const float *)(const void *)panel;
    const __m512 scale_left = _mm512_loadu_ps(scale), scale_right = _mm512_loadu_ps(scale + 16);
    const __m512 bias_left = _mm512_loadu_ps(scale + NR);
    const __m512 bias_right = _mm512_loadu_ps(scale + NR + 16);
    const uint32_t mask = columns >= NR ? UINT32_MAX : (UINT32_C(1) << columns) - 1;
#pragma GCC unroll 12
    for (int m = 0; m < rows; m++) {
        const __m512 row_scale = _mm512_set1_ps(quantization[m].inv_scale);
        const __m512 left = _mm512_mul_ps(_mm512_cvtepi32_ps(sum[m].left), row_scale);
        const __m512 right = _mm512_mul_ps(_mm512_cvtepi32_ps(sum[m].right), row_scale);
        float *const out = (float *)(void *)(c + (size_t)m * cm_stride);
        _mm512_mask_storeu_ps(out, (__mmask16)mask, _mm512_fmadd_ps(left, scale_left, bias_left));
        _mm512_mask_storeu_ps(out + 16, (__mmask16)(mask >> 16),
                              _mm512_fmadd_ps(right, scale_right, bias_right));
    }
}

// XNNPACK's xnn_dqgemm_ukernel_fn for up to MR rows.
TARGET static void gemm_32c4(size_t mr, size_t nc, size_t kc, const void *a, size_t a_stride,
                             const void *w, void *c, size_t cm_stride, size_t cn_stride,
                             const void *params,
                             const struct xnn_qd8_quantization_params *quantization) {
    (void)params;  // output limits: ours are infinite
    const size_t panel_size = ec_qd8_panel_size(kc, NR);
    const int8_t *panel = w;
    for (size_t n = 0; n < nc; n += NR, panel += panel_size) {
        const int8_t *row = a;
        char *out = (char *)c + n / NR * cn_stride;
        size_t m = 0;
        if (mr == MR) {
            multiply_panel(MR, nc - n, kc, row, a_stride, panel, out, cm_stride, quantization);
            continue;
        }
        for (; m + 4 <= mr; m += 4, row += 4 * a_stride, out += 4 * cm_stride) {
            multiply_panel(4, nc - n, kc, row, a_stride, panel, out, cm_stride, quantization + m);
        }
        for (; m < mr; m++, row += a_stride, out += cm_stride) {
            multiply_panel(1, nc - n, kc, row, a_stride, panel, out, cm_stride, quantization + m);
        }
    }
}

void ec_plug_avx512vnni(struct xnn_gemm_config *config,
                        const struct xnn_hardware_config *hardware) {
    const bool stock_vnni = config->mr == 10 && config->nr == 16;
    if (hardware->use_x86_avx512vnni && stock_vnni) {
        ec_qd8_plug(config, gemm_32c4, MR, NR);
    }
}

#else

void ec_plug_avx512vnni(struct xnn_gemm_config *config,
                        const struct xnn_hardware_config *hardware) {
    (void)config, (void)hardware;
}

#endif
