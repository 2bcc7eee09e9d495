// SPDX-License-Identifier: Apache-2.0
#include "hf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "json.h"

// ------------------------------------------------------------- config.json

// A member that must be absent, null, or this string.
static ec_status require_text(const cJSON *json, const char *key, const char *wanted,
                              ec_error *error) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    if (item == NULL || cJSON_IsNull(item) ||
        (cJSON_IsString(item) && strcmp(item->valuestring, wanted) == 0)) {
        return EC_OK;
    }
    return ec_fail(error, EC_ERROR_UNSUPPORTED, "config", 0, "\"%s\" must be \"%s\"", key, wanted);
}

static ec_status check_kind(const cJSON *json, ec_error *error) {
    if (ec_json_string(json, "model_type") == NULL) {
        return ec_fail(error, EC_ERROR_BUNDLE, "config", 0, "config.json has no model_type");
    }
    EC_RETURN_IF_ERROR(require_text(json, "model_type", "bert", error));
    EC_RETURN_IF_ERROR(require_text(json, "hidden_act", "gelu", error));
    EC_RETURN_IF_ERROR(require_text(json, "position_embedding_type", "absolute", error));
    EC_RETURN_IF_ERROR(require_text(json, "problem_type", "single_label_classification", error));
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "is_decoder"))) {
        return ec_fail(error, EC_ERROR_UNSUPPORTED, "config", 0, "a decoder cannot classify");
    }
    return EC_OK;
}

static ec_status read_config(ec_hf *hf, ec_error *error) {
    ec_bundle_config *const c = &hf->config;
    const struct {
        const char *key;
        uint32_t *value;
    } numbers[] = {
        {"hidden_size", &c->hidden_size},     {"intermediate_size", &c->intermediate_size},
        {"num_hidden_layers", &c->layers},    {"num_attention_heads", &c->attention_heads},
        {"vocab_size", &c->vocabulary_size},  {"max_position_embeddings", &c->max_tokens},
        {"type_vocab_size", &c->token_types},
    };
    EC_RETURN_IF_ERROR(check_kind(hf->json, error));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        EC_RETURN_IF_ERROR(ec_json_get_whole(hf->json, numbers[i].key, 0, EC_VOCAB_MAX, "config",
                                             numbers[i].value, error));
    }
    c->layer_norm_epsilon = 1e-12;
    if (cJSON_GetObjectItemCaseSensitive(hf->json, "layer_norm_eps") != NULL) {
        EC_RETURN_IF_ERROR(ec_json_get_number(hf->json, "layer_norm_eps", 0.0, 1.0, "config",
                                              &c->layer_norm_epsilon, error));
    }
    const cJSON *lower_case = cJSON_GetObjectItemCaseSensitive(hf->json, "do_lower_case");
    if (lower_case != NULL && !cJSON_IsBool(lower_case)) {
        return ec_fail(error, EC_ERROR_BUNDLE, "config", 0, "\"do_lower_case\" must be a boolean");
    }
    c->lower_case = lower_case == NULL || cJSON_IsTrue(lower_case);
    ec_bundle_config possible = *c;  // further token types are left out
    if (c->token_types > EC_TOKEN_TYPES_MAX) {
        possible.token_types = EC_TOKEN_TYPES_MAX;
    }
    return ec_bundle_check_config(&possible, "config", error);
}

// id2label maps "0", "1", ... to labels, in any order.
static ec_status read_labels(ec_hf *hf, ec_error *error) {
    const cJSON *map = cJSON_GetObjectItemCaseSensitive(hf->json, "id2label");
    const int count = cJSON_IsObject(map) ? cJSON_GetArraySize(map) : 0;
    hf->labels = cJSON_CreateArray();
    for (int i = 0; hf->labels != NULL && i < count && i <= EC_MAX_LABELS; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        const char *label = ec_json_string(map, key);
        if (label == NULL) {
            return ec_fail(error, EC_ERROR_BUNDLE, "config", 0, "id2label has no \"%d\"", i);
        }
        cJSON *const copy = cJSON_CreateString(label);
        if (!cJSON_AddItemToArray(hf->labels, copy)) {
            cJSON_Delete(copy);
            cJSON_Delete(hf->labels);
            hf->labels = NULL;
        }
    }
    if (hf->labels == NULL) {
        return ec_fail(error, EC_ERROR_NO_MEMORY, "labels", 0, "no memory for labels");
    }
    const char *labels[EC_MAX_LABELS];
    return ec_bundle_read_labels(hf->labels, labels, &hf->config.label_count, error);
}

