// SPDX-License-Identifier: Apache-2.0
// The arithmetic under the network: int8 linear layers against plain integer products, bit for bit,
// the rounding of activations, and the non-linear steps against the C library.
#include <math.h>
#include <stdlib.h>

#include "attention_ops.h"
#include "ec_test.h"
#include "ops.h"
#include "xnn.h"

enum { MAX_WIDTH = 104, MAX_ROWS = 25, LAYERS = 2 };

typedef struct fixture {
    int8_t weight[3 * MAX_WIDTH * MAX_WIDTH];
    float scale[3 * MAX_WIDTH];  // all 1, so that sums come out as they are
    float bias[3 * MAX_WIDTH];
} fixture;

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static ec_linear make_linear(fixture *f, uint32_t inputs, uint32_t outputs, uint32_t seed) {
    for (size_t i = 0; i < (size_t)inputs * outputs; i++) {
        f->weight[i] =
            (int8_t)((int)(next_random(&seed) % (2 * EC_WEIGHT_MAX + 1)) - EC_WEIGHT_MAX);
    }
    // Whole columns at the limits: the largest sums there can be.
    memset(f->weight, EC_WEIGHT_MAX, inputs);
    memset(f->weight + inputs, -EC_WEIGHT_MAX, inputs);
    for (uint32_t i = 0; i < outputs; i++) {
        f->scale[i] = 1;
        f->bias[i] = (float)i - 3;
    }
    return (ec_linear){f->weight, f->scale, f->bias, inputs, outputs};
}

static void check_linear(ec_operators *operators, uint32_t index, const ec_linear *l, size_t rows) {
    static int8_t x[MAX_ROWS * MAX_WIDTH + EC_SPARE_BYTES];
    static ec_row_scale scales[MAX_ROWS + EC_SPARE_ROWS];
    static float y[MAX_ROWS * 3 * MAX_WIDTH];
    uint32_t seed = (uint32_t)(index * 97 + rows);
    for (size_t i = 0; i < rows * l->input_channels; i++) {
        x[i] = (int8_t)(next_random(&seed) % (EC_ACTIVATION_MAX + 1));
    }
    memset(x, EC_ACTIVATION_MAX, l->input_channels);
    for (size_t row = 0; row < rows; row++) {
        scales[row] = (ec_row_scale){(int32_t)(next_random(&seed) % 128), 1};
    }
    EC_CHECK(ec_run_linear(operators, index, x, scales, rows, y));
    bool exact = true;
    for (size_t row = 0; row < rows; row++) {
        for (size_t o = 0; o < l->output_channels; o++) {
            int32_t sum = 0;
            for (size_t i = 0; i < l->input_channels; i++) {
                sum += (x[row * l->input_channels + i] - scales[row].zero_point) *
                       l->weight[o * l->input_channels + i];
            }
            exact = exact && y[row * l->output_channels + o] == (float)sum;
        }
    }
    EC_CHECK(exact);
}

// All shapes of a network of this size, with as many rows as make every tail of a kernel.
static void test_linears(uint32_t hidden, uint32_t intermediate) {
    static fixture f[5 * LAYERS];
    static ec_weights weights;
    const ec_model_info info = {
        .hidden_size = hidden, .intermediate_size = intermediate, .layer_count = LAYERS};
    for (uint32_t i = 0; i < LAYERS; i++) {
        fixture *g = &f[5 * i];
        weights.layers[i].qkv = make_linear(&g[0], hidden, 3 * hidden, i + 1);
        weights.layers[i].attention_output = make_linear(&g[1], hidden, hidden, i + 2);
        weights.layers[i].intermediate = make_linear(&g[2], hidden, intermediate, i + 3);
        weights.layers[i].output = make_linear(&g[3], intermediate, hidden, i + 4);
    }
    weights.pooler = make_linear(&f[4], hidden, hidden, 9);
    ec_packed *packed = NULL;
    ec_operators *operators = NULL;
    EC_CHECK(ec_packed_new(&weights, &info, &packed, NULL) == EC_OK);
    EC_CHECK(ec_operators_new(packed, NULL, &operators, NULL) == EC_OK);
    const uint32_t pooler = EC_LINEARS_PER_LAYER * LAYERS + EC_LINEAR_POOLER;
    for (size_t rows = 1; rows <= MAX_ROWS; rows++) {
        const ec_layer *layer = &weights.layers[0];
        check_linear(operators, EC_LINEAR_QKV, &layer->qkv, rows);
        check_linear(operators, EC_LINEAR_ATTENTION_OUTPUT, &layer->attention_output, rows);
        check_linear(operators, EC_LINEAR_INTERMEDIATE, &layer->intermediate, rows);
        check_linear(operators, EC_LINEAR_OUTPUT, &layer->output, rows);
        check_linear(operators, pooler, &weights.pooler, rows);
    }
    ec_operators_free(operators);
    ec_packed_free(packed);
}

