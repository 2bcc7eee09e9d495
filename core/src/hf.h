// SPDX-License-Identifier: Apache-2.0
// Hugging Face's BertForSequenceClassification as the converter reads it: config.json and
// model.safetensors, every tensor's presence, shape and values checked.
#ifndef EC_HF_H
#define EC_HF_H

#include "bundle.h"

typedef struct ec_hf {
    cJSON *json;    // config.json
    cJSON *labels;  // array, index is the class_id
    ec_safetensors *weights;
    ec_bundle_config config;  // vocabulary_size and token_types: the checkpoint's rows
    const char *prefix;       // of tensor names, "bert." or ""
} ec_hf;

// Reads both files, borrowed until ec_hf_close, into *hf, which starts zeroed and needs closing on
// failure too. Errors: NO_MEMORY, BUNDLE, UNSUPPORTED.
ec_status ec_hf_open(const ec_convert_input *input, ec_hf *hf, ec_error *error);
void ec_hf_close(ec_hf *hf);

// Whether the checkpoint holds all tensors of the bundle, with hf->config's shapes and finite
// values, and no others. Errors: NO_MEMORY, BUNDLE, UNSUPPORTED.
ec_status ec_hf_check_tensors(const ec_hf *hf, ec_error *error);

// The float tensors that make up one of a bundle's; a scale is made from its weight.
typedef struct ec_hf_source {
    const ec_tensor *parts[3];  // [count], one below the other
    uint32_t count;
    uint64_t part_rows;  // rows of each
    uint64_t columns;    // 1 for vectors
} ec_hf_source;

// Finds the tensors of this spec; its count is 0 when one is missing.
ec_hf_source ec_hf_find(const ec_hf *hf, const ec_tensor_spec *spec);

// Row `row` of the source, widened to float, into out[columns].
void ec_hf_read_row(const ec_hf_source *source, uint64_t row, float *out);

#endif
