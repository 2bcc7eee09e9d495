// SPDX-License-Identifier: Apache-2.0
#include "attention_ops.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "lanes.h"

typedef int8_t byte_lanes __attribute__((vector_size(LANES)));
typedef int16_t short_lanes __attribute__((vector_size(2 * LANES)));
typedef int32_t int_lanes __attribute__((vector_size(4 * LANES)));

// Columns are taken WIDE_COLUMNS at a time: inlined with constant columns these steps run in
// registers. Sizes are compared as bits: their order is that of sizes, with what is not finite on
// top.
static inline INLINE uint32_t largest_size(const ec_head *head, size_t at, size_t columns) {
    const float *x = head->x + at, *const bias = head->bias + at;
    uint32_t sizes[WIDE_COLUMNS] = {0};
    for (size_t row = 0; row < head->rows; row++, x += head->stride) {
        for (size_t j = 0; j < columns; j++) {
            const uint32_t size = bits_of(x[j] + bias[j]) & SIZE_BITS;
            sizes[j] = size > sizes[j] ? size : sizes[j];
        }
    }
    uint32_t most = 0;
    for (size_t j = 0; j < WIDE_COLUMNS; j++) {
        most = sizes[j] > most ? sizes[j] : most;
    }
    return most;
}

WIDE void ec_head_limits(const ec_head *head, float limits[EC_QKV]) {
    for (size_t part = 0; part < EC_QKV; part++) {
        uint32_t most = 0;
        for (size_t first = 0; first < head->columns; first += WIDE_COLUMNS) {
            const size_t at = part * head->part_stride + first, rest = head->columns - first;
            const uint32_t size = rest < WIDE_COLUMNS ? largest_size(head, at, rest)
                                                      : largest_size(head, at, WIDE_COLUMNS);
            most = size > most ? size : most;
        }
        limits[part] = float_of(most);
    }
}

// Rows that lie in few enough pages for the parts after the first to find them at hand.
enum { PAGE_ROWS = 16 };

static inline INLINE void shorten(const float *x, const float *bias, size_t x_stride, size_t rows,
                                  size_t columns, float factor, size_t stride,
                                  ec_short *restrict out) {
    const float whole = opaque(to_whole);
    for (size_t row = 0; row < rows; row++, x += x_stride, out += stride) {
        for (size_t j = 0; j < columns; j++) {
            out[j] = (ec_short)(int16_t)round_bits((x[j] + bias[j]) * factor, whole);
        }
    }
}

static inline INLINE void shorten_part(const ec_head *head, size_t part, size_t row, float factor,
                                       size_t stride, ec_short *out) {
    const size_t rest = head->rows - row, rows = rest < PAGE_ROWS ? rest : PAGE_ROWS;
    const float *const bias = head->bias + part * head->part_stride;
    const float *const x = head->x + row * head->stride + part * head->part_stride;
    out += row * stride;
    size_t i = 0;
    for (; i + WIDE_COLUMNS <= head->columns; i += WIDE_COLUMNS) {
        shorten(x + i, bias + i, head->stride, rows, WIDE_COLUMNS, factor, stride, out + i);
    }
    shorten(x + i, bias + i, head->stride, rows, head->columns - i, factor, stride, out + i);
    for (size_t k = 0; k < rows && head->columns < stride; k++) {
        memset(out + k * stride + head->columns, 0, (stride - head->columns) * sizeof *out);
    }
}

WIDE void ec_head_short(const ec_head *head, const float factors[EC_QKV], size_t stride,
                        ec_short *const out[EC_QKV]) {
    for (size_t row = 0; row < head->rows; row += PAGE_ROWS) {
        for (size_t part = 0; part < EC_QKV; part++) {
            shorten_part(head, part, row, factors[part], stride, out[part]);
        }
    }
}

_Static_assert((int)LANES == (int)EC_SHORT_NR, "rows of scores are whole panels");

// The largest score; those after n, up to whole lanes, become like the first.
static inline INLINE int32_t top_score(ec_sum *x, size_t n, size_t width) {
    for (size_t i = n; i < width; i++) {
        x[i] = x[0];
    }
    int32_t top = INT32_MIN;
    for (size_t i = 0; i < width; i++) {
        const int32_t score = (int32_t)x[i];
        top = score > top ? score : top;
    }
    return top;
}

// Powers become shares; returns their sum.
static inline INLINE float divide_powers(const float *restrict powers, size_t width, float factor,
                                         float whole, ec_short *restrict shares) {
    uint32_t sum = 0;
    for (size_t i = 0; i < width; i++) {
        const uint32_t bits = round_bits(powers[i] * factor, whole);
        shares[i] = (ec_short)(int16_t)bits;
        sum += bits;
    }
    return (float)(sum - (uint32_t)width * bits_of(to_whole));
}

