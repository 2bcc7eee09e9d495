// SPDX-License-Identifier: Apache-2.0
// What a model bundle holds (models/FORMAT.md): limits, the list of tensors in file order, settings
// and digest. Shared by the loader and the converter, so that they cannot differ.
#ifndef EC_BUNDLE_H
#define EC_BUNDLE_H

#include <cJSON.h>

#include "model.h"
#include "safetensors.h"

#define EC_BUNDLE_FORMAT "email-classifier/1"

enum {
    EC_BUNDLE_ALIGNMENT = 64,  // of the tensor data in the file
    EC_HIDDEN_MAX = 8192,      // hidden_size and intermediate_size, multiples of 8
    EC_HEAD_SIZE_MAX = 256,
    EC_TOKENS_MAX = 4096,  // max_tokens; from EC_WINDOW_TOKENS_MIN
    EC_TOKEN_TYPES_MAX = 2,
    EC_NAME_MAX = 64,       // bytes of a label, name, version or rule's word
    EC_EMBEDDING_MAX = 127  // largest int8 value of an embedding
};

// The `config` of a bundle and the counts its tensors depend on.
typedef struct ec_bundle_config {
    uint32_t hidden_size, intermediate_size, layers, attention_heads;
    uint32_t vocabulary_size, max_tokens, token_types;
    double layer_norm_epsilon;
    bool lower_case;
    uint32_t label_count;
    uint64_t vocabulary_bytes;
} ec_bundle_config;

// Whether this library can run such a network. Errors: UNSUPPORTED, naming the key.
ec_status ec_bundle_check_config(const ec_bundle_config *config, const char *field,
                                 ec_error *error);

// ---------------------------------------------------------------------------- tensors

typedef enum ec_tensor_kind {
    EC_TENSOR_FLOAT = 0,  // F32, finite
    EC_TENSOR_SCALE,      // F32, finite, above 0
    EC_TENSOR_WEIGHT,     // I8 in [-EC_WEIGHT_MAX, EC_WEIGHT_MAX]
    EC_TENSOR_EMBEDDING,  // I8 in [-EC_EMBEDDING_MAX, EC_EMBEDDING_MAX]
    EC_TENSOR_TEXT        // U8
} ec_tensor_kind;

// One tensor as a bundle must hold it.
typedef struct ec_tensor_spec {
    char name[48];
    const char *part;  // its name without "layer.i.", static storage
    int layer;         // -1 outside the layers
    ec_tensor_kind kind;
    ec_dtype dtype;
    uint32_t rank;      // 1 or 2
    uint64_t shape[2];  // [rank]
    uint64_t size;      // bytes
    size_t slot;        // place of its pointer in ec_layer, or in ec_weights outside the layers
} ec_tensor_spec;

// Gives the tensors of a bundle one by one in the order of its data; *cursor starts at 0.
// False at the end.
bool ec_bundle_next(const ec_bundle_config *config, size_t *cursor, ec_tensor_spec *spec);

// ---------------------------------------------------------------------------- JSON parts

// Reads labels[] (1 to EC_MAX_LABELS distinct, non-empty, without control characters); strings
// belong to the array. Errors: BUNDLE.
ec_status ec_bundle_read_labels(const cJSON *array, const char *labels[EC_MAX_LABELS],
                                uint32_t *count, ec_error *error);

// The settings the library acts on; strings belong to the JSON object.
typedef struct ec_settings {
    const char *name;
    const char *version;
    uint32_t default_class_id;
    uint32_t other_class_id;  // default_class_id if named, label count if not: see windows.h
    float temperature;
    float review_threshold;
    ec_rules rules;
} ec_settings;

// Reads and checks settings; every member but default_label must be there. Errors: BUNDLE.
ec_status ec_bundle_read_settings(const cJSON *object, const char *const *labels, uint32_t count,
                                  ec_settings *settings, ec_error *error);

// ---------------------------------------------------------------------------- digest

// The strings of __metadata__ that the digest covers besides the tensor data.
typedef struct ec_bundle_texts {
    const char *config, *labels, *settings;
} ec_bundle_texts;

// SHA-256 of the tensor data, then config, labels and settings, each ended by one zero byte.
void ec_bundle_digest(const uint8_t *data, size_t size, const ec_bundle_texts *texts,
                      uint8_t digest[32]);

#endif
