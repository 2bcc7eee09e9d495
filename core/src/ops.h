// SPDX-License-Identifier: Apache-2.0
// The steps of the network that are not matrix products, one row at a time.
//
// Every host must give the same answer, and the 7-bit rounding before the next layer would make a
// whole step out of a last bit. So each of these has one order of operations everywhere.
#ifndef EC_OPS_H
#define EC_OPS_H

#include "xnn.h"

// y = gamma * (x - mean(x)) / sqrt(variance(x) + epsilon) + beta over n values; x may be y.
void ec_layer_norm_row(const float *x, const ec_layer_norm *norm, float epsilon, size_t n,
                       float *y);

// x += y + bias over n values.
void ec_add_row(float *x, const float *y, const float *bias, size_t n);

// out = embedding row `index` as floats, added to out when `add`.
void ec_embed_row(const ec_embedding *embedding, uint32_t index, size_t n, bool add, float *out);

// Quantizes x[n] to q[n] in [0, EC_ACTIVATION_MAX]; zero is always exact. When a value is not
// finite the scale is NaN.
ec_row_scale ec_quantize_row(const float *x, size_t n, int8_t *q);

// Dot product of two rows.
float ec_dot(const float *a, const float *b, size_t n);

// x = GELU(x + bias) over n values: the exact (erf) one, to within 2e-6.
void ec_gelu_row(float *x, const float *bias, size_t n);

// x = tanh(x + bias) over n values, to within 3e-7.
void ec_tanh_row(float *x, const float *bias, size_t n);

// A short float has 12 significant bits, so that the product of two is exact. Matrix products of
// short floats come out the same whether or not a processor fuses multiplication and addition, as
// each sum runs over k in order: attention is made of them.

// x = softmax(x) over n values, then made short.
void ec_softmax_row(float *x, size_t n);

// out = (x + bias) * factor over n values, made short.
void ec_short_row(const float *x, const float *bias, float factor, size_t n, float *out);

#endif
