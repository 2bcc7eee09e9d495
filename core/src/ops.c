// SPDX-License-Identifier: Apache-2.0
//
// Sums run in LANES independent partial sums: compilers turn them into vector instructions without
// being allowed to reorder floating-point arithmetic, so every host adds in the same order. Nothing
// here calls the C library's functions, whose last bits differ, nor fuses multiplication and
// addition.
#include "ops.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { LANES = 16 };

// Compiled also for wider registers, chosen at load time, with the same results. clang 14 does
// not link such clones, and ThreadSanitizer starts too late for the choice.
#if defined(__x86_64__) && defined(__linux__) && !defined(__clang__) && \
    !defined(__SANITIZE_THREAD__)
#define WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDE
#endif
#define INLINE __attribute__((always_inline))

static inline INLINE uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline INLINE float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// Adding this rounds to the nearest whole number, halves to even, as it leaves no room for
// fractions; the number then stands in the low bits.
static const float to_whole = 12582912.0f;  // 1.5 * 2^23

// x, whose size is below 2^22, as a whole number.
static inline INLINE int32_t round_whole(float x) {
    return (int32_t)(bits_of(x + to_whole) - bits_of(to_whole));
}

// Halves on halves.
static inline INLINE float sum_lanes(float lanes[LANES]) {
    for (int half = LANES / 2; half > 0; half /= 2) {
        for (int j = 0; j < half; j++) {
            lanes[j] += lanes[j + half];
        }
    }
    return lanes[0];
}

static inline INLINE float row_sum(const float *x, size_t n) {
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int j = 0; j < LANES; j++) {
            lanes[j] += x[i + (size_t)j];
        }
    }
    float rest = 0;
    for (; i < n; i++) {
        rest += x[i];
    }
    return sum_lanes(lanes) + rest;
}

static inline INLINE float row_square_sum(const float *x, float mean, size_t n) {
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int j = 0; j < LANES; j++) {
            const float d = x[i + (size_t)j] - mean;
            lanes[j] += d * d;
        }
    }
    float rest = 0;
    for (; i < n; i++) {
        rest += (x[i] - mean) * (x[i] - mean);
    }
    return sum_lanes(lanes) + rest;
}

WIDE float ec_dot(const float *a, const float *b, size_t n) {
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int j = 0; j < LANES; j++) {
            lanes[j] += a[i + (size_t)j] * b[i + (size_t)j];
        }
    }
    float rest = 0;
    for (; i < n; i++) {
        rest += a[i] * b[i];
    }
    return sum_lanes(lanes) + rest;
}

WIDE void ec_embed_row(const ec_embedding *const embeddings[3], const uint32_t indices[3], size_t n,
                       float *restrict out) {
    const int8_t *rows[3];
    float scales[3];
    for (int k = 0; k < 3; k++) {
        rows[k] = embeddings[k]->rows + (size_t)indices[k] * n;
        scales[k] = embeddings[k]->scale[indices[k]];
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = (float)rows[0][i] * scales[0] + (float)rows[1][i] * scales[1] +
                 (float)rows[2][i] * scales[2];
    }
}

// Whole numbers in the order of the floats that they stand for, with what is not finite at the
// ends; of whole numbers compilers find the largest with vector instructions. It is its own
// inverse.
static inline INLINE int32_t order_of(uint32_t bits) {
    return (int32_t)(bits ^ ((uint32_t)((int32_t)bits >> 31) & 0x7FFFFFFFu));
}

// Smallest and largest value of a row and zero, in their order.
typedef struct range {
    int32_t least, most;
} range;

static inline INLINE void widen(range *r, float value) {
    const int32_t order = order_of(bits_of(value));
    r->least = order < r->least ? order : r->least;
    r->most = order > r->most ? order : r->most;
}

static inline INLINE ec_row_scale quantize(const float *restrict x, size_t n, range r,
                                           int8_t *restrict q) {
    const float top = (float)EC_ACTIVATION_MAX - 0.01f;  // so that nothing is rounded to one more
    const float low = float_of((uint32_t)order_of((uint32_t)r.least));
    const float width = float_of((uint32_t)r.most) - low;
    if (!(width < INFINITY)) {
        memset(q, 0, n);
        return (ec_row_scale){0, NAN};
    }
    // A row of zeros, or as good as zeros, has no width to divide by.
    const float scale = width >= top * FLT_MIN ? width / top : 1.0f;
    const float inverse = 1.0f / scale;
    // Halves up, which is no lower than where the smallest value is rounded to: q is never
    // negative.
    const int32_t zero_point = (int32_t)(-low * inverse + 0.5f);
    const float zero = to_whole + (float)zero_point;
    for (size_t i = 0; i < n; i++) {
        q[i] = (int8_t)bits_of(x[i] * inverse + zero);  // the whole number is in the lowest bits
    }
    return (ec_row_scale){zero_point, scale};
}

