// SPDX-License-Identifier: Apache-2.0
#include "bundle.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "json.h"
#include "sha256.h"
#include "windows.h"

// ------------------------------------------------------------- limits

static ec_status unsupported(const char *field, const char *problem, ec_error *error) {
    return ec_fail(error, EC_ERROR_UNSUPPORTED, field, 0, "%s", problem);
}

static bool is_width(uint32_t size) { return size >= 8 && size <= EC_HIDDEN_MAX && size % 8 == 0; }

ec_status ec_bundle_check_config(const ec_bundle_config *config, const char *field,
                                 ec_error *error) {
    const ec_bundle_config *c = config;
    if (!is_width(c->hidden_size) || !is_width(c->intermediate_size)) {
        return unsupported(field, "hidden and intermediate size: multiples of 8, 8 to 8192", error);
    }
    if (c->attention_heads == 0 || c->hidden_size % c->attention_heads != 0 ||
        c->hidden_size / c->attention_heads > EC_HEAD_SIZE_MAX) {
        return unsupported(field, "attention heads must share the hidden size, at most 256 each",
                           error);
    }
    if (c->layers == 0 || c->layers > EC_MAX_LAYERS) {
        return unsupported(field, "1 to 48 layers are possible", error);
    }
    if (c->max_tokens < EC_WINDOW_TOKENS_MIN || c->max_tokens > EC_TOKENS_MAX) {
        return unsupported(field, "8 to 4096 positions (max_tokens) are possible", error);
    }
    if (c->token_types == 0 || c->token_types > EC_TOKEN_TYPES_MAX) {
        return unsupported(field, "1 or 2 token types are possible", error);
    }
    if (c->vocabulary_size == 0 || c->vocabulary_size > EC_VOCAB_MAX) {
        return unsupported(field, "the size of the vocabulary is out of range", error);
    }
    if (!(c->layer_norm_epsilon >= (double)FLT_MIN && c->layer_norm_epsilon <= 1.0)) {
        return unsupported(field, "the epsilon of LayerNorm is out of range", error);
    }
    return EC_OK;
}

// ------------------------------------------------------------- tensors

// An extent of a tensor, by the letters of FORMAT.md.
typedef enum extent { NONE, H, H3, I, V, P, T, L, BYTES } extent;

typedef struct entry {
    const char *part;
    ec_tensor_kind kind;
    extent rows, columns;
    size_t slot;
} entry;

#define EMBEDDING(part, count, member)                                                  \
    {part, EC_TENSOR_EMBEDDING, count, H, offsetof(ec_weights, member.rows)}, {         \
        part ".scale", EC_TENSOR_SCALE, count, NONE, offsetof(ec_weights, member.scale) \
    }

#define LINEAR(part, rows, columns, owner, member)                                     \
    {part ".weight", EC_TENSOR_WEIGHT, rows, columns, offsetof(owner, member.weight)}, \
        {part ".scale", EC_TENSOR_SCALE, rows, NONE, offsetof(owner, member.scale)}, { \
        part ".bias", EC_TENSOR_FLOAT, rows, NONE, offsetof(owner, member.bias)        \
    }

#define NORM(part, owner, member)                                               \
    {part ".gamma", EC_TENSOR_FLOAT, H, NONE, offsetof(owner, member.gamma)}, { \
        part ".beta", EC_TENSOR_FLOAT, H, NONE, offsetof(owner, member.beta)    \
    }

static const entry first_entries[] = {
    EMBEDDING("embeddings.word", V, word),
    EMBEDDING("embeddings.position", P, position),
    EMBEDDING("embeddings.token_type", T, token_type),
    NORM("embeddings.norm", ec_weights, embedding_norm),
};

static const entry layer_entries[] = {
    LINEAR("qkv", H3, H, ec_layer, qkv),
    LINEAR("attention_output", H, H, ec_layer, attention_output),
    NORM("attention_norm", ec_layer, attention_norm),
    LINEAR("intermediate", I, H, ec_layer, intermediate),
    LINEAR("output", H, I, ec_layer, output),
    NORM("output_norm", ec_layer, output_norm),
};

static const entry last_entries[] = {
    LINEAR("pooler", H, H, ec_weights, pooler),
    {"classifier.weight", EC_TENSOR_FLOAT, L, H, offsetof(ec_weights, classifier_weight)},
    {"classifier.bias", EC_TENSOR_FLOAT, L, NONE, offsetof(ec_weights, classifier_bias)},
    {"vocabulary", EC_TENSOR_TEXT, BYTES, NONE, 0},
};

enum {
    FIRST_COUNT = sizeof first_entries / sizeof *first_entries,
    LAYER_COUNT = sizeof layer_entries / sizeof *layer_entries,
    LAST_COUNT = sizeof last_entries / sizeof *last_entries
};

