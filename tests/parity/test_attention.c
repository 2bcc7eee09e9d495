// SPDX-License-Identifier: Apache-2.0
// Attention and the products of short numbers under it, against their plain definitions.
#define _DEFAULT_SOURCE  // MAP_ANONYMOUS
#include <math.h>
#include <stdlib.h>

#include "attention.h"
#include "ec_test.h"
#include "guard_page.h"
#include "ops.h"

enum { MAX_ROWS = 37, MAX_COLUMNS = 49, MAX_DEPTH = 67, MAX_WIDTH = 64 };

static int random_number(uint32_t *state, int most) {
    *state = *state * 1664525u + 1013904223u;
    return (int)((*state >> 8) % (uint32_t)(2 * most + 1)) - most;
}

// ------------------------------------------------------------- products

// a[rows, depth] * transpose(b[columns, depth]), in whole numbers.
typedef struct operands {
    size_t rows, columns, depth;
    int a[MAX_ROWS][MAX_DEPTH], b[MAX_COLUMNS][MAX_DEPTH];
} operands;

static size_t padded(size_t depth) { return ec_short_units(depth) * EC_SHORT_KR; }

// b as the kernels want it, from rows or from columns: both ways must give the same bytes.
static ec_short_unit *pack(const operands *o, size_t *bytes) {
    const size_t stride = ec_short_columns(o->columns);
    const size_t count = stride * ec_short_units(o->depth);
    ec_short columns[MAX_COLUMNS][MAX_DEPTH + 1] = {{0}};
    ec_short rows[MAX_DEPTH + 1][MAX_WIDTH] = {{0}};
    for (size_t n = 0; n < o->columns; n++) {
        for (size_t k = 0; k < o->depth; k++) {
            columns[n][k] = (ec_short)o->b[n][k];
            (&rows[0][0])[k * stride + n] = (ec_short)o->b[n][k];
        }
    }
    ec_short_unit *from_columns = malloc(count * sizeof *from_columns);
    ec_short_unit *from_rows = malloc(count * sizeof *from_rows);
    ec_short_pack_columns(&columns[0][0], MAX_DEPTH + 1, o->columns, o->depth, from_columns);
    ec_short_pack_rows(&rows[0][0], o->columns, o->depth, from_rows);
    *bytes = count * sizeof *from_rows;
    EC_CHECK(memcmp(from_columns, from_rows, *bytes) == 0);
    free(from_rows);
    return from_columns;
}

static bool is_product(const operands *o, const ec_sum *c, size_t stride) {
    for (size_t m = 0; m < o->rows; m++) {
        for (size_t n = 0; n < o->columns; n++) {
            int32_t sum = 0;
            for (size_t k = 0; k < o->depth; k++) {
                sum += o->a[m][k] * o->b[n][k];
            }
            if (c[m * stride + n] != (ec_sum)sum) {
                return false;
            }
        }
    }
    return true;
}

// Every operand and the result end where memory does.
static void check_gemm(ec_short_gemm *gemm, const operands *o) {
    const size_t stride = ec_short_columns(o->columns);
    const size_t a_stride = padded(o->depth);
    ec_short a[MAX_ROWS * (MAX_DEPTH + 1)] = {0};
    ec_sum c[MAX_ROWS * MAX_WIDTH] = {0};
    for (size_t m = 0; m < o->rows; m++) {
        for (size_t k = 0; k < o->depth; k++) {
            a[m * a_stride + k] = (ec_short)o->a[m][k];
        }
    }
    size_t bytes = 0;
    ec_short_unit *b = pack(o, &bytes);
    guard_page pages[3];
    const ec_short_product product = {
        .rows = o->rows,
        .n = o->columns,
        .k = o->depth,
        .a = (const void *)guard_page_copy(&pages[0], (const char *)a,
                                           o->rows * a_stride * sizeof *a),
        .a_stride = a_stride,
        .b = (const void *)guard_page_copy(&pages[1], (const char *)b, bytes),
        .c = (void *)(uintptr_t)guard_page_copy(&pages[2], (const char *)c,
                                                o->rows * stride * sizeof *c),
        .c_stride = stride};
    gemm(&product);
    EC_CHECK(is_product(o, product.c, stride));
    free(b);
    for (int i = 0; i < 3; i++) {
        guard_page_free(&pages[i]);
    }
}

static void test_gemm(ec_short_gemm *gemm) {
    static operands o;
    uint32_t seed = 7;
    for (o.rows = 1; o.rows <= MAX_ROWS; o.rows += 1 + o.rows / 5) {
        for (o.columns = 1; o.columns <= MAX_COLUMNS; o.columns += 8) {
            for (o.depth = 1; o.depth <= MAX_DEPTH; o.depth += 1 + o.depth / 2) {
                const int most = (int)sqrt((double)EC_SHORT_SUM_MAX / (double)o.depth);
                for (size_t i = 0; i < (size_t)MAX_ROWS * MAX_DEPTH; i++) {
                    o.a[i / MAX_DEPTH][i % MAX_DEPTH] = random_number(&seed, most);
                }
                for (size_t i = 0; i < (size_t)MAX_COLUMNS * MAX_DEPTH; i++) {
                    o.b[i / MAX_DEPTH][i % MAX_DEPTH] = random_number(&seed, most);
                }
                for (size_t k = 0; k < o.depth; k++) {
                    o.a[0][k] = o.b[0][k] = most;  // the largest sum there can be
                }
                check_gemm(gemm, &o);
            }
        }
    }
}

