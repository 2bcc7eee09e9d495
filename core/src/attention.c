// SPDX-License-Identifier: Apache-2.0
#include "attention.h"

#include <math.h>
#include <string.h>

#include "attention_ops.h"
#include "scratch.h"

// Scratch memory of a head. D is the head size rounded up to EC_SHORT_NR, T the tokens likewise.
typedef struct scratch {
    size_t columns;          // D
    ec_short *rows[EC_QKV];  // [tokens + 1, D] queries, keys and values
    ec_short_unit *key;      // packed [tokens, head_size], transposed
    ec_short_unit *value;    // packed [tokens, head_size]
    ec_sum *scores;          // [EC_SCORE_ROWS, T]
    float *powers;           // [EC_SCORE_ROWS, T]
    ec_short *shares;        // [EC_SCORE_ROWS, T]
    ec_sum *sums;            // [EC_SCORE_ROWS, D]
} scratch;

static size_t lay_out(scratch *s, size_t tokens, size_t head_size, char *memory) {
    const size_t d = ec_short_columns(head_size);
    const size_t t = ec_short_columns(tokens);
    size_t used = 0;
    s->columns = d;
    for (size_t part = 0; part < EC_QKV; part++) {
        s->rows[part] = ec_carve(memory, &used, t * d * sizeof *s->rows[part]);
    }
    s->key = ec_carve(memory, &used, t * ec_short_units(head_size) * sizeof *s->key);
    s->value = ec_carve(memory, &used, ec_short_units(tokens) * d * sizeof *s->value);
    s->scores = ec_carve(memory, &used, EC_SCORE_ROWS * t * sizeof *s->scores);
    s->powers = ec_carve(memory, &used, EC_SCORE_ROWS * t * sizeof *s->powers);
    s->shares = ec_carve(memory, &used, EC_SCORE_ROWS * t * sizeof *s->shares);
    s->sums = ec_carve(memory, &used, EC_SCORE_ROWS * d * sizeof *s->sums);
    return used;
}

size_t ec_attention_scratch(size_t tokens, size_t head_size) {
    scratch s;
    return lay_out(&s, tokens, head_size, NULL);
}

// ------------------------------------------------------------- short numbers

// Numbers of a head as whole multiples of a scale.
typedef struct short_scale {
    float scale, inverse;
} short_scale;

// The scale that makes `most` of the largest number. NaN or infinite when a number is.
static short_scale choose_scale(float limit, size_t most) {
    // Zeros, or as good as zeros, have nothing to divide by.
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

static void pack_values(const scratch *s, size_t tokens, size_t head_size) {
    ec_short *const values = s->rows[2];
    const size_t used = tokens * s->columns;
    const size_t whole = ec_short_units(tokens) * EC_SHORT_KR * s->columns;
    memset(values + used, 0, (whole - used) * sizeof *values);
    ec_short_pack_rows(values, head_size, tokens, s->value);
}

// ------------------------------------------------------------- one head

// What a head's rows have in common.
typedef struct factors {
    float score;  // what makes powers of two of the products of queries and keys
    float value;  // scale of the values
} factors;

// context of `rows` rows from `first` on, at most EC_SCORE_ROWS.
static void attend_rows(const scratch *s, const ec_attention *a, const factors *f, size_t first,
                        size_t rows, ec_short_gemm *gemm, float *context) {
    const size_t n = a->tokens, d = a->head_size;
    const size_t t = ec_short_columns(n), hidden = a->heads * d;
    const ec_short *const query = s->rows[0] + first * s->columns;
    gemm(&(ec_short_product){rows, n, d, query, s->columns, s->key, s->scores, t});
    float scales[EC_SCORE_ROWS];
    ec_softmax_rows(&(ec_scores){s->scores, rows, n, t, f->score}, s->powers, s->shares, scales);
    for (size_t row = 0; row < rows; row++) {
        scales[row] = f->value / scales[row];
    }
    gemm(&(ec_short_product){rows, d, n, s->shares, t, s->value, s->sums, s->columns});
    ec_scale_rows(s->sums, s->columns, rows, d, scales, hidden, context + first * hidden);
}

static void fill_nan(float *context, size_t rows, size_t columns, size_t stride) {
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < columns; i++) {
            context[row * stride + i] = NAN;
        }
    }
}

