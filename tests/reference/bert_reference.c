// SPDX-License-Identifier: Apache-2.0
#include "bert_reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float *floats(size_t count) {
    float *x = calloc(count, sizeof *x);
    if (x == NULL) {
        abort();
    }
    return x;
}

// x[count] rounded to the 128 values between min(x, 0) and max(x, 0).
static void round_to_7_bits(float *x, size_t count) {
    float low = 0, high = 0;
    for (size_t i = 0; i < count; i++) {
        low = fminf(low, x[i]);
        high = fmaxf(high, x[i]);
    }
    const float scale = high > low ? (high - low) / 127 : 1;
    const float zero_point = floorf(-low / scale + 0.5f);
    for (size_t i = 0; i < count; i++) {
        const float q = floorf(x[i] / scale + zero_point + 0.5f);
        x[i] = (fminf(fmaxf(q, 0), 127) - zero_point) * scale;
    }
}

// y[rows, outputs] = x[rows, inputs] * transpose(weight) + bias
static void linear(const ref_linear *l, const float *x, size_t rows, bool quantize, float *y) {
    float *input = floats(l->inputs);
    for (size_t row = 0; row < rows; row++) {
        memcpy(input, x + row * l->inputs, l->inputs * sizeof *input);
        if (quantize) {
            round_to_7_bits(input, l->inputs);
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

// Rounds to 12 significant bits, as the core does with what it multiplies in attention.
static float to_short(float x) {
    int exponent;
    const float fraction = frexpf(x, &exponent);
    return ldexpf(roundf(ldexpf(fraction, 12)), exponent - 12);
}

// x[rows, stride], the first `size` of each row: times factor, and short when asked for.
static void prepare_head(float *x, size_t rows, size_t stride, size_t size, float factor,
                         bool quantize) {
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < size; i++) {
            const float value = x[row * stride + i] * factor;
            x[row * stride + i] = quantize ? to_short(value) : value;
        }
    }
}

// context[rows, hidden] of one head: softmax(q k^T / sqrt(size)) v
static void attend_head(float *q, float *k, float *v, size_t rows, size_t hidden, size_t size,
                        bool quantize, float *context) {
    double *p = calloc(rows, sizeof *p);
    prepare_head(q, rows, hidden, size, 1.0f / sqrtf((float)size), quantize);
    prepare_head(k, rows, hidden, size, 1.0f, quantize);
    prepare_head(v, rows, hidden, size, 1.0f, quantize);
    for (size_t i = 0; i < rows; i++) {
        double highest = -INFINITY, total = 0;
        for (size_t j = 0; j < rows; j++) {
            p[j] = 0;
            for (size_t d = 0; d < size; d++) {
                p[j] += (double)q[i * hidden + d] * k[j * hidden + d];
            }
            highest = fmax(highest, p[j]);
        }
        for (size_t j = 0; j < rows; j++) {
            p[j] = exp(p[j] - highest);
            total += p[j];
        }
        for (size_t d = 0; d < size; d++) {
            double sum = 0;
            for (size_t j = 0; j < rows; j++) {
                const double share = p[j] / total;
                sum += (quantize ? to_short((float)share) : share) * v[j * hidden + d];
            }
            context[i * hidden + d] = (float)sum;
        }
    }
    free(p);
}

static void run_layer(const ref_model *m, const ref_layer *layer, float *x, size_t rows,
                      bool quantize) {
    const size_t h = m->hidden_size;
    const size_t size = h / m->heads;
    float *q = floats(rows * h), *k = floats(rows * h), *v = floats(rows * h);
    float *y = floats(rows * h), *wide = floats(rows * m->intermediate_size);
    linear(&layer->query, x, rows, quantize, q);
    linear(&layer->key, x, rows, quantize, k);
    linear(&layer->value, x, rows, quantize, v);
    float *context = floats(rows * h);
    for (size_t head = 0; head < m->heads; head++) {
        const size_t at = head * size;
        attend_head(q + at, k + at, v + at, rows, h, size, quantize, context + at);
    }
    linear(&layer->attention_output, context, rows, quantize, y);
    add_norm(x, y, &layer->attention_norm, rows, h, m->epsilon);
    linear(&layer->intermediate, x, rows, quantize, wide);
    for (size_t i = 0; i < rows * m->intermediate_size; i++) {
        wide[i] = (float)(0.5 * wide[i] * (1 + erf(wide[i] / sqrt(2))));
    }
    linear(&layer->output, wide, rows, quantize, y);
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
