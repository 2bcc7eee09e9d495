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
// wide   plain SIMD, 4 rows: products of 16 bits; activations are turned by one pair a step.
//
// Activations are the 7-bit operand of the relaxed instructions. With its top bit clear engines
// have no choice left, so all three give the plain integer products.
#include "qd8.h"

#if defined(__wasm_simd128__)

#include <string.h>
#include <wasm_simd128.h>

#include "../model.h"

_Static_assert(4 * EC_ACTIVATION_MAX * EC_WEIGHT_MAX <= INT16_MAX, "four products fit 16 bits");

enum { TILE_ROWS = 12, MAX_MR = 6, NR = 8, HALF = NR / 2 * sizeof(float) };

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

// Adds to sum[row][half] the products over k of a[row][k] * b[k][column], b being blocks of kr x
// NR. Returns the end of b.
typedef const int8_t *accumulate_fn(size_t kc, const int8_t *const a[], int rows, const int8_t *b,
                                    v128_t sum[][2]);

#if defined(__wasm_relaxed_simd__)

enum { KR = EC_QD8_KR, PAIRS_STEP = 2 * KR };

INLINE const int8_t *accumulate_dot(size_t kc, const int8_t *const a[], int rows, const int8_t *b,
                                    v128_t sum[][2]) {
    for (size_t k = 0; k < kc; k += KR, b += KR * NR) {
        const v128_t b0 = wasm_v128_load(b), b1 = wasm_v128_load(b + 16);
        UNROLL for (int m = 0; m < rows; m++) {
            const v128_t x = wasm_v128_load32_splat(a[m] + k);
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
    return wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(four, wasm_i16x8_const_splat(1)));
}

INLINE const int8_t *accumulate_pairs(size_t kc, const int8_t *const a[], int rows, const int8_t *b,
                                      v128_t sum[][2]) {
    size_t k = 0;
    for (; k + PAIRS_STEP <= kc; k += PAIRS_STEP, b += PAIRS_STEP * NR) {
        const v128_t b00 = wasm_v128_load(b), b01 = wasm_v128_load(b + 16);
        const v128_t b10 = wasm_v128_load(b + 32), b11 = wasm_v128_load(b + 48);
        UNROLL for (int m = 0; m < rows; m++) {
            const v128_t x0 = wasm_v128_load32_splat(a[m] + k);
            const v128_t x1 = wasm_v128_load32_splat(a[m] + k + KR);
            sum[m][0] = add_pairs(sum[m][0], b00, x0, b10, x1);
            sum[m][1] = add_pairs(sum[m][1], b01, x0, b11, x1);
        }
    }
    if (k < kc) {
        const v128_t zero = wasm_i32x4_const_splat(0);
        const v128_t b00 = wasm_v128_load(b), b01 = wasm_v128_load(b + 16);
        UNROLL for (int m = 0; m < rows; m++) {
            const v128_t x0 = wasm_v128_load32_splat(a[m] + k);
            sum[m][0] = add_pairs(sum[m][0], b00, x0, zero, zero);
            sum[m][1] = add_pairs(sum[m][1], b01, x0, zero, zero);
        }
        b += KR * NR;
    }
    return b;
}

#endif

enum { WIDE_KR = EC_QD8_WIDE_KR, WIDE_SR = EC_QD8_WIDE_SR };

INLINE const int8_t *accumulate_wide(size_t kc, const int8_t *const a[], int rows, const int8_t *b,
                                     v128_t sum[][2]) {
    for (size_t k = 0; k < kc; k += WIDE_KR * WIDE_SR) {
        v128_t x[MAX_MR];
        UNROLL for (int m = 0; m < rows; m++) { x[m] = wasm_i16x8_load8x8(a[m] + k); }
        UNROLL for (int step = 0; step < WIDE_SR; step++, b += WIDE_KR * NR) {
            const v128_t b0 = wasm_i16x8_load8x8(b), b1 = wasm_i16x8_load8x8(b + 8);
            UNROLL for (int m = 0; m < rows; m++) {
                sum[m][0] = wasm_i32x4_add(sum[m][0], wasm_i32x4_dot_i16x8(x[m], b0));
                sum[m][1] = wasm_i32x4_add(sum[m][1], wasm_i32x4_dot_i16x8(x[m], b1));
                x[m] = wasm_i32x4_shuffle(x[m], x[m], 1, 2, 3, 0);
            }
        }
    }
    return b;
}

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

// c[rows, columns] of one panel: NR int32 sums of the weights, the blocks, NR scales, NR biases.
INLINE void multiply_panel(accumulate_fn accumulate, int rows, size_t columns, size_t kc,
                           const int8_t *a, size_t a_stride, const int8_t *panel, char *c,
                           size_t cm_stride, const struct xnn_qd8_quantization_params *rows_of) {
    const int8_t *a_rows[MAX_MR];
    v128_t sum[MAX_MR][2];
    const v128_t weight_sum0 = wasm_v128_load(panel), weight_sum1 = wasm_v128_load(panel + HALF);
    UNROLL for (int m = 0; m < rows; m++) {
        const v128_t zero_point = wasm_i32x4_splat(rows_of[m].zero_point);
        a_rows[m] = a + (size_t)m * a_stride;
        sum[m][0] = wasm_i32x4_mul(weight_sum0, zero_point);
        sum[m][1] = wasm_i32x4_mul(weight_sum1, zero_point);
    }
    panel = accumulate(kc, a_rows, rows, panel + 2 * HALF, sum);

    const v128_t scale0 = wasm_v128_load(panel), scale1 = wasm_v128_load(panel + HALF);
    const v128_t bias0 = wasm_v128_load(panel + 2 * HALF), bias1 = wasm_v128_load(panel + 3 * HALF);
    UNROLL for (int m = 0; m < rows; m++) {
        const v128_t row_scale = wasm_f32x4_splat(rows_of[m].inv_scale);
        store((float *)(void *)(c + (size_t)m * cm_stride), columns,
              dequantize(sum[m][0], row_scale, scale0, bias0),
              dequantize(sum[m][1], row_scale, scale1, bias1));
    }
}

// What XNNPACK hands to a kernel.
typedef struct tile {
    size_t mr, nc, kc;
    const int8_t *a;
    size_t a_stride;
    const int8_t *w;
    char *c;
    size_t cm_stride, cn_stride;
    const struct xnn_qd8_quantization_params *quantization;
} tile;

// Up to TILE_ROWS rows. Each panel of weights is used for all of them, step_rows at a time, while
// it is in the first-level cache. k comes in groups of `group`.
INLINE void multiply(accumulate_fn accumulate, int step_rows, size_t group, tile t) {
    const size_t padded = (t.kc + group - 1) / group * group;
    const size_t panel_size = NR * (padded + sizeof(int32_t) + 2 * sizeof(float));
    for (size_t n = 0; n < t.nc; n += NR, t.w += panel_size, t.c += t.cn_stride) {
        size_t m = 0;
        for (; m + (size_t)step_rows <= t.mr; m += (size_t)step_rows) {
            multiply_panel(accumulate, step_rows, t.nc - n, t.kc, t.a + m * t.a_stride, t.a_stride,
                           t.w, t.c + m * t.cm_stride, t.cm_stride, t.quantization + m);
        }
        for (; m < t.mr; m++) {
            multiply_panel(accumulate, 1, t.nc - n, t.kc, t.a + m * t.a_stride, t.a_stride, t.w,
                           t.c + m * t.cm_stride, t.cm_stride, t.quantization + m);
        }
    }
}

// An xnn_dqgemm_ukernel_fn. It ignores the output limits, which are infinite here.
#define KERNEL(name, accumulate, step_rows, group)                                                 \
    static void name(size_t mr, size_t nc, size_t kc, const void *a, size_t a_stride,              \
                     const void *w, void *c, size_t cm_stride, size_t cn_stride,                   \
                     const void *params, const struct xnn_qd8_quantization_params *quantization) { \
        (void)params;                                                                              \
        multiply(accumulate, step_rows, group,                                                     \
                 (tile){mr, nc, kc, a, a_stride, w, c, cm_stride, cn_stride, quantization});       \
    }

KERNEL(gemm_wide, accumulate_wide, 4, WIDE_KR *WIDE_SR)

static void plug_wide(struct xnn_gemm_config *config) {
    ec_qd8_plug(config, gemm_wide, TILE_ROWS, NR);
    config->log2_kr = 1;
    config->log2_sr = 2;
}

#if defined(__wasm_relaxed_simd__)

KERNEL(gemm_dot, accumulate_dot, 6, KR)
KERNEL(gemm_pairs, accumulate_pairs, 3, KR)

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
