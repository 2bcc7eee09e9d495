// SPDX-License-Identifier: Apache-2.0
// Loading a bundle: everything is checked before anything is used.
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "bundle.h"
#include "error.h"
#include "json.h"
#include "sha256.h"
#include "xnn.h"

enum { ALIGNMENT = 64 };

// Floats are used as they lie in the file.
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "bundles are little endian");

// What lives only while a bundle is loaded.
typedef struct loading {
    ec_safetensors *file;
    cJSON *config_json, *labels_json, *settings_json;
    ec_bundle_texts texts;
    ec_bundle_config config;
    const char *labels[EC_MAX_LABELS];
    ec_settings settings;
    const ec_tensor *vocabulary;
    size_t vocabulary_index;  // bytes of the index over it
    char *memory;             // the model's, while it is handed out
    size_t used;
    ec_model *model;
    ec_error *error;
} loading;

// ------------------------------------------------------------- header

static ec_status read_metadata(loading *l) {
    const char *format = ec_safetensors_metadata(l->file, "format");
    if (format == NULL || strcmp(format, EC_BUNDLE_FORMAT) != 0) {
        return ec_fail(l->error, EC_ERROR_BUNDLE, "format", 0,
                       "not a model bundle: its format must be " EC_BUNDLE_FORMAT);
    }
    l->texts = (ec_bundle_texts){ec_safetensors_metadata(l->file, "config"),
                                 ec_safetensors_metadata(l->file, "labels"),
                                 ec_safetensors_metadata(l->file, "settings")};
    if (l->texts.config == NULL || l->texts.labels == NULL || l->texts.settings == NULL ||
        ec_safetensors_metadata(l->file, "sha256") == NULL ||
        ec_safetensors_metadata_count(l->file) != 5) {
        return ec_fail(l->error, EC_ERROR_BUNDLE, "metadata", 0,
                       "__metadata__ must hold format, sha256, config, labels and settings");
    }
    EC_RETURN_IF_ERROR(ec_json_parse(l->texts.config, strlen(l->texts.config), "config",
                                     &l->config_json, l->error));
    EC_RETURN_IF_ERROR(ec_json_parse(l->texts.labels, strlen(l->texts.labels), "labels",
                                     &l->labels_json, l->error));
    return ec_json_parse(l->texts.settings, strlen(l->texts.settings), "settings",
                         &l->settings_json, l->error);
}

static ec_status read_config(loading *l) {
    ec_bundle_config *const c = &l->config;
    const struct {
        const char *key;
        uint32_t *value;
    } numbers[] = {
        {"hidden_size", &c->hidden_size},
        {"intermediate_size", &c->intermediate_size},
        {"layers", &c->layers},
        {"attention_heads", &c->attention_heads},
        {"vocabulary_size", &c->vocabulary_size},
        {"max_tokens", &c->max_tokens},
        {"token_types", &c->token_types},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        EC_RETURN_IF_ERROR(ec_json_get_whole(l->config_json, numbers[i].key, 0, EC_VOCAB_MAX,
                                             "config", numbers[i].value, l->error));
    }
    EC_RETURN_IF_ERROR(ec_json_get_number(l->config_json, "layer_norm_epsilon", 0.0, 1.0, "config",
                                          &c->layer_norm_epsilon, l->error));
    const cJSON *lower_case = cJSON_GetObjectItemCaseSensitive(l->config_json, "lower_case");
    if (!cJSON_IsBool(lower_case)) {
        return ec_fail(l->error, EC_ERROR_BUNDLE, "config", 0, "\"lower_case\" must be a boolean");
    }
    c->lower_case = cJSON_IsTrue(lower_case);
    return ec_bundle_check_config(c, "config", l->error);
}

static ec_status read_texts(loading *l) {
    EC_RETURN_IF_ERROR(read_metadata(l));
    EC_RETURN_IF_ERROR(read_config(l));
    EC_RETURN_IF_ERROR(
        ec_bundle_read_labels(l->labels_json, l->labels, &l->config.label_count, l->error));
    return ec_bundle_read_settings(l->settings_json, l->labels, l->config.label_count, &l->settings,
                                   l->error);
}

