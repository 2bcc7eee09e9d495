// SPDX-License-Identifier: Apache-2.0
//
// Sums run in LANES independent partial sums: compilers turn them into vector instructions without
// being allowed to reorder floating-point arithmetic, so every host adds in the same order.
#include "ops.h"

#include <math.h>

enum { LANES = 16 };

// Compiled once more for AVX2 and chosen at load time: wider, with the same results. clang 14 does
// not link such clones, and ThreadSanitizer starts too late for the choice.
#if defined(__x86_64__) && defined(__linux__) && !defined(__clang__) && \
    !defined(__SANITIZE_THREAD__)
#define WIDE __attribute__((target_clones("avx2", "default")))
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
    for (int j = 0; i < n; i++, j++) {
        lanes[j] += x[i];
    }
    return sum_lanes(lanes);
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
    for (int j = 0; i < n; i++, j++) {
        lanes[j] += (x[i] - mean) * (x[i] - mean);
    }
    return sum_lanes(lanes);
}

WIDE float ec_dot(const float *a, const float *b, size_t n) {
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int j = 0; j < LANES; j++) {
            lanes[j] += a[i + (size_t)j] * b[i + (size_t)j];
        }
    }
    for (int j = 0; i < n; i++, j++) {
        lanes[j] += a[i] * b[i];
    }
    return sum_lanes(lanes);
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

WIDE void ec_add_row(float *restrict x, const float *restrict y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        x[i] += y[i];
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

// Smallest and largest of x[n] and 0.
static inline INLINE void row_range(const float *x, size_t n, float *low, float *high) {
    float lows[LANES] = {0};
    float highs[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int j = 0; j < LANES; j++) {
            const float v = x[i + (size_t)j];
            lows[j] = v < lows[j] ? v : lows[j];
            highs[j] = v > highs[j] ? v : highs[j];
        }
    }
    for (; i < n; i++) {
        lows[0] = x[i] < lows[0] ? x[i] : lows[0];
        highs[0] = x[i] > highs[0] ? x[i] : highs[0];
    }
    *low = lows[0];
    *high = highs[0];
    for (int j = 1; j < LANES; j++) {
        *low = lows[j] < *low ? lows[j] : *low;
        *high = highs[j] > *high ? highs[j] : *high;
    }
}

WIDE ec_row_scale ec_quantize_row(const float *restrict x, size_t n, int8_t *restrict q) {
    const float top = (float)EC_ACTIVATION_MAX;
    float low;
    float high;
    row_range(x, n, &low, &high);
    const float range = high - low;
    // A row of zeros has no range; one that is not finite is caught at the logits.
    const float scale = range > 0 && range < INFINITY ? range / top : 1.0f;
    const float inverse = 1.0f / scale;
    const float zero_point = (float)(int32_t)(range < INFINITY ? -low * inverse + 0.5f : 0);
    for (size_t i = 0; i < n; i++) {
        const float value = x[i] * inverse + (zero_point + 0.5f);
        // Truncation rounds, as value is not negative but for rounding noise; NaN becomes 0.
        const float floor = value > 0 ? value : 0;
        q[i] = (int8_t)(floor < top ? floor : top);
    }
    return (ec_row_scale){(int32_t)zero_point, scale};
}
