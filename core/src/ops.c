// SPDX-License-Identifier: Apache-2.0
//
// Sums run in LANES independent partial sums: compilers turn them into vector instructions without
// being allowed to reorder floating-point arithmetic, so every host adds in the same order.
#include "ops.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels/kernels.h"

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

// Smallest and largest of x[n] and 0; both NaN when any value is not finite.
static inline INLINE void row_range(const float *x, size_t n, float *low, float *high) {
    float zeros[LANES] = {0};  // NaN where a value was not finite
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int j = 0; j < LANES; j++) {
            zeros[j] += x[i + (size_t)j] - x[i + (size_t)j];
        }
    }
    for (int j = 0; i < n; i++, j++) {
        zeros[j] += x[i] - x[i];
    }
    const float zero = sum_lanes(zeros);
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
