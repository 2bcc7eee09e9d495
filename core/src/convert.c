// SPDX-License-Identifier: Apache-2.0
// Hugging Face directory to bundle: the same input gives the same bytes on every machine.
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle.h"
#include "error.h"
#include "hf.h"
#include "hf_tokenizer.h"
#include "json.h"
#include "sha256.h"

// What lives while one model is converted.
typedef struct conversion {
    const ec_convert_input *input;
    ec_hf hf;
    ec_hf_tokenizer tokenizer;
    ec_bundle_config config;  // of the bundle
    cJSON *settings;
    char *config_text, *labels_text, *settings_text;  // free with cJSON_free
    float *row;                                       // [max(hidden_size, intermediate_size)]
    ec_error *error;
} conversion;

static ec_status no_memory(const conversion *c) {
    return ec_fail(c->error, EC_ERROR_NO_MEMORY, "convert", 0, "no memory to convert");
}

// ------------------------------------------------------------- settings

static bool has(const conversion *c, const char *key) {
    return cJSON_GetObjectItemCaseSensitive(c->settings, key) != NULL;
}

// Whether to name "Other" as the default label: when there is such a label and no other is named.
static bool needs_default_label(const conversion *c) {
    const cJSON *label = NULL;
    cJSON_ArrayForEach(label, c->hf.labels) {
        if (strcmp(label->valuestring, "Other") == 0) {
            return !has(c, "default_label");
        }
    }
    return false;
}

static bool add_defaults(const conversion *c) {
    cJSON *const s = c->settings;
    return (has(c, "name") || cJSON_AddStringToObject(s, "name", "bert") != NULL) &&
           (has(c, "version") || cJSON_AddStringToObject(s, "version", "1.0.0") != NULL) &&
           (!needs_default_label(c) ||
            cJSON_AddStringToObject(s, "default_label", "Other") != NULL) &&
           (has(c, "temperature") || cJSON_AddNumberToObject(s, "temperature", 1.0) != NULL) &&
           (has(c, "review_threshold") ||
            cJSON_AddNumberToObject(s, "review_threshold", 0.9) != NULL) &&
           (has(c, "rules") || cJSON_AddArrayToObject(s, "rules") != NULL);
}

static ec_status read_settings(conversion *c) {
    const ec_convert_input *in = c->input;
    const char *text = in->settings != NULL ? in->settings : "{}";
    const size_t length = in->settings != NULL ? in->settings_length : 2;
    EC_RETURN_IF_ERROR(ec_json_parse(text, length, "settings", &c->settings, c->error));
    if (!cJSON_IsObject(c->settings)) {
        return ec_fail(c->error, EC_ERROR_BUNDLE, "settings", 0, "settings must be an object");
    }
    if (!add_defaults(c)) {
        return no_memory(c);
    }
    const cJSON *lower_case = cJSON_GetObjectItemCaseSensitive(c->settings, "lower_case");
    if (lower_case != NULL && !cJSON_IsBool(lower_case)) {
        return ec_fail(c->error, EC_ERROR_BUNDLE, "settings", 0,
                       "\"lower_case\" must be a boolean");
    }
    if (lower_case != NULL) {
        c->config.lower_case = cJSON_IsTrue(lower_case);
    }
    const char *labels[EC_MAX_LABELS];
    uint32_t count = 0;
    ec_settings settings;
    EC_RETURN_IF_ERROR(ec_bundle_read_labels(c->hf.labels, labels, &count, c->error));
    return ec_bundle_read_settings(c->settings, labels, count, &settings, c->error);
}

// ------------------------------------------------------------- vocabulary

// Counts the pieces; rows of the checkpoint beyond them can never be looked up and are left out.
static ec_status read_vocabulary(conversion *c) {
    const ec_hf_tokenizer *t = &c->tokenizer;
    const size_t size = ec_vocab_size(t->vocabulary, t->vocabulary_length);
    if (size == 0) {
        return ec_fail(c->error, EC_ERROR_BUNDLE, "vocabulary", 0, "vocab.txt is unusable");
    }
    void *const memory = malloc(size);
    if (memory == NULL) {
        return no_memory(c);
    }
    ec_vocab *vocab = NULL;
    const ec_status status = ec_vocab_init(&vocab, memory, size, t->vocabulary,
                                           t->vocabulary_length, c->config.lower_case, c->error);
    const uint32_t pieces = status == EC_OK ? ec_vocab_count(vocab) : 0;
    free(memory);
    EC_RETURN_IF_ERROR(status);
    if (pieces > c->hf.config.vocabulary_size) {
        return ec_fail(c->error, EC_ERROR_BUNDLE, "vocabulary", 0,
                       "the vocabulary has %u pieces, config.json only %u", pieces,
                       c->hf.config.vocabulary_size);
    }
    c->config.vocabulary_size = pieces;
    c->config.vocabulary_bytes = t->vocabulary_length;
    return EC_OK;
}

// ------------------------------------------------------------- header

// Text written as far as it fits, counted in full.
typedef struct writer {
    char *out;
    size_t capacity, length;
} writer;

