// SPDX-License-Identifier: Apache-2.0
//
// Int8 GEMM for WebAssembly, 8 columns at a time. Engines have 15 vector registers to give, so each
// tile is as large as its accumulators, activations and weights fit: a spill costs more than
// anything else here. Three ways to multiply:
//
// dot    i32x4.relaxed_dot_i8x16_i7x16_add, 6 rows: one instruction where the processor has one
//        (AVX-VNNI, Arm's SDOT), five where it has not.
// pairs  i16x8.relaxed_dot_i8x16_i7x16, 3 rows: for those. Our numbers are 7-bit
// (EC_ACTIVATION_MAX,
//        EC_WEIGHT_MAX), so two results can be added in 16 bits before they are widened.
// wide   plain SIMD, 5 rows: pairs of products of 16 bits, from activations that are widened and
// put
//        side by side first, so that one load spreads a pair over a register.
//
// Activations are the 7-bit operand of the relaxed instructions. With its top bit clear engines
// have no choice left, so all three give the plain integer products.
#include "qd8.h"

#if defined(__wasm_simd128__)

#include <string.h>
#include <wasm_simd128.h>

#include "../bundle.h"
#include "../model.h"

_Static_assert(4 * EC_ACTIVATION_MAX * EC_WEIGHT_MAX <= INT16_MAX, "four products fit 16 bits");

enum { NR = 8, HALF = NR / 2 * sizeof(float) };

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

// Sums of a tile of the output: rows x two halves of NR columns.
enum { MAX_ROWS = 6 };
typedef v128_t sums[MAX_ROWS][2];

INLINE void store(float *c, size_t columns, v128_t left, v128_t right) {
    if (columns >= NR) {
        wasm_v128_store(c, left);
        wasm_v128_store(c + 4, right);
        return;
    }
    float row[NR];
    wasm_v128_store(row, left);
    wasm_v128_store(row + 4, right);
    memcpy(c, row, columns * sizeof *c);
}

INLINE v128_t dequantize(v128_t sum, v128_t row_scale, v128_t scale, v128_t bias) {
    const v128_t x = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sum), row_scale);
    return wasm_f32x4_add(wasm_f32x4_mul(x, scale), bias);
}

// What XNNPACK hands to an xnn_dqgemm_ukernel_fn.
typedef struct tile {
    size_t columns, kc;
    const int8_t *a;  // [rows, kc]
    size_t a_stride;
    char *c;  // float [rows, columns]
    size_t c_stride;
    const struct xnn_qd8_quantization_params *quantization;  // [rows]
} tile;

// Where sums begin: the zero points times the sums of the weights, which lead the panel.
INLINE void begin(const tile *t, int rows, const int8_t *panel, sums sum) {
    const v128_t weights0 = wasm_v128_load(panel), weights1 = wasm_v128_load(panel + HALF);
    UNROLL for (int m = 0; m < rows; m++) {
        const v128_t zero_point = wasm_i32x4_splat(t->quantization[m].zero_point);
        sum[m][0] = wasm_i32x4_mul(weights0, zero_point);
        sum[m][1] = wasm_i32x4_mul(weights1, zero_point);
    }
}

// c = sum * scales + biases; both end the panel.
INLINE void end(const tile *t, int rows, const int8_t *panel, const sums sum) {
    const v128_t scale0 = wasm_v128_load(panel), scale1 = wasm_v128_load(panel + HALF);
    const v128_t bias0 = wasm_v128_load(panel + 2 * HALF), bias1 = wasm_v128_load(panel + 3 * HALF);
    UNROLL for (int m = 0; m < rows; m++) {
        const v128_t row_scale = wasm_f32x4_splat(t->quantization[m].inv_scale);
        store((float *)(void *)(t->c + (size_t)m * t->c_stride), t->columns,
              dequantize(sum[m][0], row_scale, scale0, bias0),
              dequantize(sum[m][1], row_scale, scale1, bias1));
    }
}

// ------------------------------------------------------------- plain SIMD

enum { WIDE_ROWS = 5, WIDE_KR = EC_QD8_WIDE_KR };

// wide[kc / 2, rows, 2] = a[rows, kc] in 16 bits; an odd last weight meets zero.
INLINE void widen(const tile *t, int rows, int16_t *wide) {
    for (size_t k = 0; k < t->kc; k += WIDE_KR) {
        UNROLL for (int m = 0; m < rows; m++) {
            const int8_t *pair = t->a + (size_t)m * t->a_stride + k;
            *wide++ = pair[0];
            *wide++ = pair[1];
        }
    }
}