// ------------------------------------------------------------- tensors

static ec_status refuse_tensor(const loading *l, const ec_tensor_spec *spec, size_t offset,
                               const char *problem) {
    return ec_fail(l->error, EC_ERROR_BUNDLE, "tensor", offset, "tensor %s %s", spec->name,
                   problem);
}

static bool has_shape(const ec_tensor *tensor, const ec_tensor_spec *spec) {
    return tensor->dtype == spec->dtype && tensor->rank == spec->rank &&
           tensor->shape[0] == spec->shape[0] &&
           (spec->rank == 1 || tensor->shape[1] == spec->shape[1]);
}

// The tensors of the file are those of the list, in its order.
static ec_status check_tensors(loading *l) {
    size_t data_size = 0;
    const uint8_t *expected = ec_safetensors_data(l->file, &data_size);
    l->vocabulary = ec_safetensors_find(l->file, "vocabulary");
    l->config.vocabulary_bytes = l->vocabulary != NULL ? l->vocabulary->size : 0;
    size_t count = 0;
    ec_tensor_spec spec;
    for (size_t cursor = 0; ec_bundle_next(&l->config, &cursor, &spec); count++) {
        const ec_tensor *tensor = ec_safetensors_find(l->file, spec.name);
        if (tensor == NULL) {
            return refuse_tensor(l, &spec, 0, "is missing");
        }
        if (!has_shape(tensor, &spec)) {
            return refuse_tensor(l, &spec, tensor->offset, "has a wrong type or shape");
        }
        if (tensor->data != expected) {
            return refuse_tensor(l, &spec, tensor->offset, "is out of its place");
        }
        expected += tensor->size;
    }
    if (count != ec_safetensors_count(l->file)) {
        return ec_fail(l->error, EC_ERROR_BUNDLE, "tensor", 0, "there is an unknown tensor");
    }
    return EC_OK;
}

static ec_status check_digest(loading *l) {
    size_t size = 0;
    const uint8_t *data = ec_safetensors_data(l->file, &size);
    char hex[2 * EC_SHA256_SIZE + 1];
    ec_bundle_digest(data, size, &l->texts, l->model->digest);
    ec_sha256_hex(l->model->digest, hex);
    if (strcmp(hex, ec_safetensors_metadata(l->file, "sha256")) != 0) {
        return ec_fail(l->error, EC_ERROR_DIGEST, "sha256", 0,
                       "the bundle is damaged: its bytes do not match its SHA-256");
    }
    return EC_OK;
}

// Whether all values lie in [-limit, limit]. One maximum, so that it runs at memory speed.
static bool is_within(const uint8_t *values, size_t count, uint8_t limit) {
    uint8_t worst = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t shifted = (uint8_t)(values[i] + limit);
        worst = shifted > worst ? shifted : worst;
    }
    return worst <= 2 * limit;
}

// Whether all floats are finite and, for scales, above 0. Works on their bits.
static bool are_floats_valid(const uint8_t *data, size_t size, bool positive) {
    const uint32_t infinity = 0x7F800000;
    bool valid = true;
    for (size_t i = 0; i < size; i += sizeof(uint32_t)) {
        uint32_t bits;
        memcpy(&bits, data + i, sizeof bits);
        valid &= positive ? bits - 1 < infinity - 1 : (bits & 0x7FFFFFFF) < infinity;
    }
    return valid;
}

static ec_status check_values(const loading *l, const ec_tensor_spec *spec,
                              const ec_tensor *tensor) {
    bool valid = true;
    switch (spec->kind) {
    case EC_TENSOR_FLOAT:
        valid = are_floats_valid(tensor->data, tensor->size, false);
        break;
    case EC_TENSOR_SCALE:
        valid = are_floats_valid(tensor->data, tensor->size, true);
        break;
    case EC_TENSOR_WEIGHT:
        valid = is_within(tensor->data, tensor->size, EC_WEIGHT_MAX);
        break;
    case EC_TENSOR_EMBEDDING:
        valid = is_within(tensor->data, tensor->size, EC_EMBEDDING_MAX);
        break;
    case EC_TENSOR_TEXT:
        break;
    }
    return valid ? EC_OK : refuse_tensor(l, spec, tensor->offset, "holds a value out of range");
}

