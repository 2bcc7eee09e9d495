// SPDX-License-Identifier: Apache-2.0
// The steps of the network that are not matrix products, one row at a time.
//
// Every host must give the same answer, and the 7-bit rounding before the next layer would make a
// whole step out of a last bit. So each of these has one order of operations everywhere.
#ifndef EC_OPS_H
#define EC_OPS_H

#include "kernels/short.h"
#include "xnn.h"

// Starts to bring row[n] into the cache.
static inline void ec_fetch_row(const int8_t *row, size_t n) {
    enum { CACHE_LINE = 64 };
    for (size_t i = 0; i < n; i += CACHE_LINE) {
        __builtin_prefetch(row + i);
    }
}

// out[n] = the sum of a row of each of three embeddings.
void ec_embed_row(const ec_embedding *const embeddings[3], const uint32_t indices[3], size_t n,
                  float *out);

// Quantizes x[n] to q[n] in [0, EC_ACTIVATION_MAX]; zero is always exact. When a value is not
// finite the scale is NaN.
ec_row_scale ec_quantize_row(const float *x, size_t n, int8_t *q);

// x = LayerNorm(x + y + bias), which is gamma * (x - mean) / sqrt(variance + epsilon) + beta over n
// values; quantized to q as well. y is NULL for zero, and then bias is not read.
ec_row_scale ec_layer_norm_row(float *x, const float *y, const float *bias,
                               const ec_layer_norm *norm, float epsilon, size_t n, int8_t *q);

// Dot product of two rows.
float ec_dot(const float *a, const float *b, size_t n);

// x = GELU(x + bias) over n values, quantized to q as well: the exact (erf) one, to within 1.5e-4
// or 2.5e-6 of x, whichever is more: a hundredth of what the 7-bit rounding leaves.
ec_row_scale ec_gelu_row(float *x, const float *bias, size_t n, int8_t *q);

// x = tanh(x + bias) over n values, to within 3e-7.
void ec_tanh_row(float *x, const float *bias, size_t n);

// Columns of a row-major matrix and what is added to them.
typedef struct ec_block {
    const float *x;     // [rows, stride], of which the first `columns` of each row
    const float *bias;  // [columns]
    size_t stride, rows, columns;
} ec_block;

// Largest size of x + bias; NaN or infinite when one is.
float ec_block_limit(const ec_block *block);

// out[rows, stride] = (x + bias) * factor, rounded to whole numbers and followed by zeros.
void ec_short_block(const ec_block *block, float factor, size_t stride, ec_short *out);

enum {
    EC_SHARES = 4096,   // what the shares of a row add up to, but for their rounding
    EC_SCORE_ROWS = 16  // rows whose softmax is computed at once
};

typedef struct ec_scores {
    ec_sum *x;               // [rows, stride], overwritten
    size_t rows, n, stride;  // at most EC_SCORE_ROWS rows; stride ec_short_columns(n)
    float factor;
} ec_scores;

// shares[rows, stride] = softmax of each row's n scores * factor * ln(2), times EC_SHARES, as whole
// numbers followed by zeros. sums[rows]: what they add up to.
void ec_softmax_rows(const ec_scores *scores, ec_short *shares, float *sums);

// out[rows, n] = x[rows, n] * factors[rows].
void ec_scale_rows(const ec_sum *x, size_t stride, size_t rows, size_t n, const float *factors,
                   size_t out_stride, float *out);

#endif
