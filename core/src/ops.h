// SPDX-License-Identifier: Apache-2.0
// The few steps of the network that are not XNNPACK operators, one row at a time.
#ifndef EC_OPS_H
#define EC_OPS_H

#include "xnn.h"

// y = gamma * (x - mean(x)) / sqrt(variance(x) + epsilon) + beta over n values; x may be y.
void ec_layer_norm_row(const float *x, const ec_layer_norm *norm, float epsilon, size_t n,
                       float *y);

// x += y over n values.
void ec_add_row(float *x, const float *y, size_t n);

// out = embedding row `index` as floats, added to out when `add`.
void ec_embed_row(const ec_embedding *embedding, uint32_t index, size_t n, bool add, float *out);

// Quantizes x[n] to q[n] in [0, EC_ACTIVATION_MAX]; zero is always exact. When a value is not
// finite the scale is NaN.
ec_row_scale ec_quantize_row(const float *x, size_t n, int8_t *q);

// Dot product of two rows.
float ec_dot(const float *a, const float *b, size_t n);

#endif
