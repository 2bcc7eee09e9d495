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

#include "kernels/kernels.h"

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

static inline INLINE float sum_lanes(const float lanes[LANES]) {
    float sum = 0;
    for (int j = 0; j < LANES; j++) {
        sum += lanes[j];
    }
    return sum;
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

WIDE void ec_layer_norm_row(const float *x, const ec_layer_norm *norm, float epsilon, size_t n,
                            float *y) {
    const float mean = row_sum(x, n) / (float)n;
    const float variance = row_square_sum(x, mean, n) / (float)n;
    const float inverse = 1.0f / sqrtf(variance + epsilon);
    for (size_t i = 0; i < n; i++) {
        y[i] = (x[i] - mean) * inverse * norm->gamma[i] + norm->beta[i];
    }
}

WIDE void ec_add_row(float *restrict x, const float *restrict y, const float *restrict bias,
                     size_t n) {
    for (size_t i = 0; i < n; i++) {
        x[i] += y[i] + bias[i];
    }
}

WIDE void ec_embed_row(const ec_embedding *embedding, uint32_t index, size_t n, bool add,
                       float *out) {
    const int8_t *row = embedding->rows + (size_t)index * n;
    const float scale = embedding->scale[index];
    for (size_t i = 0; i < n; i++) {
        const float value = (float)row[i] * scale;
        out[i] = add ? out[i] + value : value;
    }
}

// Smallest and largest of x[n] and 0; both NaN when any value is not finite.
static inline INLINE void row_range(const float *x, size_t n, float *low, float *high) {
    float zeros[LANES] = {0};  // NaN where a value was not finite
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int j = 0; j < LANES; j++) {
            zeros[j] += x[i + (size_t)j] - x[i + (size_t)j];
        }
    }
    float zero = sum_lanes(zeros);
    for (; i < n; i++) {
        zero += x[i] - x[i];
    }
    float range[2];
    ec_row_range(x, n, range);
    *low = (range[0] < 0 ? range[0] : 0) + zero;
    *high = (range[1] > 0 ? range[1] : 0) + zero;
}

WIDE ec_row_scale ec_quantize_row(const float *restrict x, size_t n, int8_t *restrict q) {
    const float top = (float)EC_ACTIVATION_MAX;
    float low;
    float high;
    row_range(x, n, &low, &high);
    const float range = high - low;
    if (!(range < INFINITY)) {
        memset(q, 0, n);
        return (ec_row_scale){0, NAN};
    }
    // A row of zeros, or as good as zeros, has no range to divide by.
    const float scale = range >= top * FLT_MIN ? range / top : 1.0f;
    const float inverse = 1.0f / scale;
    // Halves up, which is no lower than where the smallest value is rounded to: q is never
    // negative.
    const int32_t zero_point = (int32_t)(-low * inverse + 0.5f);
    ec_convert_row(x, n, inverse, zero_point, q);
    return (ec_row_scale){zero_point, scale};
}

// ------------------------------------------------------------- non-linear steps

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

// Rounds to 12 significant bits, halves away from zero.
static inline INLINE float to_short(float x) {
    return float_of((bits_of(x) + 0x800u) & 0xFFFFF000u);
}

// exp(x) for x <= 0; as good as zero below -80.
//
// x = n * ln(2) + r; adding 1.5 * 2^23 rounds to a whole number, which then stands in the low bits.
// The constant for ln(2) is in two parts, of which the first times n is exact. The polynomial is
// Taylor's, as |r| <= ln(2) / 2 makes its seventh term small enough.
static inline INLINE float exp_negative(float x) {
    const float shift = 12582912.0f;
    const float clamped = x < -80.0f ? -80.0f : x;
    const float shifted = clamped * 1.44269504f + shift;
    const float n = shifted - shift;
    const float r = (clamped - n * 0.693359375f) - n * -2.12194440e-4f;
    float p = 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    return p * float_of((bits_of(shifted) + 127u) << 23);
}

// x * Phi(x), with Phi from a rational function that tests/parity/fit_gelu.py fits.
static inline INLINE float gelu(float x) {
    const float limit = 5.625f;
    const float above = x < -limit ? -limit : x;
    const float t = above > limit ? limit : above;
    const float z = t * t;
    float p = 8.248455742e-06f;
    p = p * z + 4.646515008e-04f;
    p = p * z + 6.504175253e-03f;
    p = p * z + 6.304816902e-02f;
    p = p * z + 3.989413679e-01f;
    float q = 6.664302532e-07f;
    q = q * z + 1.671916543e-04f;
    q = q * z + 3.576808609e-03f;
    q = q * z + 4.544443265e-02f;
    q = q * z + 3.246905506e-01f;
    q = q * z + 1.0f;
    return x * (0.5f + t * p / q);
}

WIDE void ec_gelu_row(float *restrict x, const float *restrict bias, size_t n) {
    for (size_t i = 0; i < n; i++) {
        x[i] = gelu(x[i] + bias[i]);
    }
}

WIDE void ec_tanh_row(float *restrict x, const float *restrict bias, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const float value = x[i] + bias[i];
        const float e = exp_negative(value < 0 ? 2.0f * value : -2.0f * value);
        const float size = (1.0f - e) / (1.0f + e);
        x[i] = value < 0 ? -size : size;
    }
}

WIDE void ec_short_row(const float *restrict x, const float *restrict bias, float factor, size_t n,
                       float *restrict out) {
    for (size_t i = 0; i < n; i++) {
        out[i] = to_short((x[i] + bias[i]) * factor);
    }
}

WIDE void ec_softmax_row(float *x, size_t n) {
    float range[2];
    ec_row_range(x, n, range);
    const float top = range[1];
    for (size_t i = 0; i < n; i++) {
        x[i] = exp_negative(x[i] - top);
    }
    const float inverse = 1.0f / row_sum(x, n);
    for (size_t i = 0; i < n; i++) {
        x[i] = to_short(x[i] * inverse);
    }
}