INLINE void multiply_wide(tile t, int rows, size_t nc, const int8_t *panel, size_t c_step) {
    int16_t wide[WIDE_ROWS * EC_HIDDEN_MAX];
    widen(&t, rows, wide);
    for (size_t n = 0; n < nc; n += NR, t.c += c_step) {
        sums sum;
        t.columns = nc - n;
        begin(&t, rows, panel, sum);
        panel += 2 * HALF;
        const int16_t *x = wide;
        for (size_t k = 0; k < t.kc; k += WIDE_KR, panel += WIDE_KR * NR) {
            const v128_t b0 = wasm_i16x8_load8x8(panel), b1 = wasm_i16x8_load8x8(panel + NR);
            UNROLL for (int m = 0; m < rows; m++, x += WIDE_KR) {
                const v128_t pair = wasm_v128_load32_splat(x);
                sum[m][0] = wasm_i32x4_add(sum[m][0], wasm_i32x4_dot_i16x8(pair, b0));
                sum[m][1] = wasm_i32x4_add(sum[m][1], wasm_i32x4_dot_i16x8(pair, b1));
            }
        }
        end(&t, rows, panel, sum);
        panel += 4 * HALF;
    }
}

static void gemm_wide(size_t mr, size_t nc, size_t kc, const void *a, size_t a_stride,
                      const void *w, void *c, size_t cm_stride, size_t cn_stride,
                      const void *params, const struct xnn_qd8_quantization_params *quantization) {
    (void)params;  // output limits: ours are infinite
    const tile t = {nc, kc, a, a_stride, c, cm_stride, quantization};
    switch (mr) {
    case 1:
        multiply_wide(t, 1, nc, w, cn_stride);
        break;
    case 2:
        multiply_wide(t, 2, nc, w, cn_stride);
        break;
    case 3:
        multiply_wide(t, 3, nc, w, cn_stride);
        break;
    case 4:
        multiply_wide(t, 4, nc, w, cn_stride);
        break;
    default:
        multiply_wide(t, WIDE_ROWS, nc, w, cn_stride);
        break;
    }
}

static void plug_wide(struct xnn_gemm_config *config) {
    ec_qd8_plug(config, gemm_wide, WIDE_ROWS, NR);
    config->log2_kr = 1;
}

// ------------------------------------------------------------- relaxed SIMD

#if defined(__wasm_relaxed_simd__)

enum { TILE_ROWS = 12, DOT_ROWS = 6, PAIRS_ROWS = 3, KR = EC_QD8_KR };

// Adds the products over k of a[row][k] * b[k][column] to the sums. Returns the end of b.
typedef const int8_t *accumulate_fn(const tile *t, int rows, const int8_t *b, sums sum);

INLINE const int8_t *accumulate_dot(const tile *t, int rows, const int8_t *b, sums sum) {
    for (size_t k = 0; k < t->kc; k += KR, b += KR * NR) {
        const v128_t b0 = wasm_v128_load(b), b1 = wasm_v128_load(b + 16);
        UNROLL for (int m = 0; m < rows; m++) {
            const v128_t x = wasm_v128_load32_splat(t->a + (size_t)m * t->a_stride + k);
            sum[m][0] = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(b0, x, sum[m][0]);
            sum[m][1] = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(b1, x, sum[m][1]);
        }
    }
    return b;
}

// Four products in each 16-bit lane, then eight in each 32-bit lane of the sum.
INLINE v128_t add_pairs(v128_t sum, v128_t b0, v128_t x0, v128_t b1, v128_t x1) {
    const v128_t four = wasm_i16x8_add(wasm_i16x8_relaxed_dot_i8x16_i7x16(b0, x0),
                                       wasm_i16x8_relaxed_dot_i8x16_i7x16(b1, x1));
    return wasm_i32x4_add(sum, wasm_i32x4_extadd_pairwise_i16x8(four));
}

