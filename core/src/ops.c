// SPDX-License-Identifier: Apache-2.0
#include "ops.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "lanes.h"

static inline INLINE float row_square_sum(const float *x, float mean, size_t n) {
    lanes sums = {0}, v;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        load_lanes(x + i, &v);
        v -= mean;
        sums += v * v;
    }
    float rest = 0;
    for (; i < n; i++) {
        rest += (x[i] - mean) * (x[i] - mean);
    }
    return sum_lanes(&sums) + rest;
}

WIDE float ec_dot(const float *a, const float *b, size_t n) { return dot(a, b, n); }

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
    return (int32_t)(bits ^ ((uint32_t)((int32_t)bits >> 31) & SIZE_BITS));
}

// Smallest and largest value of a row and zero; the difference is NaN or infinite when a value is.
typedef struct range {
    float least, most;
} range;

// q[n] = x * inverse + zero, where zero begins with to_whole: the number is in the lowest bits.
static inline INLINE void put_bytes(const float *restrict x, float inverse, float zero, size_t n,
                                    int8_t *restrict q) {
    for (size_t i = 0; i < n; i++) {
        q[i] = (int8_t)bits_of(x[i] * inverse + zero);
    }
}

static inline INLINE ec_row_scale quantize(const float *restrict x, size_t n, range r,
                                           int8_t *restrict q) {
    const float top = (float)EC_ACTIVATION_MAX - 0.01f;  // so that nothing is rounded to one more
    const float width = r.most - r.least;
    if (!(width < INFINITY)) {
        memset(q, 0, n);
        return (ec_row_scale){0, NAN};
    }
    // A row of zeros, or as good as zeros, has no width to divide by.
    const float scale = width >= top * FLT_MIN ? width / top : 1.0f;
    const float inverse = 1.0f / scale;
    // Halves up, which is no lower than where the smallest value is rounded to: q is never
    // negative.
    const int32_t zero_point = (int32_t)(-r.least * inverse + 0.5f);
    const float zero = to_whole + (float)zero_point;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        put_bytes(x + i, inverse, zero, LANES, q + i);
    }
    put_bytes(x + i, inverse, zero, n - i, q + i);
    return (ec_row_scale){zero_point, scale};
}

WIDE ec_row_scale ec_quantize_row(const float *restrict x, size_t n, int8_t *restrict q) {
    int32_t least = 0, most = 0;
    for (size_t i = 0; i < n; i++) {
        const int32_t order = order_of(bits_of(x[i]));
        least = order < least ? order : least;
        most = order > most ? order : most;
    }
    const range r = {float_of((uint32_t)order_of((uint32_t)least)), float_of((uint32_t)most)};
    return quantize(x, n, r, q);
}

// x += y + bias; returns the sum of x.
static inline INLINE float add_row(float *restrict x, const float *restrict y,
                                   const float *restrict bias, size_t n) {
    lanes sums = {0}, v, w, u;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        load_lanes(x + i, &v);
        load_lanes(y + i, &w);
        load_lanes(bias + i, &u);
        v += w + u;
        memcpy(x + i, &v, sizeof v);
        sums += v;
    }
    float rest = 0;
    for (; i < n; i++) {
        x[i] += y[i] + bias[i];
        rest += x[i];
    }
    return sum_lanes(&sums) + rest;
}

// The least of numbers not above zero and the most of numbers not below it: as bits, whose order is
// that of their sizes, since of whole numbers compilers find the largest with vector instructions.
static inline INLINE range range_of(const float least[LANES], const float most[LANES]) {
    uint32_t low = 0, high = 0;
    for (int j = 0; j < LANES; j++) {
        low = bits_of(least[j]) > low ? bits_of(least[j]) : low;
        high = bits_of(most[j]) > high ? bits_of(most[j]) : high;
    }
    return (range){float_of(low), float_of(high)};
}

