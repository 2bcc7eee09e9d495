// SPDX-License-Identifier: Apache-2.0
// The steps of the network that are not matrix products, one row at a time.
//
// Every host must give the same answer, and the 7-bit rounding before the next layer would make a
// whole step out of a last bit. So each of these has one order of operations everywhere.
#ifndef EC_OPS_H
#define EC_OPS_H

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

// x[rows, n] = LayerNorm(x + y + bias), which is gamma * (x - mean) / sqrt(variance + epsilon) +
// beta in each row; quantized to q and scales as well. At most EC_TASK_ROWS rows. y is NULL for
// zero, and then bias is not read.
void ec_layer_norm_rows(float *x, const float *y, const float *bias, const ec_layer_norm *norm,
                        float epsilon, size_t rows, size_t n, int8_t *q, ec_row_scale *scales);

// Dot product of two rows.
float ec_dot(const float *a, const float *b, size_t n);

// x = GELU(x + bias) over n values, quantized to q as well: the exact (erf) one, to within 1.5e-4
// or 2.5e-6 of x, whichever is more: a hundredth of what the 7-bit rounding leaves.
ec_row_scale ec_gelu_row(float *x, const float *bias, size_t n, int8_t *q);

// x = tanh(x + bias) over n values, to within 3e-7.
void ec_tanh_row(float *x, const float *bias, size_t n);

#endif