static void test_gemms(void) {
    test_gemm(ec_short_gemm_any);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        test_gemm(ec_short_gemm_avx2);
    }
    if (__builtin_cpu_supports("avx512vnni")) {
        test_gemm(ec_short_gemm_avx512vnni);
    }
#endif
}

// ------------------------------------------------------------- attention

enum { HEADS = 2 };

typedef struct inputs {
    size_t rows, tokens, head_size;
    float *query, *key, *value, *bias;
} inputs;

static float *random_floats(size_t count, uint32_t *seed) {
    float *x = malloc(count * sizeof *x);
    for (size_t i = 0; i < count; i++) {
        x[i] = (float)random_number(seed, 3000) * 1e-3f;
    }
    return x;
}

static ec_attention describe(const inputs *in, float *context) {
    const size_t hidden = HEADS * in->head_size;
    return (ec_attention){.query = in->query,
                          .key = in->key,
                          .value = in->value,
                          .bias = in->bias,
                          .query_stride = hidden,
                          .key_stride = hidden,
                          .rows = in->rows,
                          .tokens = in->tokens,
                          .heads = HEADS,
                          .head_size = in->head_size,
                          .context = context};
}

// Whether the context of one row and head is close to its definition.
static bool row_is_close(const inputs *in, size_t row, size_t head, const float *context) {
    const size_t d = in->head_size, hidden = HEADS * d, at = head * d;
    double *p = calloc(in->tokens, sizeof *p);
    double total = 0;
    bool close = true;
    for (size_t j = 0; j < in->tokens; j++) {
        double score = 0;
        for (size_t i = at; i < at + d; i++) {
            score += (double)(in->query[row * hidden + i] + in->bias[i]) *
                     (double)(in->key[j * hidden + i] + in->bias[hidden + i]);
        }
        p[j] = exp(score / sqrt((double)d));
        total += p[j];
    }
    for (size_t i = at; i < at + d; i++) {
        double expected = 0;
        for (size_t j = 0; j < in->tokens; j++) {
            expected +=
                p[j] / total * (double)(in->value[j * hidden + i] + in->bias[2 * hidden + i]);
        }
        // Values are up to 6 large.
        close = close && fabs(expected - (double)context[row * hidden + i]) < 0.05;
    }
    free(p);
    return close;
}

static void test_attention(size_t rows, size_t tokens, size_t head_size) {
    const size_t hidden = HEADS * head_size;
    uint32_t seed = (uint32_t)(rows + 100 * tokens + 10000 * head_size);
    const inputs in = {rows,
                       tokens,
                       head_size,
                       random_floats(rows * hidden, &seed),
                       random_floats(tokens * hidden, &seed),
                       random_floats(tokens * hidden, &seed),
                       random_floats(3 * hidden, &seed)};
    const size_t size = ec_attention_scratch(tokens, head_size);
    float *context = malloc(rows * hidden * sizeof *context);
    void *scratch = aligned_alloc(64, size);
    const ec_attention attention = describe(&in, context);
    bool close = true;
    for (size_t head = 0; head < HEADS; head++) {
        memset(scratch, 0xFF, size);  // what an earlier sequence has left
        ec_attend_head(&attention, head, ec_short_gemm_choose(), scratch);
        for (size_t row = 0; row < rows; row++) {
            close = close && row_is_close(&in, row, head, context);
        }
    }
    EC_CHECK(close);

    // What is not finite, anywhere, makes the whole head NaN and leaves the other one alone.
    float *const parts[] = {in.query, in.key, in.value};
    const float bad[] = {NAN, INFINITY, -INFINITY};
    const float before = context[head_size];
    for (int i = 0; i < 3; i++) {
        const float good = parts[i][head_size / 2];
        parts[i][head_size / 2] = bad[i];
        ec_attend_head(&attention, 0, ec_short_gemm_choose(), scratch);
        ec_attend_head(&attention, 1, ec_short_gemm_choose(), scratch);
        EC_CHECK(isnan(context[0]) && isnan(context[(rows - 1) * hidden + head_size - 1]));
        EC_CHECK(context[head_size] == before);
        parts[i][head_size / 2] = good;
    }
    free(in.query), free(in.key), free(in.value), free(in.bias);
    free(context), free(scratch);
}

// Every number at its limit, where sums are the largest there can be: the context is the values.
static void test_extremes(size_t tokens, size_t head_size) {
    const size_t hidden = HEADS * head_size;
    float *x = malloc(tokens * hidden * sizeof *x);
    for (size_t i = 0; i < tokens * hidden; i++) {
        x[i] = -1e3f;
    }
    float *bias = calloc(3 * hidden, sizeof *bias);
    float *context = malloc(hidden * sizeof *context);
    void *scratch = aligned_alloc(64, ec_attention_scratch(tokens, head_size));
    const inputs in = {1, tokens, head_size, x, x, x, bias};
    const ec_attention attention = describe(&in, context);
    ec_attend_head(&attention, 1, ec_short_gemm_choose(), scratch);
    bool close = true;
    for (size_t i = head_size; i < hidden; i++) {
        close = close && fabsf(context[i] + 1e3f) < 1e-3f;
    }
    EC_CHECK(close);
    free(x), free(bias), free(context), free(scratch);
}

int main(void) {
    test_gemms();
    for (size_t tokens = 1; tokens <= 70; tokens += 1 + tokens / 6) {
        test_attention(tokens, tokens, 32);
        test_attention(1, tokens, 8);
        test_attention(tokens, tokens, 5);
        test_attention(tokens, tokens, 80);
    }
    test_attention(2, 512, 1);
    test_attention(17, 512, 64);
    test_extremes(1, 1);
    test_extremes(512, 256);
    test_extremes(4096, 64);
    return ec_test_result();
}