// Each step runs over all rows before the next one, so that rows do not wait for each other.
WIDE void ec_softmax_rows(const ec_scores *s, float *restrict powers, ec_short *restrict shares,
                          float *restrict sums) {
    enum { DEGREE = 3 };
    const size_t width = (s->n + LANES - 1) / LANES * LANES;
    const float factor = s->factor;
    const float least = opaque(LEAST_POWER), whole = opaque(to_whole);
    const float c[DEGREE + 1] = {opaque(5.500892922e-02f), opaque(2.422109544e-01f),
                                 opaque(6.932829022e-01f), opaque(1.0f)};
    int32_t tops[EC_SCORE_ROWS];
    for (size_t row = 0; row < s->rows; row++) {
        tops[row] = top_score(s->x + row * s->stride, s->n, width);
    }
    for (size_t row = 0; row < s->rows; row++) {
        const ec_sum *const x = s->x + row * s->stride;
        float *const power = powers + row * s->stride;
        for (size_t i = 0; i < width; i++) {
            const float below = (float)((int32_t)x[i] - tops[row]) * factor;
            power[i] = exp2_negative(below, least, whole, c, DEGREE);
        }
        for (size_t i = s->n; i < width; i++) {
            power[i] = 0;
        }
    }
    float totals[EC_SCORE_ROWS];
    for (size_t row = 0; row < s->rows; row++) {
        totals[row] = row_sum(powers + row * s->stride, width);
    }
    for (size_t row = 0; row < s->rows; row++) {
        sums[row] = divide_powers(powers + row * s->stride, width, (float)EC_SHARES / totals[row],
                                  whole, shares + row * s->stride);
    }
}

WIDE void ec_scale_rows(const ec_sum *restrict x, size_t stride, size_t rows, size_t n,
                        const float *restrict factors, size_t out_stride, float *restrict out) {
    for (size_t row = 0; row < rows; row++, x += stride, out += out_stride) {
        for (size_t i = 0; i < n; i++) {
            out[i] = (float)x[i] * factors[row];
        }
    }
}

// ------------------------------------------------------------- the first token alone

WIDE void ec_dot_rows(const float *restrict x, const float *restrict rows, size_t count, size_t n,
                      float *restrict out) {
    for (size_t row = 0; row < count; row++) {
        out[row] = dot(x, rows + row * n, n);
    }
}

static inline INLINE float dot_weights(const float *x, const int8_t *weights, size_t n) {
    lanes sums = {0}, v;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        byte_lanes bytes;
        memcpy(&bytes, weights + i, sizeof bytes);
        load_lanes(x + i, &v);
        sums +=
            v * __builtin_convertvector(
                    __builtin_convertvector(__builtin_convertvector(bytes, short_lanes), int_lanes),
                    lanes);
    }
    float rest = 0;
    for (; i < n; i++) {
        rest += x[i] * (float)weights[i];
    }
    return sum_lanes(&sums) + rest;
}

WIDE void ec_dot_weights(const float *restrict x, const int8_t *restrict rows, size_t count,
                         size_t n, float *restrict out) {
    for (size_t row = 0; row < count; row++) {
        out[row] = dot_weights(x, rows + row * n, n);
    }
}

// Rows of floats or of bytes. Inlined with constant bytes it is one or the other.
static inline INLINE void sum_columns(const void *rows, bool bytes, const float *restrict factors,
                                      size_t count, size_t n, size_t first, size_t columns,
                                      float *restrict out) {
    float sums[WIDE_COLUMNS] = {0};
    for (size_t row = 0, at = first; row < count; row++, at += n) {
        for (size_t j = 0; j < columns; j++) {
            const float x =
                bytes ? (float)((const int8_t *)rows)[at + j] : ((const float *)rows)[at + j];
            sums[j] += factors[row] * x;
        }
    }
    memcpy(out + first, sums, columns * sizeof *out);
}

static inline INLINE void sum_rows(const void *rows, bool bytes, const float *restrict factors,
                                   size_t count, size_t n, float *restrict out) {
    size_t first = 0;
    for (; first + WIDE_COLUMNS <= n; first += WIDE_COLUMNS) {
        sum_columns(rows, bytes, factors, count, n, first, WIDE_COLUMNS, out);
    }
    sum_columns(rows, bytes, factors, count, n, first, n - first, out);
}

WIDE void ec_sum_rows(const float *rows, const float *factors, size_t count, size_t n, float *out) {
    sum_rows(rows, false, factors, count, n, out);
}

WIDE void ec_sum_weights(const int8_t *rows, const float *factors, size_t count, size_t n,
                         float *out) {
    sum_rows(rows, true, factors, count, n, out);
}

WIDE float ec_powers_row(float *restrict x, size_t n) {
    const float least = opaque(LEAST_POWER);
    uint32_t limit = 0;
    float top = x[0];
    for (size_t i = 0; i < n; i++) {
        const uint32_t size = bits_of(x[i]) & SIZE_BITS;
        limit = size > limit ? size : limit;
        top = x[i] > top ? x[i] : top;
    }
    if (!(float_of(limit) < INFINITY)) {
        return NAN;
    }
    for (size_t i = 0; i < n; i++) {
        x[i] = exp2_negative(x[i] - top, least, to_whole, precise_power, PRECISE_DEGREE);
    }
    return row_sum(x, n);
}