static ec_dtype dtype_of(ec_tensor_kind kind) {
    return kind == EC_TENSOR_TEXT                                    ? EC_DTYPE_U8
           : kind == EC_TENSOR_WEIGHT || kind == EC_TENSOR_EMBEDDING ? EC_DTYPE_I8
                                                                     : EC_DTYPE_F32;
}

static uint64_t resolve(extent e, const ec_bundle_config *c) {
    switch (e) {
    case NONE:
        return 1;
    case H:
        return c->hidden_size;
    case H3:
        return 3 * (uint64_t)c->hidden_size;
    case I:
        return c->intermediate_size;
    case V:
        return c->vocabulary_size;
    case P:
        return c->max_tokens;
    case T:
        return c->token_types;
    case L:
        return c->label_count;
    case BYTES:
        return c->vocabulary_bytes;
    }
    return 0;
}

// The entry at this place of FORMAT.md's table, its layers written out.
static const entry *entry_at(size_t index, size_t layers, int *layer) {
    *layer = -1;
    if (index < FIRST_COUNT) {
        return &first_entries[index];
    }
    index -= FIRST_COUNT;
    if (index < layers * LAYER_COUNT) {
        *layer = (int)(index / LAYER_COUNT);
        return &layer_entries[index % LAYER_COUNT];
    }
    return &last_entries[index - layers * LAYER_COUNT];
}

static void fill_spec(const entry *e, int layer, const ec_bundle_config *c, ec_tensor_spec *spec) {
    const ec_dtype dtype = dtype_of(e->kind);
    const uint64_t rows = resolve(e->rows, c);
    const uint64_t columns = resolve(e->columns, c);
    *spec = (ec_tensor_spec){.part = e->part,
                             .layer = layer,
                             .kind = e->kind,
                             .dtype = dtype,
                             .rank = e->columns == NONE ? 1 : 2,
                             .shape = {rows, columns},
                             .size = rows * columns * (dtype == EC_DTYPE_F32 ? 4 : 1),
                             .slot = e->slot};
    if (layer < 0) {
        snprintf(spec->name, sizeof spec->name, "%s", e->part);
    } else {
        snprintf(spec->name, sizeof spec->name, "layer.%d.%s", layer, e->part);
    }
}

bool ec_bundle_next(const ec_bundle_config *config, size_t *cursor, ec_tensor_spec *spec) {
    static const ec_dtype order[] = {EC_DTYPE_F32, EC_DTYPE_I8, EC_DTYPE_U8};
    const size_t total = FIRST_COUNT + config->layers * LAYER_COUNT + LAST_COUNT;
    for (; *cursor < 3 * total; ++*cursor) {
        int layer = 0;
        const entry *e = entry_at(*cursor % total, config->layers, &layer);
        if (dtype_of(e->kind) == order[*cursor / total]) {
            fill_spec(e, layer, config, spec);
            ++*cursor;
            return true;
        }
    }
    return false;
}

// ------------------------------------------------------------- labels

ec_status ec_bundle_read_labels(const cJSON *array, const char *labels[EC_MAX_LABELS],
                                uint32_t *count, ec_error *error) {
    const int size = cJSON_IsArray(array) ? cJSON_GetArraySize(array) : 0;
    if (size < 1 || size > EC_MAX_LABELS) {
        return ec_fail(error, EC_ERROR_BUNDLE, "labels", 0, "there must be 1 to %d labels",
                       EC_MAX_LABELS);
    }
    uint32_t used = 0;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, array) {
        const char *label = cJSON_GetStringValue(item);
        if (label == NULL || !ec_json_is_plain(label, EC_NAME_MAX)) {
            return ec_fail(error, EC_ERROR_BUNDLE, "labels", 0,
                           "label %u must be a string of 1 to %d bytes", used, EC_NAME_MAX);
        }
        for (uint32_t i = 0; i < used; i++) {
            if (strcmp(labels[i], label) == 0) {
                return ec_fail(error, EC_ERROR_BUNDLE, "labels", 0, "labels %u and %u are equal", i,
                               used);
            }
        }
        labels[used++] = label;
    }
    *count = used;
    return EC_OK;
}

// ------------------------------------------------------------- settings

static ec_status bad_settings(ec_error *error, const char *problem) {
    return ec_fail(error, EC_ERROR_BUNDLE, "settings", 0, "%s", problem);
}

static bool find_label(const char *const *labels, uint32_t count, const char *label, uint32_t *id) {
    for (*id = 0; label != NULL && *id < count; ++*id) {
        if (strcmp(labels[*id], label) == 0) {
            return true;
        }
    }
    return false;
}