// x = (x - mean) * inverse * gamma + beta; returns the range of x.
static inline INLINE range normalize_row(float *restrict x, float mean, float inverse,
                                         const ec_layer_norm *norm, size_t n) {
    const float *const gamma = norm->gamma, *const beta = norm->beta;
    float least[LANES] = {0}, most[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int j = 0; j < LANES; j++) {
            const size_t at = i + (size_t)j;
            x[at] = (x[at] - mean) * inverse * gamma[at] + beta[at];
            least[j] = x[at] < least[j] ? x[at] : least[j];
            most[j] = x[at] > most[j] ? x[at] : most[j];
        }
    }
    for (; i < n; i++) {
        x[i] = (x[i] - mean) * inverse * gamma[i] + beta[i];
        least[0] = x[i] < least[0] ? x[i] : least[0];
        most[0] = x[i] > most[0] ? x[i] : most[0];
    }
    return range_of(least, most);
}

// Each step runs over all rows before the next one, so that rows do not wait for each other.
WIDE void ec_layer_norm_rows(float *restrict x, const float *restrict y, const float *restrict bias,
                             const ec_layer_norm *norm, float epsilon, size_t rows, size_t n,
                             int8_t *restrict q, ec_row_scale *restrict scales) {
    float means[EC_TASK_ROWS], inverses[EC_TASK_ROWS];
    range ranges[EC_TASK_ROWS];
    for (size_t row = 0; row < rows; row++) {
        float *const at = x + row * n;
        means[row] = (y == NULL ? row_sum(at, n) : add_row(at, y + row * n, bias, n)) / (float)n;
    }
    for (size_t row = 0; row < rows; row++) {
        const float variance = row_square_sum(x + row * n, means[row], n) / (float)n;
        inverses[row] = 1.0f / sqrtf(variance + epsilon);
    }
    for (size_t row = 0; row < rows; row++) {
        ranges[row] = normalize_row(x + row * n, means[row], inverses[row], norm, n);
        // Comparisons pass over NaN, which only comes with one of these.
        ranges[row].most = inverses[row] < INFINITY ? ranges[row].most : NAN;
    }
    for (size_t row = 0; row < rows; row++) {
        scales[row] = quantize(x + row * n, n, ranges[row], q + row * n);
    }
}

// ------------------------------------------------------------- non-linear steps

// GELU(x) = max(x, 0) - |x| * (1 - Phi(|x|)), whose second part is as good as zero beyond limit.
WIDE ec_row_scale ec_gelu_row(float *restrict x, const float *restrict bias, size_t n,
                              int8_t *restrict q) {
    enum { DEGREE = 7 };
    const float least = -0.1702f;
    const uint32_t limit = bits_of(opaque(4.0f));
    const float zero = opaque(0.0f);
    const float c[DEGREE + 1] = {opaque(4.582235852e-05f),  opaque(-1.392079517e-03f),
                                 opaque(1.491858158e-02f),  opaque(-7.500914484e-02f),
                                 opaque(1.739068776e-01f),  opaque(-7.887870818e-02f),
                                 opaque(-3.720055521e-01f), opaque(4.969604611e-01f)};
    uint32_t most = 0;
    for (size_t i = 0; i < n; i++) {
        const float value = x[i] + bias[i];
        const uint32_t size = bits_of(value) & SIZE_BITS;
        const float t = float_of(size < limit ? size : limit);
        x[i] = (zero > value ? zero : value) - t * polynomial(t, c, DEGREE);
        const uint32_t bits = bits_of(x[i]) & SIZE_BITS;
        most = bits > most ? bits : most;
    }
    return quantize(x, n, (range){least, float_of(most)}, q);
}

WIDE void ec_tanh_row(float *restrict x, const float *restrict bias, size_t n) {
    const float twice_log2_e = 2.88539008f;
    const float least = opaque(LEAST_POWER);
    for (size_t i = 0; i < n; i++) {
        const float value = x[i] + bias[i];
        const float below = (value < 0 ? value : -value) * twice_log2_e;
        const float e = exp2_negative(below, least, to_whole, precise_power, PRECISE_DEGREE);
        const float size = (1.0f - e) / (1.0f + e);
        x[i] = value < 0 ? -size : size;
    }
}