INLINE const int8_t *accumulate_pairs(const tile *t, int rows, const int8_t *b, sums sum) {
    size_t k = 0;
    for (; k + 2 * KR <= t->kc; k += 2 * KR, b += 2 * KR * NR) {
        const v128_t b00 = wasm_v128_load(b), b01 = wasm_v128_load(b + 16);
        const v128_t b10 = wasm_v128_load(b + 32), b11 = wasm_v128_load(b + 48);
        UNROLL for (int m = 0; m < rows; m++) {
            const int8_t *a = t->a + (size_t)m * t->a_stride + k;
            const v128_t x0 = wasm_v128_load32_splat(a), x1 = wasm_v128_load32_splat(a + KR);
            sum[m][0] = add_pairs(sum[m][0], b00, x0, b10, x1);
            sum[m][1] = add_pairs(sum[m][1], b01, x0, b11, x1);
        }
    }
    if (k < t->kc) {
        const v128_t zero = wasm_i32x4_const_splat(0);
        const v128_t b0 = wasm_v128_load(b), b1 = wasm_v128_load(b + 16);
        UNROLL for (int m = 0; m < rows; m++) {
            const v128_t x = wasm_v128_load32_splat(t->a + (size_t)m * t->a_stride + k);
            sum[m][0] = add_pairs(sum[m][0], b0, x, zero, zero);
            sum[m][1] = add_pairs(sum[m][1], b1, x, zero, zero);
        }
        b += KR * NR;
    }
    return b;
}

INLINE void multiply_panel(accumulate_fn accumulate, const tile *t, int rows, size_t first,
                           const int8_t *panel) {
    tile part = *t;
    part.a += first * t->a_stride;
    part.c += first * t->c_stride;
    part.quantization += first;
    sums sum;
    begin(&part, rows, panel, sum);
    end(&part, rows, accumulate(&part, rows, panel + 2 * HALF, sum), sum);
}

// Up to TILE_ROWS rows. Each panel of weights is used for all of them, step_rows at a time, while
// it is in the first-level cache.
INLINE void multiply(accumulate_fn accumulate, int step_rows, size_t mr, tile t,
                     const int8_t *panel, size_t c_step) {
    const size_t nc = t.columns;
    for (size_t n = 0; n < nc; n += NR, panel += ec_qd8_panel_size(t.kc, NR), t.c += c_step) {
        size_t m = 0;
        t.columns = nc - n;
        for (; m + (size_t)step_rows <= mr; m += (size_t)step_rows) {
            multiply_panel(accumulate, &t, step_rows, m, panel);
        }
        for (; m < mr; m++) {
            multiply_panel(accumulate, &t, 1, m, panel);
        }
    }
}

static void gemm_dot(size_t mr, size_t nc, size_t kc, const void *a, size_t a_stride, const void *w,
                     void *c, size_t cm_stride, size_t cn_stride, const void *params,
                     const struct xnn_qd8_quantization_params *quantization) {
    (void)params;
    const tile t = {nc, kc, a, a_stride, c, cm_stride, quantization};
    multiply(accumulate_dot, DOT_ROWS, mr, t, w, cn_stride);
}

static void gemm_pairs(size_t mr, size_t nc, size_t kc, const void *a, size_t a_stride,
                       const void *w, void *c, size_t cm_stride, size_t cn_stride,
                       const void *params, const struct xnn_qd8_quantization_params *quantization) {
    (void)params;
    const tile t = {nc, kc, a, a_stride, c, cm_stride, quantization};
    multiply(accumulate_pairs, PAIRS_ROWS, mr, t, w, cn_stride);
}

// Node 20 takes the operands of the relaxed dot products the wrong way round.
static bool relaxed_dot_works(void) {
    const volatile v128_t weights = wasm_i8x16_const_splat(-EC_WEIGHT_MAX);  // not folded away
    const v128_t activations = wasm_i8x16_const_splat(EC_ACTIVATION_MAX);
    const v128_t sum = wasm_i16x8_relaxed_dot_i8x16_i7x16(weights, activations);
    return wasm_i16x8_all_true(
        wasm_i16x8_eq(sum, wasm_i16x8_const_splat(-2 * EC_WEIGHT_MAX * EC_ACTIVATION_MAX)));
}

void ec_plug_wasm(struct xnn_gemm_config *config, const struct xnn_hardware_config *hardware) {
    if (!relaxed_dot_works()) {
        plug_wide(config);
        return;
    }
    const bool one_instruction = hardware->use_wasm_usdot || hardware->use_wasm_sdot;
    ec_qd8_plug(config, one_instruction ? gemm_dot : gemm_pairs, TILE_ROWS, NR);
}

#else

void ec_plug_wasm(struct xnn_gemm_config *config, const struct xnn_hardware_config *hardware) {
    (void)hardware;
    plug_wide(config);
}

#endif

#else

void ec_plug_wasm(struct xnn_gemm_config *config, const struct xnn_hardware_config *hardware) {
    (void)config, (void)hardware;
}

#endif
