// SPDX-License-Identifier: Apache-2.0
// Micro-kernels of our own that plug in beside XNNPACK's.
#ifndef EC_KERNELS_H
#define EC_KERNELS_H

#include <stddef.h>
#include <stdint.h>

// range[2] = smallest and largest of x[n], n above 0, all of it finite.
void ec_row_range(const float *x, size_t n, float range[2]);

// q[i] = x[i] * inverse_scale, rounded to the nearest whole number (halves to even), + zero_point,
// at most 127, by XNNPACK's kernel for this processor. Reads up to 63 bytes behind x[n), without
// using them. Any thread, after ec_plug_kernels.
void ec_convert_row(const float *x, size_t n, float inverse_scale, int32_t zero_point, int8_t *q);

// Replaces XNNPACK's choice of kernels where ours are faster on this processor, or where its choice
// adds in another order than everywhere else. Call after xnn_initialize, once, before any operator
// is created; later calls change nothing.
void ec_plug_kernels(void);

#endif