// ------------------------------------------------------------- owned memory

// Hands out the next aligned piece of the model's memory; while memory is NULL it only counts.
static void *carve(loading *l, size_t size) {
    void *piece = l->memory == NULL ? NULL : l->memory + l->used;
    l->used += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return piece;
}

static const char *carve_string(loading *l, const char *text) {
    const size_t size = strlen(text) + 1;
    char *const copy = carve(l, size);
    if (copy == NULL) {
        return NULL;
    }
    memcpy(copy, text, size);
    return copy;
}

// Stores a pointer to the tensor's values in its slot: int8 where they are, f32 as an aligned copy.
static void place_tensor(loading *l, const ec_tensor_spec *spec, const ec_tensor *tensor) {
    ec_weights *const w = &l->model->weights;
    char *const owner = spec->layer < 0 ? (char *)w : (char *)&w->layers[spec->layer];
    if (spec->dtype == EC_DTYPE_F32) {
        float *const copy = carve(l, tensor->size);
        if (copy != NULL) {
            memcpy(copy, tensor->data, tensor->size);
        }
        const float *const values = copy;
        memcpy(owner + spec->slot, &values, sizeof values);
    } else if (spec->dtype == EC_DTYPE_I8) {
        const int8_t *const values = (const int8_t *)tensor->data;
        memcpy(owner + spec->slot, &values, sizeof values);
    }
}

static void place_strings(loading *l) {
    ec_model *const model = l->model;
    const ec_settings *s = &l->settings;
    const char **const labels = carve(l, l->config.label_count * sizeof *labels);
    for (uint32_t i = 0; i < l->config.label_count; i++) {
        const char *label = carve_string(l, l->labels[i]);
        if (labels != NULL) {
            labels[i] = label;
        }
    }
    model->info.labels = labels;
    model->info.name = carve_string(l, s->name);
    model->info.version = carve_string(l, s->version);
    model->info.metadata = carve_string(l, l->texts.settings);
    model->info.digest = carve_string(l, ec_safetensors_metadata(l->file, "sha256"));
    model->rules = s->rules;
    for (uint32_t i = 0; i < s->rules.count; i++) {
        for (uint32_t k = 0; k < s->rules.items[i].word_count; k++) {
            model->rules.items[i].words[k] = carve_string(l, s->rules.items[i].words[k]);
        }
    }
}

// Places everything owned. Runs twice: to count, then to copy. Returns the vocabulary's memory.
static void *lay_out(loading *l) {
    l->used = 0;
    ec_tensor_spec spec;
    for (size_t cursor = 0; ec_bundle_next(&l->config, &cursor, &spec);) {
        place_tensor(l, &spec, ec_safetensors_find(l->file, spec.name));
    }
    place_strings(l);
    return carve(l, l->vocabulary_index);
}

static ec_status check_all_values(const loading *l) {
    ec_tensor_spec spec;
    for (size_t cursor = 0; ec_bundle_next(&l->config, &cursor, &spec);) {
        EC_RETURN_IF_ERROR(check_values(l, &spec, ec_safetensors_find(l->file, spec.name)));
    }
    return EC_OK;
}

static ec_status build_vocabulary(loading *l, void *memory) {
    const char *text = (const char *)l->vocabulary->data;
    EC_RETURN_IF_ERROR(ec_vocab_init(&l->model->vocab, memory, l->vocabulary_index, text,
                                     l->vocabulary->size, l->config.lower_case, l->error));
    const uint32_t pieces = ec_vocab_count(l->model->vocab);
    if (pieces != l->config.vocabulary_size) {
        return ec_fail(l->error, EC_ERROR_BUNDLE, "vocabulary", 0,
                       "the vocabulary has %u pieces, but config says %u", pieces,
                       l->config.vocabulary_size);
    }
    return EC_OK;
}

// ------------------------------------------------------------- model

