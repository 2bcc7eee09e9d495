// SPDX-License-Identifier: Apache-2.0
// The steps of attention that are not products of short numbers. As in ops.h, each has one order of
// operations on every host.
#ifndef EC_ATTENTION_OPS_H
#define EC_ATTENTION_OPS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/short.h"

// Queries, keys and values of one head. Rows are visited once for all three, as each lies in a page
// of its own.
enum { EC_QKV = 3 };

typedef struct ec_head {
    const float *x;              // [rows, stride]: `columns` of each part, parts part_stride apart
    const float *bias;           // to be added, laid out like a row of x
    size_t stride, part_stride;  // in elements
    size_t rows, columns;
} ec_head;

// Largest size of x + bias in each part; NaN or infinite when one is.
void ec_head_limits(const ec_head *head, float limits[EC_QKV]);

// out[part][rows, stride] = (x + bias) * factor of the part, rounded to whole numbers and followed
// by zeros.
void ec_head_short(const ec_head *head, const float factors[EC_QKV], size_t stride,
                   ec_short *const out[EC_QKV]);

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
void ec_softmax_rows(const ec_scores *scores, float *powers, ec_short *shares, float *sums);

// out[rows, n] = x[rows, n] * factors[rows].
void ec_scale_rows(const ec_sum *x, size_t stride, size_t rows, size_t n, const float *factors,
                   size_t out_stride, float *out);

// ------------------------------------------------------------- the first token alone

// out[count] = rows[count, n] * x.
void ec_dot_rows(const float *x, const float *rows, size_t count, size_t n, float *out);
void ec_dot_weights(const float *x, const int8_t *rows, size_t count, size_t n, float *out);

// out[n] = factors[count] * rows[count, n].
void ec_sum_rows(const float *rows, const float *factors, size_t count, size_t n, float *out);
void ec_sum_weights(const int8_t *rows, const float *factors, size_t count, size_t n, float *out);

// x[n] = 2^(x - the largest x), to within 2e-7 of itself; returns their sum, NaN when a value is
// not finite.
float ec_powers_row(float *x, size_t n);

#endif
