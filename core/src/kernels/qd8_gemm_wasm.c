// SPDX-License-Identifier: Apache-2.0
//
// Int8 GEMM for WebAssembly, 8 columns at a time. Engines have 15 vector registers to give, so each
// tile is as large as its accumulators, activations and weights fit: a spill costs more than
// anything else here. Three ways to multiply:
//
// dot    i32x4.relaxed_dot_i8x16_i7x16_add, 6 rows: one instruction where the processor has one
//        (AVX-VNNI, Arm's SDOT), five where it has not.
// pairs  i16x8.relaxed_dot_i8x16_i7x16, 3 rows: for those. Our numbers are 7-bit, so two results
//        can be added in 16 bits before they are widened; four where the weights are small enough,
//        as trained ones nearly always are.
// wide   plain SIMD, 5 rows: pairs of products of 16 bits, from activations that are widened and
//        put side by side first, so that one load spreads a pair over a register.
//
// Activations are the 7-bit operand of the relaxed instructions. With its top bit clear engines
// have no choice left, so all three give the plain integer products.
#include "qd8.h"

#if defined(__wasm_simd128__)

#include <wasm_simd128.h>

#include "../bundle.h"
#include "../model.h"

enum { NR = 8, HALF = NR / 2 * sizeof(float) };

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

// Sums of a tile of the output: rows x two halves of NR columns.
enum { MAX_ROWS = 6 };
typedef v128_t sums[MAX_ROWS][2];