ec_status ec_hf_open(const ec_convert_input *input, ec_hf *hf, ec_error *error) {
    EC_RETURN_IF_ERROR(
        ec_json_parse(input->config, input->config_length, "config", &hf->json, error));
    EC_RETURN_IF_ERROR(read_config(hf, error));
    EC_RETURN_IF_ERROR(read_labels(hf, error));
    EC_RETURN_IF_ERROR(
        ec_safetensors_open(input->weights, input->weights_length, "weights", &hf->weights, error));
    const char *word = "bert.embeddings.word_embeddings.weight";
    hf->prefix = ec_safetensors_find(hf->weights, word) != NULL ? "bert." : "";
    return EC_OK;
}

void ec_hf_close(ec_hf *hf) {
    cJSON_Delete(hf->json);
    cJSON_Delete(hf->labels);
    ec_safetensors_free(hf->weights);
}

// ------------------------------------------------------------- tensor names

typedef struct module {
    const char *part;        // how a bundle calls it
    const char *sources[3];  // how Hugging Face does
} module;

static const module modules[] = {
    {"embeddings.word", {"embeddings.word_embeddings"}},
    {"embeddings.position", {"embeddings.position_embeddings"}},
    {"embeddings.token_type", {"embeddings.token_type_embeddings"}},
    {"embeddings.norm", {"embeddings.LayerNorm"}},
    {"qkv", {"attention.self.query", "attention.self.key", "attention.self.value"}},
    {"attention_output", {"attention.output.dense"}},
    {"attention_norm", {"attention.output.LayerNorm"}},
    {"intermediate", {"intermediate.dense"}},
    {"output", {"output.dense"}},
    {"output_norm", {"output.LayerNorm"}},
    {"pooler", {"pooler.dense"}},
    {"classifier", {"classifier"}},
};

// Suffixes of a bundle's tensor, of Hugging Face's, and of old checkpoints.
static const char *const suffixes[][3] = {
    {"", ".weight", ".weight"},        {".scale", ".weight", ".weight"},
    {".weight", ".weight", ".weight"}, {".bias", ".bias", ".bias"},
    {".gamma", ".weight", ".gamma"},   {".beta", ".bias", ".beta"},
};

// Which suffix turns the module's name into this part, or -1.
static int match_suffix(const char *part, const char *name) {
    const size_t length = strlen(name);
    if (strncmp(part, name, length) == 0) {
        for (int i = 0; i < (int)(sizeof suffixes / sizeof *suffixes); i++) {
            if (strcmp(part + length, suffixes[i][0]) == 0) {
                return i;
            }
        }
    }
    return -1;
}

static const ec_tensor *find_one(const ec_hf *hf, int layer, const char *source,
                                 const char *suffix) {
    char name[128];
    if (layer >= 0) {
        snprintf(name, sizeof name, "%sencoder.layer.%d.%s%s", hf->prefix, layer, source, suffix);
    } else {
        const bool head = strcmp(source, "classifier") == 0;
        snprintf(name, sizeof name, "%s%s%s", head ? "" : hf->prefix, source, suffix);
    }
    return ec_safetensors_find(hf->weights, name);
}

ec_hf_source ec_hf_find(const ec_hf *hf, const ec_tensor_spec *spec) {
    ec_hf_source found = {.columns = 1};
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        const module *m = &modules[i];
        const int suffix = match_suffix(spec->part, m->part);
        for (size_t k = 0; suffix >= 0 && k < 3 && m->sources[k] != NULL; k++) {
            const ec_tensor *tensor = find_one(hf, spec->layer, m->sources[k], suffixes[suffix][1]);
            if (tensor == NULL) {
                tensor = find_one(hf, spec->layer, m->sources[k], suffixes[suffix][2]);
            }
            if (tensor == NULL) {
                return (ec_hf_source){0};
            }
            found.parts[found.count++] = tensor;
            found.part_rows = tensor->shape[0];
            found.columns = tensor->rank < 2 ? 1 : tensor->shape[1];
        }
    }
    return found;
}

// ------------------------------------------------------------- tensor values

static uint32_t load_little_endian(const uint8_t *p, size_t size) {
    uint32_t value = 0;
    for (size_t i = size; i > 0; i--) {
        value = value << 8 | p[i - 1];
    }
    return value;
}

// Bits of the float that equals this IEEE half.
static uint32_t widen_half(uint32_t half) {
    const uint32_t sign = (half & 0x8000) << 16;
    uint32_t exponent = half >> 10 & 31;
    uint32_t mantissa = half & 0x3FF;
    if (exponent == 31) {
        return sign | 0x7F800000 | mantissa << 13;
    }
    if (exponent == 0) {
        if (mantissa == 0) {
            return sign;
        }
        for (exponent = 1; (mantissa & 0x400) == 0; exponent--) {
            mantissa <<= 1;
        }
        mantissa &= 0x3FF;
    }
    return sign | (exponent + 112) << 23 | mantissa << 13;
}