WIDE ec_row_scale ec_quantize_row(const float *restrict x, size_t n, int8_t *restrict q) {
    range r = {0, 0};
    for (size_t i = 0; i < n; i++) {
        widen(&r, x[i]);
    }
    return quantize(x, n, r, q);
}

// x += y + bias; returns the sum of x.
static inline INLINE float add_row(float *restrict x, const float *restrict y,
                                   const float *restrict bias, size_t n) {
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int j = 0; j < LANES; j++) {
            x[i + (size_t)j] += y[i + (size_t)j] + bias[i + (size_t)j];
            lanes[j] += x[i + (size_t)j];
        }
    }
    float rest = 0;
    for (; i < n; i++) {
        x[i] += y[i] + bias[i];
        rest += x[i];
    }
    return sum_lanes(lanes) + rest;
}

WIDE ec_row_scale ec_layer_norm_row(float *restrict x, const float *restrict y,
                                    const float *restrict bias, const ec_layer_norm *norm,
                                    float epsilon, size_t n, int8_t *restrict q) {
    const float sum = y == NULL ? row_sum(x, n) : add_row(x, y, bias, n);
    const float mean = sum / (float)n;
    const float variance = row_square_sum(x, mean, n) / (float)n;
    const float inverse = 1.0f / sqrtf(variance + epsilon);
    range r = {0, 0};
    for (size_t i = 0; i < n; i++) {
        x[i] = (x[i] - mean) * inverse * norm->gamma[i] + norm->beta[i];
        widen(&r, x[i]);
    }
    return quantize(x, n, r, q);
}

// ------------------------------------------------------------- non-linear steps

static const float LEAST_POWER = -60.0f;

// Hides a limit from compilers, which would compute what lies beyond it by itself, under a mask.
static inline INLINE float opaque(float limit) {
    const volatile float hidden = limit;
    return hidden;
}

// 2^(x + exponent) for x <= 0 to within 2e-7 of itself; as good as zero for x below least, say
// LEAST_POWER. The fraction of x goes through a polynomial that tests/parity/fit_nonlinear.py fits.
static inline INLINE float exp2_negative(float x, float least, int exponent) {
    const float clamped = x < least ? least : x;
    const float shifted = clamped + to_whole;
    const float r = clamped - (shifted - to_whole);
    float p = 1.326472731e-03f;
    p = p * r + 9.671512991e-03f;
    p = p * r + 5.550733581e-02f;
    p = p * r + 2.402224243e-01f;
    p = p * r + 6.931470037e-01f;
    p = p * r + 1.0f;
    return float_of(bits_of(p) + ((bits_of(shifted) + (uint32_t)exponent) << 23));
}

// x * Phi(x), with Phi from a polynomial that tests/parity/fit_nonlinear.py fits.
static inline INLINE float gelu(float x, float limit) {
    const float above = x < -limit ? -limit : x;
    const float t = above > limit ? limit : above;
    const float z = t * t;
    const float w = z * z;  // even and odd powers of z apart, as they do not wait for each other
    float even = 7.941340385e-08f;
    even = even * w + 6.689070142e-05f;
    even = even * w + 9.298229590e-03f;
    even = even * w + 3.984658718e-01f;
    float odd = -9.017532832e-10f;
    odd = odd * w + -3.037931720e-06f;
    odd = odd * w + -9.506575298e-04f;
    odd = odd * w + -6.552819908e-02f;
    return x * (0.5f + t * (even + odd * z));
}

WIDE ec_row_scale ec_gelu_row(float *restrict x, const float *restrict bias, size_t n,
                              int8_t *restrict q) {
    const float limit = opaque(4.2f);  // where Phi is as good as 0 or 1
    range r = {0, 0};
    for (size_t i = 0; i < n; i++) {
        x[i] = gelu(x[i] + bias[i], limit);
        widen(&r, x[i]);
    }
    return quantize(x, n, r, q);
}

WIDE void ec_tanh_row(float *restrict x, const float *restrict bias, size_t n) {
    const float twice_log2_e = 2.88539008f;
    const float least = opaque(LEAST_POWER);
    for (size_t i = 0; i < n; i++) {
        const float value = x[i] + bias[i];
        const float e = exp2_negative((value < 0 ? value : -value) * twice_log2_e, least, 0);
        const float size = (1.0f - e) / (1.0f + e);
        x[i] = value < 0 ? -size : size;
    }
}

// ------------------------------------------------------------- attention