// No memcpy: around a call engines keep all vector registers in memory.
INLINE void store(float *c, size_t columns, v128_t left, v128_t right) {
    if (columns >= NR) {
        wasm_v128_store(c, left);
        wasm_v128_store(c + 4, right);
        return;
    }
    if (columns & 4) {
        wasm_v128_store(c, left);
        left = right;
        c += 4;
    }
    if (columns & 2) {
        wasm_v128_store64_lane(c, left, 0);
        left = wasm_i64x2_shuffle(left, left, 1, 1);
        c += 2;
    }
    if (columns & 1) {
        wasm_v128_store32_lane(c, left, 0);
    }
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

// Where sums begin: the zero points times minus the sums of each column's weights.
INLINE void begin(const tile *t, int rows, v128_t weights0, v128_t weights1, sums sum) {
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
        begin(&t, rows, wasm_v128_load(panel), wasm_v128_load(panel + HALF), sum);
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

enum { TILE_ROWS = 12, DOT_ROWS = 6, PAIRS_ROWS = 3, KR = EC_QD8_KR, BLOCK = KR * NR };

INLINE void multiply_dot(const tile *t, int rows, const int8_t *panel) {
    sums sum;
    begin(t, rows, wasm_v128_load(panel), wasm_v128_load(panel + HALF), sum);
    const int8_t *b = panel + 2 * HALF;
    for (size_t k = 0; k < t->kc; k += KR, b += BLOCK) {
        const v128_t b0 = wasm_v128_load(b), b1 = wasm_v128_load(b + 16);
        UNROLL for (int m = 0; m < rows; m++) {
            const v128_t x = wasm_v128_load32_splat(t->a + (size_t)m * t->a_stride + k);
            sum[m][0] = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(b0, x, sum[m][0]);
            sum[m][1] = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(b1, x, sum[m][1]);
        }
    }
    end(t, rows, b, sum);
}

// Adds the sums of two products of block i.
INLINE void add_pairs(const int8_t *const a[], int rows, const int8_t *b, int i, sums pairs) {
    const v128_t b0 = wasm_v128_load(b + i * BLOCK), b1 = wasm_v128_load(b + i * BLOCK + 16);
    UNROLL for (int m = 0; m < rows; m++) {
        const v128_t x = wasm_v128_load32_splat(a[m] + i * KR);
        pairs[m][0] = wasm_i16x8_add(pairs[m][0], wasm_i16x8_relaxed_dot_i8x16_i7x16(b0, x));
        pairs[m][1] = wasm_i16x8_add(pairs[m][1], wasm_i16x8_relaxed_dot_i8x16_i7x16(b1, x));
    }
}

// Block by block is the fastest order of instructions: it needs few registers, and neighbours do
// not wait for each other. Compilers would finish one sum after the other, were it not for the
// condition between the blocks.
INLINE void accumulate_pairs(const tile *t, int rows, int group, const int8_t *b, sums sum) {
    const int8_t *a[PAIRS_ROWS];
    UNROLL for (int m = 0; m < rows; m++) { a[m] = t->a + (size_t)m * t->a_stride; }
    for (ptrdiff_t remaining = (ptrdiff_t)ec_qd8_blocks(t->kc); remaining > 0; remaining -= group) {
        sums pairs = {0};
        UNROLL for (int i = 0; i < group; i++) {
            if (i == 0 || i < remaining) {
                add_pairs(a, rows, b, i, pairs);
            }
        }
        UNROLL for (int m = 0; m < rows; m++) {
            sum[m][0] = wasm_i32x4_add(sum[m][0], wasm_i32x4_extadd_pairwise_i16x8(pairs[m][0]));
            sum[m][1] = wasm_i32x4_add(sum[m][1], wasm_i32x4_extadd_pairwise_i16x8(pairs[m][1]));
            a[m] += group * KR;
        }
        b += group * BLOCK;
    }
}

INLINE void multiply_pairs(const tile *t, int rows, const int8_t *panel) {
    const v128_t weights0 = wasm_v128_load(panel), weights1 = wasm_v128_load(panel + HALF);
    sums sum;
    begin(t, rows, wasm_i32x4_shr(weights0, 1), wasm_i32x4_shr(weights1, 1), sum);
    if (panel[0] & 1) {
        accumulate_pairs(t, rows, EC_QD8_MANY, panel + 2 * HALF, sum);
    } else {
        accumulate_pairs(t, rows, EC_QD8_FEW, panel + 2 * HALF, sum);
    }
    end(t, rows, panel + 2 * HALF + ec_qd8_blocks(t->kc) * BLOCK, sum);
}

typedef void multiply_fn(const tile *t, int rows, const int8_t *panel);

INLINE void multiply_rows(multiply_fn *multiply, const tile *t, int rows, size_t first,
                          const int8_t *panel) {
    tile part = *t;
    part.a += first * t->a_stride;
    part.c += first * t->c_stride;
    part.quantization += first;
    multiply(&part, rows, panel);
}

// Up to TILE_ROWS rows. Each panel of weights is used for all of them while it is in the
// first-level cache: step_rows at a time, then tail_rows, then a last one.
INLINE void multiply_panels(multiply_fn *multiply, int step_rows, int tail_rows, size_t mr, tile t,
                            const int8_t *panel, size_t c_step) {
    const size_t nc = t.columns;
    for (size_t n = 0; n < nc; n += NR, panel += ec_qd8_panel_size(t.kc, NR), t.c += c_step) {
        size_t m = 0;
        t.columns = nc - n;
        for (; m + (size_t)step_rows <= mr; m += (size_t)step_rows) {
            multiply_rows(multiply, &t, step_rows, m, panel);
        }
        for (; m + (size_t)tail_rows <= mr; m += (size_t)tail_rows) {
            multiply_rows(multiply, &t, tail_rows, m, panel);
        }
        if (m < mr) {
            multiply_rows(multiply, &t, 1, m, panel);
        }
    }
}

static void gemm_dot(size_t mr, size_t nc, size_t kc, const void *a, size_t a_stride, const void *w,
                     void *c, size_t cm_stride, size_t cn_stride, const void *params,
                     const struct xnn_qd8_quantization_params *quantization) {
    (void)params;
    const tile t = {nc, kc, a, a_stride, c, cm_stride, quantization};
    multiply_panels(multiply_dot, DOT_ROWS, 1, mr, t, w, cn_stride);
}

static void gemm_pairs(size_t mr, size_t nc, size_t kc, const void *a, size_t a_stride,
                       const void *w, void *c, size_t cm_stride, size_t cn_stride,
                       const void *params, const struct xnn_qd8_quantization_params *quantization) {
    (void)params;
    const tile t = {nc, kc, a, a_stride, c, cm_stride, quantization};
    multiply_panels(multiply_pairs, PAIRS_ROWS, PAIRS_ROWS - 1, mr, t, w, cn_stride);
}

// Early engines took the operands of the relaxed dot products the wrong way round.
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
    if (hardware->use_wasm_usdot || hardware->use_wasm_sdot) {  // one instruction
        ec_qd8_plug(config, gemm_dot, TILE_ROWS, NR);
    } else {
        ec_qd8_plug_pairs(config, gemm_pairs, TILE_ROWS, NR);
    }
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