// Whether a rule can match it: rules compare with lower-case text.
static bool is_rule_word(const char *word) {
    if (word == NULL || !ec_json_is_plain(word, EC_NAME_MAX) || word[0] == ' ' ||
        word[strlen(word) - 1] == ' ') {
        return false;
    }
    for (; *word != '\0'; word++) {
        if (*word >= 'A' && *word <= 'Z') {
            return false;
        }
    }
    return true;
}

static ec_status read_rule(const cJSON *item, const char *const *labels, uint32_t count,
                           ec_rule *rule, ec_error *error) {
    const cJSON *words = cJSON_GetObjectItemCaseSensitive(item, "words");
    const int size = cJSON_IsArray(words) ? cJSON_GetArraySize(words) : 0;
    double confidence = 0;
    if (!find_label(labels, count, ec_json_string(item, "label"), &rule->class_id)) {
        return bad_settings(error, "a rule's label is not one of the labels");
    }
    EC_RETURN_IF_ERROR(
        ec_json_get_number(item, "confidence", 0.0, 1.0, "settings", &confidence, error));
    if (size < 1 || size > EC_MAX_RULE_WORDS) {
        return bad_settings(error, "a rule needs 1 to 32 words");
    }
    rule->confidence = (float)confidence;
    rule->word_count = 0;
    const cJSON *word = NULL;
    cJSON_ArrayForEach(word, words) {
        const char *text = cJSON_GetStringValue(word);
        if (!is_rule_word(text)) {
            return bad_settings(
                error, "a rule's word must be lower case, 1 to 64 bytes, no space at its ends");
        }
        rule->words[rule->word_count++] = text;
    }
    return EC_OK;
}

static ec_status read_rules(const cJSON *array, const char *const *labels, uint32_t count,
                            ec_rules *rules, ec_error *error) {
    if (!cJSON_IsArray(array) || cJSON_GetArraySize(array) > EC_MAX_RULES) {
        return bad_settings(error, "\"rules\" must be an array of at most 64 rules");
    }
    rules->count = 0;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, array) {
        EC_RETURN_IF_ERROR(read_rule(item, labels, count, &rules->items[rules->count], error));
        rules->count++;
    }
    return EC_OK;
}

static ec_status read_default_label(const cJSON *object, const char *const *labels, uint32_t count,
                                    ec_settings *settings, ec_error *error) {
    const char *key = "default_label";
    settings->default_class_id = count - 1;
    settings->other_class_id = count;
    if (cJSON_GetObjectItemCaseSensitive(object, key) == NULL) {
        return EC_OK;
    }
    if (!find_label(labels, count, ec_json_string(object, key), &settings->default_class_id)) {
        return bad_settings(error, "\"default_label\" is not one of the labels");
    }
    settings->other_class_id = settings->default_class_id;
    return EC_OK;
}

ec_status ec_bundle_read_settings(const cJSON *object, const char *const *labels, uint32_t count,
                                  ec_settings *settings, ec_error *error) {
    settings->name = ec_json_string(object, "name");
    settings->version = ec_json_string(object, "version");
    if (settings->name == NULL || !ec_json_is_plain(settings->name, EC_NAME_MAX) ||
        settings->version == NULL || !ec_json_is_plain(settings->version, EC_NAME_MAX)) {
        return bad_settings(error, "\"name\" and \"version\" must be strings of 1 to 64 bytes");
    }
    EC_RETURN_IF_ERROR(read_default_label(object, labels, count, settings, error));
    double temperature = 0;
    double threshold = 0;
    EC_RETURN_IF_ERROR(ec_json_get_number(object, "temperature", (double)FLT_MIN, (double)FLT_MAX,
                                          "settings", &temperature, error));
    EC_RETURN_IF_ERROR(
        ec_json_get_number(object, "review_threshold", 0.0, 1.0, "settings", &threshold, error));
    settings->temperature = (float)temperature;
    settings->review_threshold = (float)threshold;
    return read_rules(cJSON_GetObjectItemCaseSensitive(object, "rules"), labels, count,
                      &settings->rules, error);
}

// ------------------------------------------------------------- digest

void ec_bundle_digest(const uint8_t *data, size_t size, const ec_bundle_texts *texts,
                      uint8_t digest[32]) {
    const char *const parts[] = {texts->config, texts->labels, texts->settings};
    ec_sha256 hash;
    ec_sha256_init(&hash);
    ec_sha256_update(&hash, data, size);
    for (size_t i = 0; i < 3; i++) {
        ec_sha256_update(&hash, parts[i], strlen(parts[i]) + 1);
    }
    ec_sha256_final(&hash, digest);
}
