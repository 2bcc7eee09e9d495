// SPDX-License-Identifier: Apache-2.0
// Attention and the products of short numbers under it, against their plain definitions.
#define _DEFAULT_SOURCE  // MAP_ANONYMOUS
#include <math.h>
#include <stdlib.h>

#include "attention.h"
#include "attention_ops.h"
#include "ec_test.h"
#include "guard_page.h"

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
    size_t tokens, head_size;
    float *qkv;   // [tokens, 3, HEADS * head_size]
    float *bias;  // [3, HEADS * head_size]
} inputs;

static size_t hidden_of(const inputs *in) { return HEADS * in->head_size; }

static float *random_floats(size_t count, uint32_t *seed) {
    float *x = malloc(count * sizeof *x);
    for (size_t i = 0; i < count; i++) {
        x[i] = (float)random_number(seed, 3000) * 1e-3f;
    }
    return x;
}

static ec_attention describe(const inputs *in, float *context) {
    return (ec_attention){.qkv = in->qkv,
                          .bias = in->bias,
                          .tokens = in->tokens,
                          .heads = HEADS,
                          .head_size = in->head_size,
                          .context = context};
}

// A query, key or value with its bias.
static double at(const inputs *in, size_t token, size_t part, size_t column) {
    const size_t hidden = hidden_of(in);
    return (double)(in->qkv[(token * EC_QKV + part) * hidden + column] +
                    in->bias[part * hidden + column]);
}

// Whether the context of one row and head is as close to its definition as `most`.
static bool row_is_close(const inputs *in, size_t row, size_t head, const float *context,
                         double most) {
    const size_t d = in->head_size, first = head * d;
    double *p = calloc(in->tokens, sizeof *p);
    double total = 0;
    bool close = true;
    for (size_t j = 0; j < in->tokens; j++) {
        double score = 0;
        for (size_t i = first; i < first + d; i++) {
            score += at(in, row, 0, i) * at(in, j, 1, i);
        }
        p[j] = exp(score / sqrt((double)d));
        total += p[j];
    }
    for (size_t i = first; i < first + d; i++) {
        double expected = 0;
        for (size_t j = 0; j < in->tokens; j++) {
            expected += p[j] / total * at(in, j, 2, i);
        }
        close = close && fabs(expected - (double)context[row * hidden_of(in) + i]) < most;
    }
    free(p);
    return close;
}

static void test_attention(size_t tokens, size_t head_size) {
    const size_t hidden = HEADS * head_size;
    uint32_t seed = (uint32_t)(100 * tokens + 10000 * head_size);
    const inputs in = {tokens, head_size, random_floats(tokens * EC_QKV * hidden, &seed),
                       random_floats(EC_QKV * hidden, &seed)};
    const size_t size = ec_attention_scratch(tokens, head_size);
    float *context = malloc(tokens * hidden * sizeof *context);
    void *scratch = aligned_alloc(64, size);
    const ec_attention attention = describe(&in, context);
    bool close = true;
    for (size_t head = 0; head < HEADS; head++) {
        memset(scratch, 0xFF, size);  // what an earlier sequence has left
        ec_attend_head(&attention, head, ec_short_gemm_choose(), scratch);
        for (size_t row = 0; row < tokens; row++) {
            close = close && row_is_close(&in, row, head, context, 0.05);  // values are up to 6
        }
    }
    EC_CHECK(close);

    // What is not finite, anywhere, makes the whole head NaN and leaves the other one alone.
    const float bad[] = {NAN, INFINITY, -INFINITY};
    const float before = context[head_size];
    for (size_t part = 0; part < EC_QKV; part++) {
        float *const place = &in.qkv[part * hidden + head_size / 2];
        const float good = *place;
        *place = bad[part];
        ec_attend_head(&attention, 0, ec_short_gemm_choose(), scratch);
        ec_attend_head(&attention, 1, ec_short_gemm_choose(), scratch);
        EC_CHECK(isnan(context[0]) && isnan(context[(tokens - 1) * hidden + head_size - 1]));
        EC_CHECK(context[head_size] == before);
        *place = good;
    }
    free(in.qkv), free(in.bias), free(context), free(scratch);
}

