// SPDX-License-Identifier: Apache-2.0
#include "attention.h"

#include <math.h>
#include <string.h>

#include "ops.h"
#include "scratch.h"

// Scratch memory of a head. D is the head size rounded up to EC_SHORT_NR, T the tokens likewise.
typedef struct head {
    size_t columns;        // D
    ec_short *rows;        // [tokens + 1, D] keys or values before they are packed
    ec_short *query;       // [EC_SCORE_ROWS, D]
    ec_short_unit *key;    // packed [tokens, head_size], transposed
    ec_short_unit *value;  // packed [tokens, head_size]
    ec_sum *scores;        // [EC_SCORE_ROWS, T]
    ec_short *shares;      // [EC_SCORE_ROWS, T]
    ec_sum *sums;          // [EC_SCORE_ROWS, D]
} head;

static size_t lay_out(head *h, size_t tokens, size_t head_size, char *memory) {
    const size_t d = ec_short_columns(head_size);
    const size_t t = ec_short_columns(tokens);
    size_t used = 0;
    h->columns = d;
    h->rows = ec_carve(memory, &used, t * d * sizeof *h->rows);
    h->query = ec_carve(memory, &used, EC_SCORE_ROWS * d * sizeof *h->query);
    h->key = ec_carve(memory, &used, t * ec_short_units(head_size) * sizeof *h->key);
    h->value = ec_carve(memory, &used, ec_short_units(tokens) * d * sizeof *h->value);
    h->scores = ec_carve(memory, &used, EC_SCORE_ROWS * t * sizeof *h->scores);
    h->shares = ec_carve(memory, &used, EC_SCORE_ROWS * t * sizeof *h->shares);
    h->sums = ec_carve(memory, &used, EC_SCORE_ROWS * d * sizeof *h->sums);
    return used;
}

size_t ec_attention_scratch(size_t tokens, size_t head_size) {
    head h;
    return lay_out(&h, tokens, head_size, NULL);
}

// ------------------------------------------------------------- short numbers

// Numbers of a head as whole multiples of a scale.
typedef struct short_scale {
    float scale, inverse;
} short_scale;

// The scale that makes `most` of the largest number. NaN or infinite when a number is.
static short_scale choose_scale(const ec_block *block, size_t most) {
    const float limit = ec_block_limit(block);
    // A block of zeros, or as good as zeros, has nothing to divide by.
    return limit < 1e-30f ? (short_scale){1, 1}
                          : (short_scale){limit / (float)most, (float)most / limit};
}

// Largest query and key whose sum of products is no more than EC_SHORT_SUM_MAX.
static size_t largest_factor(size_t head_size) {
    return (size_t)sqrtf((float)EC_SHORT_SUM_MAX / (float)head_size);
}

// Largest value; rounding may add half a unit for each token to the shares.
static size_t largest_value(size_t tokens) {
    return EC_SHORT_SUM_MAX / (EC_SHARES + tokens / 2 + 1);
}

static void pack_keys(const head *h, const ec_block *keys, float inverse) {
    ec_short_block(keys, inverse, h->columns, h->rows);
    ec_short_pack_columns(h->rows, h->columns, keys->rows, keys->columns, h->key);
}

static void pack_values(const head *h, const ec_block *values, float inverse) {
    ec_short_block(values, inverse, h->columns, h->rows);
    const size_t used = values->rows * h->columns;
    const size_t whole = ec_short_units(values->rows) * EC_SHORT_KR * h->columns;
    memset(h->rows + used, 0, (whole - used) * sizeof *h->rows);
    ec_short_pack_rows(h->rows, values->columns, values->rows, h->value);
}

// ------------------------------------------------------------- one head

// What a head's rows have in common.
typedef struct factors {
    float query;  // 1 / scale of the queries
    float score;  // what makes powers of two of the products of queries and keys
    float value;  // scale of the values
} factors;

static void attend_rows(const head *h, const ec_block *queries, const factors *f, size_t tokens,
                        ec_short_gemm *gemm, float *context, size_t context_stride) {
    const size_t t = ec_short_columns(tokens);
    const size_t d = queries->columns;
    ec_short_block(queries, f->query, h->columns, h->query);
    gemm(&(ec_short_product){queries->rows, tokens, d, h->query, h->columns, h->key, h->scores, t});
    float scales[EC_SCORE_ROWS];
    ec_softmax_rows(&(ec_scores){h->scores, queries->rows, tokens, t, f->score}, h->shares, scales);
    for (size_t row = 0; row < queries->rows; row++) {
        scales[row] = f->value / scales[row];
    }
    gemm(
        &(ec_short_product){queries->rows, d, tokens, h->shares, t, h->value, h->sums, h->columns});
    ec_scale_rows(h->sums, h->columns, queries->rows, d, scales, context_stride, context);
}

static void fill_nan(float *context, size_t rows, size_t columns, size_t stride) {
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < columns; i++) {
            context[row * stride + i] = NAN;
        }
    }
}

void ec_attend_head(const ec_attention *a, size_t index, ec_short_gemm *gemm, void *scratch) {
    const float log2_e = 1.44269504f;
    const size_t d = a->head_size;
    const size_t at = index * d;
    const size_t hidden = a->heads * d;
    ec_block queries = {a->query + at, a->bias + at, a->query_stride, a->rows, d};
    const ec_block keys = {a->key + at, a->bias + hidden + at, a->key_stride, a->tokens, d};
    const ec_block values = {a->value + at, a->bias + 2 * hidden + at, a->key_stride, a->tokens, d};
    const short_scale query = choose_scale(&queries, largest_factor(d));
    const short_scale key = choose_scale(&keys, largest_factor(d));
    const short_scale value = choose_scale(&values, largest_value(a->tokens));
    const factors f = {query.inverse, query.scale * key.scale * (log2_e / sqrtf((float)d)),
                       value.scale};
    if (!(f.score < INFINITY && f.value < INFINITY)) {
        fill_nan(a->context + at, a->rows, d, hidden);
        return;
    }
    head h;
    lay_out(&h, a->tokens, d, scratch);
    pack_keys(&h, &keys, key.inverse);
    pack_values(&h, &values, value.inverse);
    for (size_t first = 0; first < a->rows; first += EC_SCORE_ROWS) {
        queries.x = a->query + at + first * a->query_stride;
        queries.rows = a->rows - first < EC_SCORE_ROWS ? a->rows - first : EC_SCORE_ROWS;
        attend_rows(&h, &queries, &f, a->tokens, gemm, a->context + at + first * hidden, hidden);
    }
}