static void test_quantize_row(size_t n) {
    float x[MAX_WIDTH];
    int8_t q[MAX_WIDTH];
    uint32_t seed = (uint32_t)n;
    for (int round = 0; round < 50; round++) {
        const float size = powf(10, (float)(round % 20 - 10));
        for (size_t i = 0; i < n; i++) {
            x[i] = size * ((float)(next_random(&seed) % 2001) / 1000 - (round % 3 == 0 ? 0 : 1));
        }
        x[n / 2] = 0;
        const ec_row_scale s = ec_quantize_row(x, n, q);
        bool close = s.zero_point >= 0 && s.zero_point <= EC_ACTIVATION_MAX;
        for (size_t i = 0; i < n; i++) {
            const float back = (float)(q[i] - s.zero_point) * s.scale;
            // The ends may move by the rounding of the zero point, half a step more.
            close = close && q[i] >= 0 && fabsf(back - x[i]) <= 1.001f * s.scale;
        }
        EC_CHECK(close);
        EC_CHECK_EQUAL(q[n / 2], s.zero_point);
    }
}

static void test_odd_rows(void) {
    float x[20] = {0};
    int8_t q[20];
    EC_CHECK(ec_quantize_row(x, 20, q).scale == 1 && q[19] == 0);
    x[3] = 1e-42f;  // too small to divide by
    EC_CHECK(ec_quantize_row(x, 20, q).scale == 1 && q[3] == 0);
    const float bad[] = {NAN, INFINITY, -INFINITY, 3e38f};
    for (int i = 0; i < 4; i++) {
        for (size_t at = 0; at < 20; at++) {
            memset(x, 0, sizeof x);
            x[at] = bad[i];
            x[(at + 1) % 20] = i == 3 ? -3e38f : 1;  // a range beyond float
            EC_CHECK(isnan(ec_quantize_row(x, 20, q).scale));
        }
    }
}

// The non-linear steps against the C library in double, of values up to `most` large.
static void test_nonlinear(size_t n, float most) {
    enum { STEPS = 400 };
    float x[MAX_WIDTH], gelu[MAX_WIDTH], tanh_[MAX_WIDTH];
    float bias[MAX_WIDTH];
    int8_t q[MAX_WIDTH];
    bool close = true;
    for (int step = -STEPS; step <= STEPS; step++) {
        for (size_t i = 0; i < n; i++) {
            bias[i] = 0.01f * (float)i;
            x[i] = most * (float)step / (float)STEPS - 0.003f * (float)i;
            gelu[i] = tanh_[i] = x[i];
        }
        ec_gelu_row(gelu, bias, n, q);
        ec_tanh_row(tanh_, bias, n);
        for (size_t i = 0; i < n; i++) {
            const double value = (double)(x[i] + bias[i]);
            const double expected = 0.5 * value * (1 + erf(value / sqrt(2)));
            close = close &&
                    fabs((double)gelu[i] - expected) < fmax(1.5e-4, 2.5e-6 * fabs(value)) &&
                    fabs((double)tanh_[i] - tanh(value)) < 3e-7;
        }
    }
    EC_CHECK(close);
}

