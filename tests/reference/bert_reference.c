// SPDX-License-Identifier: Apache-2.0
#include "bert_reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops.h"

// Of the core's attention: what sums stay below, and how finely softmax divides.
static const float ATTENTION_SUM = 16777216.0f, ATTENTION_SHARES = 4096.0f;

// The core takes this for the least value of each row after GELU.
static const float GELU_LEAST = -0.1702f;

static float *floats(size_t count) {
    float *x = calloc(count, sizeof *x);
    if (x == NULL) {
        abort();
    }
    return x;
}

// x[count] rounded to the 128 values between its least and its most, or, when `least` is below
// zero, between that and the largest size.
static void round_to_7_bits(float *x, size_t count, float least) {
    float low = least, high = 0;
    for (size_t i = 0; i < count; i++) {
        low = fminf(low, x[i]);
        high = fmaxf(high, least < 0 ? fabsf(x[i]) : x[i]);
    }
    const float scale = high > low ? (high - low) / 126.99f : 1;
    const float zero_point = floorf(-low / scale + 0.5f);
    for (size_t i = 0; i < count; i++) {
        const float q = floorf(x[i] / scale + zero_point + 0.5f);
        x[i] = (fminf(fmaxf(q, 0), 127) - zero_point) * scale;
    }
}

// y[rows, outputs] = x[rows, inputs] * transpose(weight) + bias
static void linear_from(const ref_linear *l, const float *x, size_t rows, bool quantize,
                        float least, float *y) {
    float *input = floats(l->inputs);
    for (size_t row = 0; row < rows; row++) {
        memcpy(input, x + row * l->inputs, l->inputs * sizeof *input);
        if (quantize) {
            round_to_7_bits(input, l->inputs, least);
        }
        for (size_t o = 0; o < l->outputs; o++) {
            double sum = l->bias[o];
            for (size_t i = 0; i < l->inputs; i++) {
                sum += (double)input[i] * l->weight[o * l->inputs + i];
            }
            y[row * l->outputs + o] = (float)sum;
        }
    }
    free(input);
}

static void linear(const ref_linear *l, const float *x, size_t rows, bool quantize, float *y) {
    linear_from(l, x, rows, quantize, 0, y);
}

// x[rows, n] += y, then LayerNorm; y may be NULL
static void add_norm(float *x, const float *y, const ref_norm *norm, size_t rows, size_t n,
                     float epsilon) {
    for (size_t row = 0; row < rows; row++, x += n) {
        double mean = 0, variance = 0;
        for (size_t i = 0; i < n; i++) {
            x[i] += y == NULL ? 0 : y[row * n + i];
            mean += x[i];
        }
        mean /= (double)n;
        for (size_t i = 0; i < n; i++) {
            variance += (x[i] - mean) * (x[i] - mean);
        }
        const double deviation = sqrt(variance / (double)n + epsilon);
        for (size_t i = 0; i < n; i++) {
            x[i] = (float)((x[i] - mean) / deviation * norm->gamma[i] + norm->beta[i]);
        }
    }
}

// x[rows, stride], the first `size` of each row, rounded to multiples of the largest / most.
static void round_block(float *x, size_t rows, size_t stride, size_t size, float most) {
    float largest = 0;
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < size; i++) {
            largest = fmaxf(largest, fabsf(x[row * stride + i]));
        }
    }
    const float scale = largest / most, inverse = most / largest;
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < size; i++) {
            x[row * stride + i] = rintf(x[row * stride + i] * inverse) * scale;
        }
    }
}

// Rounds a head's operands as the core does.
static void round_head(float *q, float *k, float *v, size_t rows, size_t stride, size_t size) {
    const float most = floorf(sqrtf(ATTENTION_SUM / (float)size));
    round_block(q, rows, stride, size, most);
    round_block(k, rows, stride, size, most);
    round_block(v, rows, stride, size,
                floorf(ATTENTION_SUM / (ATTENTION_SHARES + floorf((float)rows / 2) + 1)));
}

// exp(x) as the core's softmax has it: to 1e-4, which decides some roundings to shares.
static double rough_exp(double x) {
    const double power = x * 1.4426950408889634, whole = rint(power), r = power - whole;
    return ldexp(((0.05500892922 * r + 0.2422109544) * r + 0.6932829022) * r + 1, (int)whole);
}