// Every number at its limit, where sums are the largest there can be: the context is the values.
static void test_extremes(size_t tokens, size_t head_size) {
    const size_t hidden = HEADS * head_size;
    float *qkv = malloc(tokens * EC_QKV * hidden * sizeof *qkv);
    for (size_t i = 0; i < tokens * EC_QKV * hidden; i++) {
        qkv[i] = -1e3f;
    }
    float *bias = calloc(EC_QKV * hidden, sizeof *bias);
    float *context = malloc(tokens * hidden * sizeof *context);
    void *scratch = aligned_alloc(64, ec_attention_scratch(tokens, head_size));
    const inputs in = {tokens, head_size, qkv, bias};
    const ec_attention attention = describe(&in, context);
    ec_attend_head(&attention, 1, ec_short_gemm_choose(), scratch);
    bool close = true;
    for (size_t row = 0; row < tokens; row++) {
        for (size_t i = head_size; i < hidden; i++) {
            close = close && fabsf(context[row * hidden + i] + 1e3f) < 1e-3f;
        }
    }
    EC_CHECK(close);
    free(qkv), free(bias), free(context), free(scratch);
}

// ------------------------------------------------------------- the first token alone

enum { MAX_HIDDEN = 160 };

// Hidden states and the weights that make queries, keys and values of them.
typedef struct first_inputs {
    inputs in;  // what the weights make of the hidden states
    float *hidden;
    int8_t weight[EC_QKV * MAX_HIDDEN * MAX_HIDDEN];
    float scale[EC_QKV * MAX_HIDDEN];
} first_inputs;

static void make_first_inputs(first_inputs *f, size_t tokens, size_t head_size) {
    const size_t h = HEADS * head_size;
    uint32_t seed = (uint32_t)(tokens + 1000 * head_size);
    f->hidden = random_floats(tokens * h, &seed);
    f->in = (inputs){tokens, head_size, calloc(tokens * EC_QKV * h, sizeof(float)),
                     random_floats(EC_QKV * h, &seed)};
    for (size_t i = 0; i < EC_QKV * h; i++) {
        f->scale[i] = (float)(10 + random_number(&seed, 9)) * 1e-3f / sqrtf((float)h);
        for (size_t k = 0; k < h; k++) {
            f->weight[i * h + k] = (int8_t)random_number(&seed, EC_WEIGHT_MAX);
        }
    }
    for (size_t token = 0; token < tokens; token++) {
        for (size_t i = 0; i < EC_QKV * h; i++) {
            double sum = 0;
            for (size_t k = 0; k < h; k++) {
                sum += (double)f->hidden[token * h + k] * f->weight[i * h + k];
            }
            f->in.qkv[token * EC_QKV * h + i] = (float)(sum * (double)f->scale[i]);
        }
    }
}

static void test_first(size_t tokens, size_t head_size) {
    static first_inputs f;
    make_first_inputs(&f, tokens, head_size);
    const size_t h = HEADS * head_size;
    const ec_linear qkv = {f.weight, f.scale, f.in.bias, (uint32_t)h, (uint32_t)(EC_QKV * h)};
    const size_t size = ec_first_attention_scratch(tokens, h);
    void *scratch = aligned_alloc(64, size);
    float context[MAX_HIDDEN];
    const ec_first_attention attention = {f.in.qkv, f.hidden,  &qkv,   tokens,
                                          HEADS,    head_size, context};
    for (size_t head = 0; head < HEADS; head++) {
        memset(scratch, 0xFF, size);
        ec_attend_first(&attention, head, scratch);
        EC_CHECK(row_is_close(&f.in, 0, head, context, 2e-5));
    }
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        float *const place = &f.hidden[(tokens - 1) * h + h / 2];
        const float good = *place;
        *place = bad[i];
        ec_attend_first(&attention, 1, scratch);
        EC_CHECK(isnan(context[head_size]) && isnan(context[h - 1]));
        *place = good;
    }
    free(f.hidden), free(f.in.qkv), free(f.in.bias), free(scratch);
}

int main(void) {
    test_gemms();
    for (size_t tokens = 1; tokens <= 70; tokens += 1 + tokens / 6) {
        test_attention(tokens, 32);
        test_attention(tokens, 8);
        test_attention(tokens, 5);
        test_attention(tokens, 80);
        test_first(tokens, 5);
        test_first(tokens, 32);
        test_first(tokens, 80);
    }
    test_attention(512, 1);
    test_attention(512, 64);
    test_first(512, 8);
    test_extremes(1, 1);
    test_extremes(512, 256);
    test_extremes(4096, 64);
    return ec_test_result();
}