void ec_hf_read_row(const ec_hf_source *source, uint64_t row, float *out) {
    const ec_tensor *tensor = source->parts[row / source->part_rows];
    const size_t width = tensor->dtype == EC_DTYPE_F32 ? 4 : 2;
    const uint8_t *in = tensor->data + row % source->part_rows * source->columns * width;
    for (size_t i = 0; i < source->columns; i++, in += width) {
        const uint32_t raw = load_little_endian(in, width);
        const uint32_t bits = tensor->dtype == EC_DTYPE_F32   ? raw
                              : tensor->dtype == EC_DTYPE_F16 ? widen_half(raw)
                                                              : raw << 16;
        memcpy(out + i, &bits, sizeof bits);
    }
}

static bool is_finite_tensor(const ec_tensor *tensor) {
    const size_t width = tensor->dtype == EC_DTYPE_F32 ? 4 : 2;
    const uint32_t exponent = tensor->dtype == EC_DTYPE_F32   ? 0x7F800000
                              : tensor->dtype == EC_DTYPE_F16 ? 0x7C00
                                                              : 0x7F80;
    bool finite = true;
    for (size_t i = 0; i < tensor->size; i += width) {
        finite &= (load_little_endian(tensor->data + i, width) & exponent) != exponent;
    }
    return finite;
}

// ------------------------------------------------------------- all tensors

static ec_status check_part(const ec_tensor *tensor, const ec_tensor_spec *spec, uint32_t parts,
                            ec_error *error) {
    char shown[48];
    ec_safetensors_show_name(tensor->name, shown);
    if (tensor->rank != spec->rank || tensor->shape[0] != spec->shape[0] / parts ||
        (spec->rank == 2 && tensor->shape[1] != spec->shape[1])) {
        return ec_fail(error, EC_ERROR_BUNDLE, "weights", tensor->offset,
                       "tensor %s has another shape than config.json says", shown);
    }
    if (tensor->dtype != EC_DTYPE_F32 && tensor->dtype != EC_DTYPE_F16 &&
        tensor->dtype != EC_DTYPE_BF16) {
        return ec_fail(error, EC_ERROR_UNSUPPORTED, "weights", tensor->offset,
                       "tensor %s must be F32, F16 or BF16", shown);
    }
    if (!is_finite_tensor(tensor)) {
        return ec_fail(error, EC_ERROR_BUNDLE, "weights", tensor->offset,
                       "tensor %s holds a number that is not finite", shown);
    }
    return EC_OK;
}

// Counters that old checkpoints carry along; they say nothing about the model.
static bool is_ignored(const char *name) {
    const char *const known = "embeddings.position_ids";
    const size_t length = strlen(name);
    const size_t wanted = strlen(known);
    return length >= wanted && strcmp(name + length - wanted, known) == 0;
}

static ec_status check_specs(const ec_hf *hf, bool *used, ec_error *error) {
    const ec_tensor *first = ec_safetensors_at(hf->weights, 0);
    ec_tensor_spec spec;
    for (size_t cursor = 0; ec_bundle_next(&hf->config, &cursor, &spec);) {
        if (spec.kind == EC_TENSOR_TEXT || spec.kind == EC_TENSOR_SCALE) {
            continue;
        }
        const ec_hf_source source = ec_hf_find(hf, &spec);
        if (source.count == 0) {
            return ec_fail(error, EC_ERROR_BUNDLE, "weights", 0,
                           "the tensor that becomes %s is missing", spec.name);
        }
        for (uint32_t i = 0; i < source.count; i++) {
            EC_RETURN_IF_ERROR(check_part(source.parts[i], &spec, source.count, error));
            used[source.parts[i] - first] = true;
        }
    }
    return EC_OK;
}

ec_status ec_hf_check_tensors(const ec_hf *hf, ec_error *error) {
    const size_t count = ec_safetensors_count(hf->weights);
    bool *const used = calloc(count + 1, sizeof *used);
    if (used == NULL) {
        return ec_fail(error, EC_ERROR_NO_MEMORY, "weights", 0, "no memory for %zu tensors", count);
    }
    ec_status status = check_specs(hf, used, error);
    for (size_t i = 0; i < count && status == EC_OK; i++) {
        const ec_tensor *tensor = ec_safetensors_at(hf->weights, i);
        if (!used[i] && !is_ignored(tensor->name)) {
            char shown[48];
            ec_safetensors_show_name(tensor->name, shown);
            status = ec_fail(error, EC_ERROR_UNSUPPORTED, "weights", tensor->offset,
                             "tensor %s has no place in a BERT classifier", shown);
        }
    }
    free(used);
    return status;
}