// p[rows] = softmax(p), rounded as the core does when asked for.
static void softmax(double *p, size_t rows, bool quantize) {
    double highest = -INFINITY, total = 0, rounded = 0;
    for (size_t j = 0; j < rows; j++) {
        highest = fmax(highest, p[j]);
    }
    for (size_t j = 0; j < rows; j++) {
        p[j] = quantize ? rough_exp(p[j] - highest) : exp(p[j] - highest);
        total += p[j];
    }
    for (size_t j = 0; j < rows; j++) {
        p[j] = quantize ? rint(p[j] / total * (double)ATTENTION_SHARES) : p[j];
        rounded += p[j];
    }
    for (size_t j = 0; j < rows; j++) {
        p[j] /= rounded;
    }
}

// context[rows, hidden] of one head: softmax(q k^T / sqrt(size)) v
static void attend_head(float *q, float *k, float *v, size_t rows, size_t hidden, size_t size,
                        bool quantize, float *context) {
    double *p = calloc(rows, sizeof *p);
    if (quantize) {
        round_head(q, k, v, rows, hidden, size);
    }
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < rows; j++) {
            p[j] = 0;
            for (size_t d = 0; d < size; d++) {
                p[j] += (double)q[i * hidden + d] * k[j * hidden + d] / sqrt((double)size);
            }
        }
        softmax(p, rows, quantize);
        for (size_t d = 0; d < size; d++) {
            double sum = 0;
            for (size_t j = 0; j < rows; j++) {
                sum += p[j] * v[j * hidden + d];
            }
            context[i * hidden + d] = (float)sum;
        }
    }
    free(p);
}

// The exact GELU, or the core's: those differ by 1.5e-4, which decides some roundings to 7 bits.
static void gelu(float *x, size_t n, bool quantize) {
    const float zero = 0;
    int8_t unused;
    for (size_t i = 0; i < n; i++) {
        if (quantize) {
            ec_gelu_row(&x[i], &zero, 1, &unused);
        } else {
            x[i] = (float)(0.5 * x[i] * (1 + erf(x[i] / sqrt(2))));
        }
    }
}

// The core makes no keys and values in the last layer: it attends to what they are made of, in
// floats.
static void run_layer(const ref_model *m, const ref_layer *layer, float *x, size_t rows,
                      bool quantize) {
    const bool last = layer == &m->layers[m->layer_count - 1];
    const size_t h = m->hidden_size;
    const size_t size = h / m->heads;
    float *q = floats(rows * h), *k = floats(rows * h), *v = floats(rows * h);
    float *y = floats(rows * h), *wide = floats(rows * m->intermediate_size);
    linear(&layer->query, x, rows, quantize, q);
    linear(&layer->key, x, rows, quantize && !last, k);
    linear(&layer->value, x, rows, quantize && !last, v);
    float *context = floats(rows * h);
    for (size_t head = 0; head < m->heads; head++) {
        const size_t at = head * size;
        attend_head(q + at, k + at, v + at, rows, h, size, quantize && !last, context + at);
    }
    linear(&layer->attention_output, context, rows, quantize, y);
    add_norm(x, y, &layer->attention_norm, rows, h, m->epsilon);
    linear(&layer->intermediate, x, rows, quantize, wide);
    gelu(wide, rows * m->intermediate_size, quantize);
    linear_from(&layer->output, wide, rows, quantize, GELU_LEAST, y);
    add_norm(x, y, &layer->output_norm, rows, h, m->epsilon);
    free(q), free(k), free(v), free(y), free(wide), free(context);
}

void ref_forward(const ref_model *m, const uint32_t *ids, const uint8_t *types, size_t count,
                 bool quantize, float *logits) {
    const size_t h = m->hidden_size;
    float *x = floats(count * h), *pooled = floats(h);
    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; i < h; i++) {
            x[t * h + i] =
                m->word[ids[t] * h + i] + m->position[t * h + i] + m->token_type[types[t] * h + i];
        }
    }
    add_norm(x, NULL, &m->embedding_norm, count, h, m->epsilon);
    for (size_t i = 0; i < m->layer_count; i++) {
        run_layer(m, &m->layers[i], x, count, quantize);
    }
    linear(&m->pooler, x, 1, quantize, pooled);
    for (size_t i = 0; i < h; i++) {
        pooled[i] = tanhf(pooled[i]);
    }
    linear(&m->classifier, pooled, 1, false, logits);
    free(x), free(pooled);
}