// Largest size of x + bias in `columns` columns, at most LANES, as bits: their order is that of
// sizes, with what is not finite on top. Inlined with constant columns it runs in one register.
static inline INLINE uint32_t column_limit(const ec_block *block, size_t first, size_t columns) {
    uint32_t limits[LANES] = {0};
    const float *x = block->x + first;
    for (size_t row = 0; row < block->rows; row++, x += block->stride) {
        for (size_t j = 0; j < columns; j++) {
            const uint32_t size = bits_of(x[j] + block->bias[first + j]) & 0x7FFFFFFFu;
            limits[j] = size > limits[j] ? size : limits[j];
        }
    }
    uint32_t limit = 0;
    for (size_t j = 0; j < LANES; j++) {
        limit = limits[j] > limit ? limits[j] : limit;
    }
    return limit;
}

WIDE float ec_block_limit(const ec_block *block) {
    uint32_t limit = 0;
    for (size_t first = 0; first < block->columns; first += LANES) {
        const size_t rest = block->columns - first;
        const uint32_t part =
            rest < LANES ? column_limit(block, first, rest) : column_limit(block, first, LANES);
        limit = part > limit ? part : limit;
    }
    return float_of(limit);
}

WIDE void ec_short_block(const ec_block *block, float factor, size_t stride,
                         ec_short *restrict out) {
    const float *x = block->x;
    for (size_t row = 0; row < block->rows; row++, x += block->stride, out += stride) {
        for (size_t i = 0; i < block->columns; i++) {
            out[i] = (ec_short)round_whole((x[i] + block->bias[i]) * factor);
        }
        for (size_t i = block->columns; i < stride; i++) {
            out[i] = 0;
        }
    }
}

enum { POWER_BITS = 18 };  // sums of EC_TOKENS_MAX powers fit 32 bits

_Static_assert((int)LANES == (int)EC_SHORT_NR, "rows of scores are whole panels");

// The largest score; those after n, up to whole lanes, become like the first.
static inline INLINE int32_t top_score(ec_sum *x, size_t n, size_t width) {
    for (size_t i = n; i < width; i++) {
        x[i] = x[0];
    }
    int32_t top = INT32_MIN;
    for (size_t i = 0; i < width; i++) {
        const int32_t score = (int32_t)x[i];
        top = score > top ? score : top;
    }
    return top;
}

// Scores become powers of two, whole numbers up to 2^POWER_BITS; those after n become 0.
static inline INLINE void raise_powers(ec_sum *x, size_t n, size_t width, int32_t top, float factor,
                                       float least) {
    for (size_t i = 0; i < width; i++) {
        const float below = (float)((int32_t)x[i] - top) * factor;
        x[i] = (ec_sum)round_whole(exp2_negative(below, least, POWER_BITS));
    }
    for (size_t i = n; i < width; i++) {
        x[i] = 0;
    }
}

static inline INLINE float total_power(const ec_sum *x, size_t width) {
    int32_t total = 0;
    for (size_t i = 0; i < width; i++) {
        total += (int32_t)x[i];
    }
    return (float)total;
}

// Powers become shares; returns their sum.
static inline INLINE float divide_powers(const ec_sum *restrict x, size_t width, float factor,
                                         ec_short *restrict shares) {
    int32_t sum = 0;
    for (size_t i = 0; i < width; i++) {
        const int32_t share = round_whole((float)x[i] * factor);
        shares[i] = (ec_short)share;
        sum += share;
    }
    return (float)sum;
}

// Each step runs over all rows before the next one, so that rows do not wait for each other.
WIDE void ec_softmax_rows(const ec_scores *s, ec_short *restrict shares, float *restrict sums) {
    const size_t width = (s->n + LANES - 1) / LANES * LANES;
    const float least = opaque(LEAST_POWER);
    int32_t tops[EC_SCORE_ROWS];
    float totals[EC_SCORE_ROWS];
    for (size_t row = 0; row < s->rows; row++) {
        tops[row] = top_score(s->x + row * s->stride, s->n, width);
    }
    for (size_t row = 0; row < s->rows; row++) {
        raise_powers(s->x + row * s->stride, s->n, width, tops[row], s->factor, least);
    }
    for (size_t row = 0; row < s->rows; row++) {
        totals[row] = total_power(s->x + row * s->stride, width);
    }
    for (size_t row = 0; row < s->rows; row++) {
        sums[row] = divide_powers(s->x + row * s->stride, width, (float)EC_SHARES / totals[row],
                                  shares + row * s->stride);
    }
}

WIDE void ec_scale_rows(const ec_sum *restrict x, size_t stride, size_t rows, size_t n,
                        const float *restrict factors, size_t out_stride, float *restrict out) {
    for (size_t row = 0; row < rows; row++, x += stride, out += out_stride) {
        for (size_t i = 0; i < n; i++) {
            out[i] = (float)x[i] * factors[row];
        }
    }
}
