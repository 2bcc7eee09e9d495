// SPDX-License-Identifier: Apache-2.0
// A slow, obvious float BERT to compare the core with. One sequence, no batching, no tricks.
#ifndef BERT_REFERENCE_H
#define BERT_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ref_linear {
    float *weight;  // [outputs, inputs]
    float *bias;    // [outputs]
    size_t inputs, outputs;
} ref_linear;

typedef struct ref_norm {
    float *gamma, *beta;  // [hidden_size]
} ref_norm;

typedef struct ref_layer {
    ref_linear query, key, value, attention_output, intermediate, output;
    ref_norm attention_norm, output_norm;
} ref_layer;

typedef struct ref_model {
    size_t hidden_size, intermediate_size, heads, layer_count, label_count;
    float epsilon;
    float *word, *position, *token_type;  // [rows, hidden_size] each
    ref_norm embedding_norm;
    ref_layer *layers;
    ref_linear pooler, classifier;
} ref_model;

// Logits [label_count] of ids[count] with token types[count]. With `quantize`, the input of every
// linear layer but the classifier is first rounded to 7 bits, and what attention multiplies to
// whole numbers, as the core does; GELU is the core's.
void ref_forward(const ref_model *model, const uint32_t *ids, const uint8_t *types, size_t count,
                 bool quantize, float *logits);

#endif