static void put_char(writer *w, char c) {
    if (w->length < w->capacity) {
        w->out[w->length] = c;
    }
    w->length++;
}

static void put(writer *w, const char *text) {
    for (; *text != '\0'; text++) {
        put_char(w, *text);
    }
}

// Inside a JSON string; the texts were printed by cJSON, so they hold no control characters.
static void put_escaped(writer *w, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            put_char(w, '\\');
        }
        put_char(w, *text);
    }
}

static void put_pair(writer *w, const char *key, const char *value, char end) {
    put(w, "\"");
    put(w, key);
    put(w, "\":\"");
    put_escaped(w, value);
    put_char(w, '"');
    put_char(w, end);
}

static void put_number(writer *w, uint64_t number) {
    char digits[21];
    size_t i = sizeof digits - 1;
    digits[i] = '\0';
    do {
        digits[--i] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    put(w, digits + i);
}

static void put_tensor(writer *w, const ec_tensor_spec *spec, uint64_t begin) {
    static const char *const names[] = {"F32", "I8", "U8"};
    put(w, ",\"");
    put(w, spec->name);
    put(w, "\":{\"dtype\":\"");
    put(w, names[spec->dtype]);
    put(w, "\",\"shape\":[");
    put_number(w, spec->shape[0]);
    if (spec->rank == 2) {
        put_char(w, ',');
        put_number(w, spec->shape[1]);
    }
    put(w, "],\"data_offsets\":[");
    put_number(w, begin);
    put_char(w, ',');
    put_number(w, begin + spec->size);
    put(w, "]}");
}

// Writes everything before the tensor data; returns its length. *data_size receives the rest's.
static size_t write_header(const conversion *c, const char *sha256, char *out, size_t capacity,
                           uint64_t *data_size) {
    writer w = {out, capacity, 0};
    put(&w, "########");
    put(&w, "{\"__metadata__\":{");
    put_pair(&w, "format", EC_BUNDLE_FORMAT, ',');
    put_pair(&w, "sha256", sha256, ',');
    put_pair(&w, "config", c->config_text, ',');
    put_pair(&w, "labels", c->labels_text, ',');
    put_pair(&w, "settings", c->settings_text, '}');
    *data_size = 0;
    ec_tensor_spec spec;
    for (size_t cursor = 0; ec_bundle_next(&c->config, &cursor, &spec);) {
        put_tensor(&w, &spec, *data_size);
        *data_size += spec.size;
    }
    put_char(&w, '}');
    while (w.length % EC_BUNDLE_ALIGNMENT != 0) {
        put_char(&w, ' ');
    }
    for (size_t i = 0; i < EC_SAFETENSORS_PREFIX && i < capacity; i++) {
        out[i] = (char)(uint8_t)((uint64_t)(w.length - EC_SAFETENSORS_PREFIX) >> (8 * i));
    }
    return w.length;
}

static ec_status print_texts(conversion *c) {
    cJSON *const o = cJSON_CreateObject();
    const ec_bundle_config *b = &c->config;
    const bool ok = o != NULL && cJSON_AddNumberToObject(o, "hidden_size", b->hidden_size) &&
                    cJSON_AddNumberToObject(o, "intermediate_size", b->intermediate_size) &&
                    cJSON_AddNumberToObject(o, "layers", b->layers) &&
                    cJSON_AddNumberToObject(o, "attention_heads", b->attention_heads) &&
                    cJSON_AddNumberToObject(o, "vocabulary_size", b->vocabulary_size) &&
                    cJSON_AddNumberToObject(o, "max_tokens", b->max_tokens) &&
                    cJSON_AddNumberToObject(o, "token_types", b->token_types) &&
                    cJSON_AddNumberToObject(o, "layer_norm_epsilon", b->layer_norm_epsilon) &&
                    cJSON_AddBoolToObject(o, "lower_case", b->lower_case);
    if (ok) {
        c->config_text = cJSON_PrintUnformatted(o);
        c->labels_text = cJSON_PrintUnformatted(c->hf.labels);
        c->settings_text = cJSON_PrintUnformatted(c->settings);
    }
    cJSON_Delete(o);
    return c->config_text != NULL && c->labels_text != NULL && c->settings_text != NULL
               ? EC_OK
               : no_memory(c);
}

// ------------------------------------------------------------- data

static void store_float(float value, uint8_t *out) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (unsigned i = 0; i < sizeof bits; i++) {
        out[i] = (uint8_t)(bits >> (8 * i));
    }
}

// The scale that brings the largest value of a row to `limit`; 1 for a row of nothing but zeros
// (or numbers too small to have a scale, which become zeros).
static float row_scale(const float *row, size_t columns, float limit) {
    float largest = 0.0f;
    for (size_t i = 0; i < columns; i++) {
        largest = fmaxf(largest, fabsf(row[i]));
    }
    const float scale = largest / limit;
    return scale >= FLT_MIN ? scale : 1.0f;
}

static void quantize_row(const float *row, size_t columns, float limit, uint8_t *out) {
    const float scale = row_scale(row, columns, limit);
    for (size_t i = 0; i < columns; i++) {
        const float q = fminf(fmaxf(roundf(row[i] / scale), -limit), limit);
        out[i] = (uint8_t)(int8_t)q;
    }
}