// Each row against its definition in double, and what is quantized against that.
static void test_layer_norm(size_t n) {
    enum { ROWS = 5 };
    float x[ROWS * MAX_WIDTH], y[ROWS * MAX_WIDTH], bias[MAX_WIDTH], gamma[MAX_WIDTH];
    float beta[MAX_WIDTH];
    double before[ROWS * MAX_WIDTH];
    int8_t q[ROWS * MAX_WIDTH];
    ec_row_scale scales[ROWS];
    uint32_t seed = (uint32_t)n;
    for (size_t i = 0; i < ROWS * n; i++) {
        bias[i % n] = 0.25f, gamma[i % n] = 1 + 0.01f * (float)(i % n), beta[i % n] = -0.5f;
        x[i] = (float)(next_random(&seed) % 2001) / 1000 - 1;
        y[i] = (float)(next_random(&seed) % 2001) / 500 - 2;
        before[i] = (double)x[i] + (double)y[i] + (double)bias[i % n];
    }
    const float epsilon = 0.01f;
    const ec_layer_norm norm = {gamma, beta};
    ec_layer_norm_rows(x, y, bias, &norm, epsilon, ROWS, n, q, scales);
    bool close = true;
    for (size_t row = 0; row < ROWS; row++) {
        double mean = 0, variance = 0;
        for (size_t i = row * n; i < (row + 1) * n; i++) {
            mean += before[i] / (double)n;
        }
        for (size_t i = row * n; i < (row + 1) * n; i++) {
            variance += (before[i] - mean) * (before[i] - mean) / (double)n;
        }
        for (size_t i = row * n; i < (row + 1) * n; i++) {
            const double expected =
                (before[i] - mean) / sqrt(variance + (double)epsilon) * (double)gamma[i % n] +
                (double)beta[i % n];
            const float back = (float)(q[i] - scales[row].zero_point) * scales[row].scale;
            close = close && fabs((double)x[i] - expected) < 1e-5 && q[i] >= 0 &&
                    fabsf(back - x[i]) <= 1.001f * scales[row].scale;
        }
    }
    EC_CHECK(close);

    // A row that is not finite is marked, and its neighbours are not.
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        x[2 * n + n / 2] = bad[i];
        ec_layer_norm_rows(x, y, bias, &norm, epsilon, ROWS, n, q, scales);
        EC_CHECK(isnan(scales[2].scale) && !isnan(scales[1].scale) && !isnan(scales[3].scale));
        memcpy(x + 2 * n, x, n * sizeof *x);
    }
}

// The shares of each row against softmax in double; what n leaves of a row is zero.
static void test_softmax(size_t n) {
    enum { ROWS = 3 };
    const size_t stride = ec_short_columns(n);
    ec_sum x[ROWS * 2 * MAX_WIDTH];
    ec_short shares[ROWS * 2 * MAX_WIDTH];
    float powers[ROWS * 2 * MAX_WIDTH];
    double scores[ROWS][MAX_WIDTH];
    float sums[ROWS];
    uint32_t seed = (uint32_t)n;
    for (int round = 0; round < 50; round++) {
        const float factor = 1e-6f * (float)round;
        double totals[ROWS] = {0};
        for (size_t i = 0; i < ROWS * stride; i++) {
            x[i] =
                (ec_sum)((int32_t)(next_random(&seed) % (2 * EC_SHORT_SUM_MAX)) - EC_SHORT_SUM_MAX);
        }
        for (size_t i = 0; i < ROWS * n; i++) {
            const double score = (double)x[i / n * stride + i % n] * (double)factor;
            scores[i / n][i % n] = exp2(score);
            totals[i / n] += scores[i / n][i % n];
        }
        ec_softmax_rows(&(ec_scores){x, ROWS, n, stride, factor}, powers, shares, sums);
        bool close = true;
        for (size_t row = 0; row < ROWS; row++) {
            float sum = 0;
            for (size_t i = 0; i < stride; i++) {
                const double expected =
                    i < n ? scores[row][i] / totals[row] * (double)EC_SHARES : 0;
                close = close && fabs((double)shares[row * stride + i] - expected) < 0.6;
                sum += (float)shares[row * stride + i];
            }
            close = close && sum == sums[row];
        }
        EC_CHECK(close);
    }
}