static const float log2_e = 1.44269504f;

void ec_attend_head(const ec_attention *a, size_t index, ec_short_gemm *gemm, void *memory) {
    const size_t d = a->head_size, hidden = a->heads * d, at = index * d;
    const ec_head head = {a->qkv + at, a->bias + at, EC_QKV * hidden, hidden, a->tokens, d};
    float limits[EC_QKV];
    ec_head_limits(&head, limits);
    const short_scale query = choose_scale(limits[0], largest_factor(d));
    const short_scale key = choose_scale(limits[1], largest_factor(d));
    const short_scale value = choose_scale(limits[2], largest_value(a->tokens));
    const factors f = {query.scale * key.scale * (log2_e / sqrtf((float)d)), value.scale};
    float *const context = a->context + at;
    if (!(f.score < INFINITY && f.value < INFINITY)) {
        fill_nan(context, a->tokens, d, hidden);
        return;
    }
    scratch s;
    lay_out(&s, a->tokens, d, memory);
    ec_head_short(&head, (const float[]){query.inverse, key.inverse, value.inverse}, s.columns,
                  s.rows);
    ec_short_pack_columns(s.rows[1], s.columns, a->tokens, d, s.key);
    pack_values(&s, a->tokens, d);
    for (size_t first = 0; first < a->tokens; first += EC_SCORE_ROWS) {
        const size_t rest = a->tokens - first;
        attend_rows(&s, a, &f, first, rest < EC_SCORE_ROWS ? rest : EC_SCORE_ROWS, gemm, context);
    }
}

// ------------------------------------------------------------- the first token alone

typedef struct first_head {
    float *query;      // [head_size]; then the values' sums
    float *direction;  // [hidden_size] of the hidden states that the query looks for
    float *powers;     // [tokens]
    float *mean;       // [hidden_size] hidden state that it sees
} first_head;

static size_t lay_out_first(first_head *h, size_t tokens, size_t hidden_size, char *memory) {
    size_t used = 0;
    h->query = ec_carve(memory, &used, hidden_size * sizeof *h->query);
    h->direction = ec_carve(memory, &used, hidden_size * sizeof *h->direction);
    h->powers = ec_carve(memory, &used, tokens * sizeof *h->powers);
    h->mean = ec_carve(memory, &used, hidden_size * sizeof *h->mean);
    return used;
}

size_t ec_first_attention_scratch(size_t tokens, size_t hidden_size) {
    first_head h;
    return lay_out_first(&h, tokens, hidden_size, NULL);
}

// Keys' biases would add the same to all scores, which softmax does not see.
void ec_attend_first(const ec_first_attention *a, size_t index, void *memory) {
    const size_t d = a->head_size, hidden = a->heads * d;
    const size_t query = index * d, key = hidden + query, value = hidden + key;
    const int8_t *const weight = a->qkv->weight;
    const float *const scale = a->qkv->scale, *const bias = a->qkv->bias;
    const float unit = log2_e / sqrtf((float)d);
    first_head h;
    lay_out_first(&h, a->tokens, hidden, memory);
    for (size_t i = 0; i < d; i++) {
        h.query[i] = (a->query[query + i] + bias[query + i]) * scale[key + i] * unit;
    }
    ec_sum_weights(weight + key * hidden, h.query, d, hidden, h.direction);
    ec_dot_rows(h.direction, a->hidden, a->tokens, hidden, h.powers);
    const float total = ec_powers_row(h.powers, a->tokens);
    ec_sum_rows(a->hidden, h.powers, a->tokens, hidden, h.mean);
    ec_dot_weights(h.mean, weight + value * hidden, d, hidden, h.query);
    for (size_t i = 0; i < d; i++) {
        a->context[query + i] = h.query[i] * (scale[value + i] / total) + bias[value + i];
    }
}