static void write_tensor(const conversion *c, const ec_tensor_spec *spec, uint8_t *out) {
    if (spec->kind == EC_TENSOR_TEXT) {
        memcpy(out, c->tokenizer.vocabulary, (size_t)spec->size);
        return;
    }
    const ec_hf_source source = ec_hf_find(&c->hf, spec);
    const bool linear = spec->kind == EC_TENSOR_WEIGHT || strncmp(spec->part, "embed", 5) != 0;
    const float limit = linear ? EC_WEIGHT_MAX : EC_EMBEDDING_MAX;
    const size_t columns = (size_t)source.columns;
    for (uint64_t row = 0; row < spec->shape[0]; row++) {
        ec_hf_read_row(&source, row, c->row);
        if (spec->kind == EC_TENSOR_SCALE) {
            store_float(row_scale(c->row, columns, limit), out);
            out += sizeof(float);
        } else if (spec->kind == EC_TENSOR_FLOAT) {
            for (size_t i = 0; i < columns; i++, out += sizeof(float)) {
                store_float(c->row[i], out);
            }
        } else {
            quantize_row(c->row, columns, limit, out);
            out += columns;
        }
    }
}

static void write_bundle(const conversion *c, uint8_t *out, size_t header, uint64_t data_size) {
    uint8_t *end = out + header;
    ec_tensor_spec spec;
    for (size_t cursor = 0; ec_bundle_next(&c->config, &cursor, &spec);) {
        write_tensor(c, &spec, end);
        end += spec.size;
    }
    const ec_bundle_texts texts = {c->config_text, c->labels_text, c->settings_text};
    uint8_t digest[EC_SHA256_SIZE];
    char hex[2 * EC_SHA256_SIZE + 1];
    ec_bundle_digest(out + header, (size_t)data_size, &texts, digest);
    ec_sha256_hex(digest, hex);
    write_header(c, hex, (char *)out, header, &data_size);
}

// ------------------------------------------------------------- ec_convert

static ec_status prepare(conversion *c) {
    EC_RETURN_IF_ERROR(ec_hf_open(c->input, &c->hf, c->error));
    c->config = c->hf.config;
    EC_RETURN_IF_ERROR(
        ec_hf_tokenizer_open(c->input, c->config.lower_case, &c->tokenizer, c->error));
    c->config.lower_case = c->tokenizer.lower_case;
    if (c->config.token_types > EC_TOKEN_TYPES_MAX) {
        c->config.token_types = EC_TOKEN_TYPES_MAX;  // an email has no others
    }
    EC_RETURN_IF_ERROR(read_settings(c));
    EC_RETURN_IF_ERROR(read_vocabulary(c));
    EC_RETURN_IF_ERROR(ec_hf_check_tensors(&c->hf, c->error));
    EC_RETURN_IF_ERROR(print_texts(c));
    const uint32_t h = c->config.hidden_size;
    const uint32_t i = c->config.intermediate_size;
    c->row = malloc((h > i ? h : i) * sizeof *c->row);
    return c->row != NULL ? EC_OK : no_memory(c);
}

static ec_status convert(conversion *c, void *out, size_t capacity, size_t *size) {
    EC_RETURN_IF_ERROR(prepare(c));
    static const char blank[] = "0000000000000000000000000000000000000000000000000000000000000000";
    uint64_t data_size = 0;
    const size_t header = write_header(c, blank, NULL, 0, &data_size);
    if (header > EC_SAFETENSORS_HEADER_MAX || data_size > SIZE_MAX - header) {
        return ec_fail(c->error, EC_ERROR_UNSUPPORTED, "convert", 0, "the bundle is too large");
    }
    const size_t total = header + (size_t)data_size;
    if (capacity >= total) {
        write_bundle(c, out, header, data_size);
    }
    *size = total;
    return EC_OK;
}

static bool is_complete(const ec_convert_input *in) {
    return in->config != NULL && in->weights != NULL &&
           (in->vocabulary != NULL || in->tokenizer != NULL);
}

ec_status ec_convert(const ec_convert_input *input, void *out, size_t capacity, size_t *size,
                     ec_error *error) {
    if (input != NULL && input->struct_size != sizeof *input) {
        return ec_fail(error, EC_ERROR_ARGUMENT, "input", 0,
                       "the input's struct_size is %zu and not %zu", input->struct_size,
                       sizeof *input);
    }
    if (input == NULL || !is_complete(input) || size == NULL || (out == NULL && capacity > 0)) {
        return ec_fail(error, EC_ERROR_ARGUMENT, "input", 0,
                       "config, vocabulary or tokenizer, weights and size must be given");
    }
    conversion c = {.input = input, .error = error};
    const ec_status status = convert(&c, out, capacity, size);
    ec_hf_close(&c.hf);
    ec_hf_tokenizer_close(&c.tokenizer);
    cJSON_Delete(c.settings);
    cJSON_free(c.config_text);
    cJSON_free(c.labels_text);
    cJSON_free(c.settings_text);
    free(c.row);
    return status;
}
