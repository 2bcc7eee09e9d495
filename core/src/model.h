// SPDX-License-Identifier: Apache-2.0
// What a loaded model holds. Shapes are [rows, columns], row by row.
//
// Int8 data stays in the image it was loaded from; f32 data is copied into the model, because the
// image needs no alignment.
#ifndef EC_MODEL_H
#define EC_MODEL_H

#include "email_classifier.h"
#include "tokenizer.h"

// Weights are quantized symmetrically, one scale per output channel, to [-EC_WEIGHT_MAX,
// EC_WEIGHT_MAX]; activations asymmetrically, one scale and zero point per row, to
// [0, EC_ACTIVATION_MAX]. Both take 7 bits, so that four products always fit 16 bits: the integer
// arithmetic is then exact in every instruction set, saturating ones included, and every host
// computes the same sums.
enum {
    EC_WEIGHT_MAX = 63,
    EC_ACTIVATION_MAX = 127,
    EC_MAX_LAYERS = 48,
    EC_MAX_RULES = 64,
    EC_MAX_RULE_WORDS = 32
};

// y = x * transpose(weight * scale) + bias.
typedef struct ec_linear {
    const int8_t *weight;  // [output_channels, input_channels]
    const float *scale;    // [output_channels]
    const float *bias;     // [output_channels]
    uint32_t input_channels;
    uint32_t output_channels;
} ec_linear;

typedef struct ec_layer_norm {
    const float *gamma;  // [hidden_size]
    const float *beta;   // [hidden_size]
} ec_layer_norm;

typedef struct ec_embedding {
    const int8_t *rows;  // [count, hidden_size], full int8 range
    const float *scale;  // [count]
    uint32_t count;
} ec_embedding;

typedef struct ec_layer {
    ec_linear qkv;               // hidden_size -> 3 * hidden_size: query, key, value
    ec_linear attention_output;  // hidden_size -> hidden_size
    ec_layer_norm attention_norm;
    ec_linear intermediate;  // hidden_size -> intermediate_size
    ec_linear output;        // intermediate_size -> hidden_size
    ec_layer_norm output_norm;
} ec_layer;

typedef struct ec_weights {
    ec_embedding word;        // [vocabulary_size, hidden_size]
    ec_embedding position;    // [max_tokens, hidden_size]
    ec_embedding token_type;  // [1 or 2, hidden_size]
    ec_layer_norm embedding_norm;
    ec_layer layers[EC_MAX_LAYERS];
    ec_linear pooler;                // hidden_size -> hidden_size, then tanh
    const float *classifier_weight;  // [label_count, hidden_size]
    const float *classifier_bias;    // [label_count]
    float layer_norm_epsilon;
} ec_weights;

// A rule fires when any of its words stands as a whole word in subject or message.
typedef struct ec_rule {
    uint32_t class_id;
    float confidence;  // its measured precision
    uint32_t word_count;
    const char *words[EC_MAX_RULE_WORDS];  // lower case, NUL-terminated
} ec_rule;

typedef struct ec_rules {
    uint32_t count;
    ec_rule items[EC_MAX_RULES];  // in order of precedence
} ec_rules;

// Rules and labels answered with when there is no model.
extern const ec_rules ec_builtin_rules;
extern const ec_model_info ec_builtin_info;

typedef struct ec_packed ec_packed;  // weights packed for this processor, see xnn.h

struct ec_model {
    ec_model_info info;
    uint32_t other_class_id;  // the label that means none of the others, or info.label_count
    ec_weights weights;
    ec_rules rules;
    uint8_t digest[32];
    ec_vocab *vocab;
    ec_packed *packed;
    void *memory;  // everything above that is owned: f32 tensors, strings, vocabulary index
};

#endif