static void set_sizes(loading *l) {
    const ec_bundle_config *c = &l->config;
    ec_weights *const w = &l->model->weights;
    const uint32_t h = c->hidden_size;
    w->word.count = c->vocabulary_size;
    w->position.count = c->max_tokens;
    w->token_type.count = c->token_types;
    w->layer_norm_epsilon = (float)c->layer_norm_epsilon;
    w->pooler.input_channels = w->pooler.output_channels = h;
    for (uint32_t i = 0; i < c->layers; i++) {
        ec_layer *const layer = &w->layers[i];
        layer->qkv.input_channels = h;
        layer->qkv.output_channels = 3 * h;
        layer->attention_output.input_channels = layer->attention_output.output_channels = h;
        layer->intermediate.input_channels = layer->output.output_channels = h;
        layer->intermediate.output_channels = layer->output.input_channels = c->intermediate_size;
    }
}

static void set_info(loading *l) {
    const ec_bundle_config *c = &l->config;
    ec_model_info *const info = &l->model->info;
    info->label_count = c->label_count;
    info->default_class_id = l->settings.default_class_id;
    l->model->other_class_id = l->settings.other_class_id;
    info->hidden_size = c->hidden_size;
    info->intermediate_size = c->intermediate_size;
    info->layer_count = c->layers;
    info->attention_heads = c->attention_heads;
    info->vocabulary_size = c->vocabulary_size;
    info->max_tokens = c->max_tokens;
    info->temperature = l->settings.temperature;
    info->review_threshold = l->settings.review_threshold;
}

static ec_status copy_owned(loading *l) {
    l->vocabulary_index = ec_vocab_size((const char *)l->vocabulary->data, l->vocabulary->size);
    if (l->vocabulary_index == 0) {
        return ec_fail(l->error, EC_ERROR_BUNDLE, "vocabulary", 0, "the vocabulary is unusable");
    }
    lay_out(l);
    l->memory = aligned_alloc(ALIGNMENT, l->used);
    if (l->memory == NULL) {
        return ec_fail(l->error, EC_ERROR_NO_MEMORY, "model", 0, "no memory for %zu bytes",
                       l->used);
    }
    l->model->memory = l->memory;
    return build_vocabulary(l, lay_out(l));
}

static ec_status load(loading *l, const void *image, size_t size) {
    l->model = calloc(1, sizeof *l->model);
    if (l->model == NULL) {
        return ec_fail(l->error, EC_ERROR_NO_MEMORY, "model", 0, "no memory for a model");
    }
    EC_RETURN_IF_ERROR(ec_safetensors_open(image, size, "header", &l->file, l->error));
    EC_RETURN_IF_ERROR(read_texts(l));
    EC_RETURN_IF_ERROR(check_tensors(l));
    EC_RETURN_IF_ERROR(check_digest(l));
    EC_RETURN_IF_ERROR(check_all_values(l));
    EC_RETURN_IF_ERROR(copy_owned(l));
    set_sizes(l);
    set_info(l);
    EC_RETURN_IF_ERROR(
        ec_packed_new(&l->model->weights, &l->model->info, &l->model->packed, l->error));
    l->model->info.packed_bytes = ec_packed_bytes(l->model->packed);
    return EC_OK;
}

ec_status ec_model_load(const void *image, size_t size, ec_model **model, ec_error *error) {
    if (image == NULL || model == NULL) {
        return ec_fail(error, EC_ERROR_ARGUMENT, "image", 0, "image and model must not be NULL");
    }
    loading *const l = calloc(1, sizeof *l);
    if (l == NULL) {
        return ec_fail(error, EC_ERROR_NO_MEMORY, "model", 0, "no memory to load a model");
    }
    l->error = error;
    const ec_status status = load(l, image, size);
    if (status == EC_OK) {
        *model = l->model;
    } else {
        ec_model_free(l->model);
    }
    cJSON_Delete(l->config_json);
    cJSON_Delete(l->labels_json);
    cJSON_Delete(l->settings_json);
    ec_safetensors_free(l->file);
    free(l);
    return status;
}

void ec_model_free(ec_model *model) {
    if (model != NULL) {
        ec_packed_free(model->packed);
        free(model->memory);
        free(model);
    }
}

const ec_model_info *ec_model_get_info(const ec_model *model) {
    return model != NULL ? &model->info : &ec_builtin_info;
}