// Rounded to the nearest, halves to even, and filled up with zeros.
static void test_short(void) {
    enum { ROWS = 2, STRIDE = 4 };
    const float x[] = {1,     0.5f,  10, 20, 7, 7, 9,  //
                       -0.5f, 1.25f, 30, 40, 7, 7, 9};
    const float bias[] = {0, 1, 0, 0, 0, 0};
    const ec_head head = {x, bias, 7, 2, ROWS, 2};
    const float expected[EC_QKV][ROWS * STRIDE] = {
        {2, 3, 0, 0, -1, 4, 0, 0}, {10, 20, 0, 0, 30, 40, 0, 0}, {4, 4, 0, 0, 4, 4, 0, 0}};
    ec_short rows[EC_QKV][ROWS * STRIDE];
    ec_short *const out[] = {rows[0], rows[1], rows[2]};
    ec_head_short(&head, (const float[]){2, 1, 0.5f}, STRIDE, out);
    for (size_t part = 0; part < EC_QKV; part++) {
        for (size_t i = 0; i < ROWS * STRIDE; i++) {
            EC_CHECK(rows[part][i] == (ec_short)expected[part][i]);
        }
    }
    float limits[EC_QKV];
    ec_head_limits(&head, limits);
    EC_CHECK(limits[0] == 2.25f && limits[1] == 40 && limits[2] == 7);
}

// The largest size, wherever it is, and what is not finite above all.
static void test_limits(size_t columns, size_t rows) {
    float *const x = calloc(rows * EC_QKV * columns, sizeof *x);
    float *const bias = calloc(EC_QKV * columns, sizeof *bias);
    const ec_head head = {x, bias, EC_QKV * columns, columns, rows, columns};
    const float bad[] = {-2, -INFINITY, NAN};
    float limits[EC_QKV];
    bool right = true;
    for (size_t i = 0; i < rows * EC_QKV * columns; i++) {
        for (int k = 0; k < 3; k++) {
            x[i] = bad[k];
            ec_head_limits(&head, limits);
            for (size_t part = 0; part < EC_QKV; part++) {
                const float size = i / columns % EC_QKV == part ? fabsf(bad[k]) : 0;
                right = right && (isnan(size) ? isnan(limits[part]) : limits[part] == size);
            }
        }
        x[i] = 0;
    }
    EC_CHECK(right);
    free(x), free(bias);
}

// Whatever is not finite stays so, for the next layer to refuse.
static void test_not_finite(void) {
    const float bad[] = {NAN, INFINITY};
    for (int i = 0; i < 2; i++) {
        float bias[20] = {0}, x[20] = {0};
        int8_t q[20];
        x[7] = bad[i];
        EC_CHECK(isnan(ec_gelu_row(x, bias, 20, q).scale));
        EC_CHECK(!isfinite(x[7]));
    }
}

int main(void) {
    test_short();
    test_limits(80, 3);
    test_limits(32, 35);
    test_not_finite();
    test_linears(8, 24);
    test_linears(24, 40);
    test_linears(48, 104);
    test_linears(10, 23);
    for (size_t n = 1; n < MAX_WIDTH; n++) {
        test_nonlinear(n, 12);
        test_softmax(n);
        test_layer_norm(n);
        test_limits(n, 2);
        test_quantize_row(n);
    }
    test_nonlinear(MAX_WIDTH, 1000);
    test_odd_rows();
    return ec_test_result();
}
