// SPDX-License-Identifier: Apache-2.0
// Conversion: exact within the rounding of int8, the same bytes every time, and strict.
#include <math.h>
#include <stdlib.h>

#include "ec_test.h"
#include "edit.h"
#include "model.h"
#include "safetensors.h"
#include "tiny_model.h"

// ------------------------------------------------------------- rounding

static float float_at(const ec_tensor *tensor, size_t index) {
    float value;
    memcpy(&value, tensor->data + index * sizeof value, sizeof value);
    return value;
}

// Every value lies within half a step of the original, and a row's largest reaches the limit.
static void check_rows(const ec_tensor *source, const int8_t *rows, const float *scales,
                       size_t count, size_t columns, int limit, const char *name) {
    bool close = true;
    bool full = true;
    for (size_t row = 0; row < count; row++) {
        int largest = 0;
        for (size_t i = 0; i < columns; i++) {
            const int q = rows[row * columns + i];
            const float apart = fabsf((float)q * scales[row] - float_at(source, row * columns + i));
            close = close && apart <= 0.50001f * scales[row];
            largest = abs(q) > largest ? abs(q) : largest;
        }
        full = full && largest == limit;
    }
    EC_CHECK_CASE(close, name);
    EC_CHECK_CASE(full, name);
}

static void check_linear(const ec_safetensors *file, const char *module, const ec_linear *linear,
                         size_t first_row, size_t rows) {
    char name[128];
    snprintf(name, sizeof name, "%s.weight", module);
    const ec_tensor *weight = ec_safetensors_find(file, name);
    snprintf(name, sizeof name, "%s.bias", module);
    const ec_tensor *bias = ec_safetensors_find(file, name);
    if (EC_CHECK_CASE(weight != NULL && bias != NULL, module)) {
        check_rows(weight, linear->weight + first_row * linear->input_channels,
                   linear->scale + first_row, rows, linear->input_channels, EC_WEIGHT_MAX, module);
        EC_CHECK_BYTES(bias->data, linear->bias + first_row, rows * sizeof(float));
    }
}

static void check_model(const ec_safetensors *file, const ec_model *model) {
    const ec_weights *w = &model->weights;
    const size_t h = model->info.hidden_size;
    const ec_layer *second = &w->layers[1];
    const char *base = "bert.encoder.layer.1.";
    const struct {
        const char *name;
        const ec_linear *linear;
        size_t first, rows;
    } parts[] = {
        {"attention.self.query", &second->qkv, 0, h},
        {"attention.self.key", &second->qkv, h, h},
        {"attention.self.value", &second->qkv, 2 * h, h},
        {"attention.output.dense", &second->attention_output, 0, h},
        {"intermediate.dense", &second->intermediate, 0, model->info.intermediate_size},
        {"output.dense", &second->output, 0, h},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char name[96];
        snprintf(name, sizeof name, "%s%s", base, parts[i].name);
        check_linear(file, name, parts[i].linear, parts[i].first, parts[i].rows);
    }
    check_linear(file, "bert.pooler.dense", &w->pooler, 0, h);
    const ec_tensor *words = ec_safetensors_find(file, "bert.embeddings.word_embeddings.weight");
    check_rows(words, w->word.rows, w->word.scale, w->word.count, h, 127, "words");
    const ec_tensor *head = ec_safetensors_find(file, "classifier.weight");
    EC_CHECK_BYTES(head->data, w->classifier_weight, head->size);
    const ec_tensor *beta = ec_safetensors_find(file, "bert.encoder.layer.1.output.LayerNorm.bias");
    EC_CHECK_BYTES(beta->data, second->output_norm.beta, beta->size);
}

static void test_round_trip(void) {
    tiny_directory directory = tiny_directory_new(&tiny_default, 5);
    size_t size = 0;
    uint8_t *const image = tiny_bundle_new(&tiny_default, 5, NULL, &size);
    ec_model *model = NULL;
    ec_safetensors *file = NULL;
    ec_error error = {0};
    if (EC_CHECK_CASE(ec_model_load(image, size, &model, &error) == EC_OK, error.message) &&
        EC_CHECK(ec_safetensors_open(directory.weights, directory.weights_length, "weights", &file,
                                     NULL) == EC_OK)) {
        check_model(file, model);
        EC_CHECK_STRING(ec_model_get_info(model)->name, "bert");
        EC_CHECK_EQUAL(ec_model_get_info(model)->default_class_id, 5);
        EC_CHECK_EQUAL(model->other_class_id, 5);
    }
    EC_CHECK_EQUAL((8 + (size_t)image[0] + ((size_t)image[1] << 8)) % 64, 0);
    ec_safetensors_free(file);
    ec_model_free(model);
    tiny_directory_free(&directory);
    free(image);
}

// Labels without "Other": the last one answers when nothing can, but none means "no other label".
static void test_without_other(void) {
    tiny_shape shape = tiny_default;
    shape.labels = 4;
    const char *const settings[] = {NULL, "{\"default_label\":\"CarCrash\"}"};
    const uint32_t defaults[] = {3, 1};
    const uint32_t others[] = {4, 1};
    for (int i = 0; i < 2; i++) {
        size_t size = 0;
        uint8_t *const image = tiny_bundle_new(&shape, 5, settings[i], &size);
        ec_model *model = NULL;
        if (EC_CHECK(ec_model_load(image, size, &model, NULL) == EC_OK)) {
            EC_CHECK_EQUAL(ec_model_get_info(model)->default_class_id, defaults[i]);
            EC_CHECK_EQUAL(model->other_class_id, others[i]);
        }
        ec_model_free(model);
        free(image);
    }
}

static void test_same_bytes(void) {
    size_t size = 0;
    size_t again_size = 0;
    uint8_t *const image = tiny_bundle_new(&tiny_default, 5, "{\"temperature\":1.3}", &size);
    uint8_t *const again = tiny_bundle_new(&tiny_default, 5, "{\"temperature\":1.3}", &again_size);
    if (EC_CHECK_EQUAL(size, again_size)) {
        EC_CHECK_BYTES(image, again, size);
    }
    free(image);
    free(again);
}

// ------------------------------------------------------------- one changed directory

typedef struct fixture {
    tiny_directory directory;
    ec_convert_input input;
} fixture;

static fixture fixture_new(void) {
    fixture f = {.directory = tiny_directory_new(&tiny_default, 9)};
    f.input = tiny_input(&f.directory, NULL);
    return f;
}

// Converts, loads what comes out, and frees the directory; the status.
static ec_status finish(fixture *f, ec_error *error) {
    size_t size = 0;
    ec_status status = ec_convert(&f->input, NULL, 0, &size, error);
    if (status == EC_OK) {
        uint8_t *const out = malloc(size);
        EC_CHECK(out != NULL);
        EC_CHECK_EQUAL(ec_convert(&f->input, out, size, &size, error), EC_OK);
        EC_CHECK_CASE(try_load(out, size, error) == EC_OK, error->message);
        free(out);
    } else {
        EC_CHECK_EQUAL(size, 0);
    }
    tiny_directory_free(&f->directory);
    return status;
}

static void expect_settings(const char *settings, ec_status expected) {
    fixture f = fixture_new();
    ec_error error = {0};
    f.input.settings = settings;
    f.input.settings_length = strlen(settings);
    EC_CHECK_CASE(finish(&f, &error) == expected, settings);
}

// Replaces text in config.json by text of the same length or shorter.
static void expect_config(const char *from, const char *to, ec_status expected) {
    fixture f = fixture_new();
    ec_error error = {0};
    char *const place = strstr(f.directory.config, from);
    if (EC_CHECK_CASE(place != NULL, from)) {
        memset(place, ' ', strlen(from));
        memcpy(place, to, strlen(to));
    }
    EC_CHECK_CASE(finish(&f, &error) == expected, to);
}

// Replaces text in the header of the weights, likewise.
static void expect_weights(const char *from, const char *to, ec_status expected) {
    fixture f = fixture_new();
    ec_error error = {0};
    const size_t length = strlen(from);
    uint8_t *place = f.directory.weights;
    while (memcmp(place, from, length) != 0) {
        place++;
    }
    memset(place, ' ', length);
    memcpy(place, to, strlen(to));
    EC_CHECK_CASE(finish(&f, &error) == expected, to);
}

static void test_settings(void) {
    expect_settings("{}", EC_OK);
    expect_settings("{\"lower_case\":false,\"more\":{\"deep\":[1,2.5,null]}}", EC_OK);
    expect_settings("{\"lower_case\":1}", EC_ERROR_BUNDLE);
    expect_settings("{\"temperature\":0}", EC_ERROR_BUNDLE);
    expect_settings("{\"temperature\":\"1\"}", EC_ERROR_BUNDLE);
    expect_settings("{\"review_threshold\":2}", EC_ERROR_BUNDLE);
    expect_settings("{\"default_label\":\"None\"}", EC_ERROR_BUNDLE);
    expect_settings("{\"name\":\"\"}", EC_ERROR_BUNDLE);
    expect_settings("{\"name\":\"a\",\"name\":\"a\"}", EC_ERROR_BUNDLE);
    expect_settings("{\"rules\":[{\"label\":\"X\",\"confidence\":1,\"words\":[\"x\"]}]}",
                    EC_ERROR_BUNDLE);
    expect_settings("[]", EC_ERROR_BUNDLE);
    expect_settings("", EC_ERROR_BUNDLE);
}

static void test_config(void) {
    expect_config("\"gelu\"", "\"relu\"", EC_ERROR_UNSUPPORTED);
    expect_config("\"gelu\"", "null", EC_OK);
    expect_config("\"bert\"", "\"t5\"", EC_ERROR_UNSUPPORTED);
    expect_config("\"absolute\"", "\"relative\"", EC_ERROR_UNSUPPORTED);
    expect_config("\"hidden_size\":32", "\"hidden_size\":64", EC_ERROR_BUNDLE);
    expect_config("\"hidden_size\":32", "\"hidden_size\":33", EC_ERROR_UNSUPPORTED);
    expect_config("\"hidden_size\":32", "\"hidden_size\":-1", EC_ERROR_BUNDLE);
    expect_config("\"num_hidden_layers\":2", "\"num_hidden_layers\":3", EC_ERROR_BUNDLE);
    expect_config("\"num_hidden_layers\":2", "\"num_hidden_layers\":1", EC_ERROR_UNSUPPORTED);
    expect_config("\"vocab_size\":80", "\"vocab_size\":79", EC_ERROR_BUNDLE);
    expect_config("\"id2label\"", "\"id3label\"", EC_ERROR_BUNDLE);
    expect_config("\"5\":\"Other\"", "\"7\":\"Other\"", EC_ERROR_BUNDLE);
    expect_config(",\"5\":\"Other\"", "", EC_ERROR_BUNDLE);
    expect_config("\"CarCrash\"", "\"CarTheft\"", EC_ERROR_BUNDLE);
    expect_config("\"layer_norm_eps\":1e-12", "\"do_lower_case\":false", EC_OK);
}

// An email has two token types at most: those beyond are left out.
static void test_token_types(void) {
    expect_config("\"type_vocab_size\":2", "\"type_vocab_size\":0", EC_ERROR_UNSUPPORTED);
    expect_config("\"type_vocab_size\":2", "\"type_vocab_size\":3", EC_ERROR_BUNDLE);
}

static void test_weights(void) {
    expect_weights("bert.pooler.dense.weight", "bert.pooler.dense.weighs", EC_ERROR_BUNDLE);
    expect_weights("\"classifier.bias\"", "\"classifier.bia\"", EC_ERROR_BUNDLE);
    expect_weights("LayerNorm.weight\"", "LayerNorm.gamma\"", EC_OK);
    expect_weights("LayerNorm.bias\"", "LayerNorm.beta\"", EC_OK);
    expect_weights("[80,32]", "[32,80]", EC_ERROR_BUNDLE);
    expect_weights("[80,32]", "[2560]", EC_ERROR_BUNDLE);
    expect_weights("{\"bert.emb", "{\"ber_.emb", EC_ERROR_BUNDLE);
}

static void test_vocabulary(void) {
    // Fewer pieces than rows: the rows beyond are left out. More: refused.
    fixture f = fixture_new();
    ec_error error = {0};
    f.input.vocabulary_length =
        (size_t)(strstr(f.directory.vocabulary, "word70") - f.directory.vocabulary);
    EC_CHECK_CASE(finish(&f, &error) == EC_OK, error.message);
    f = fixture_new();
    memcpy(strstr(f.directory.vocabulary, "word70"), "wo\n\n70", 6);
    EC_CHECK_EQUAL(finish(&f, &error), EC_ERROR_BUNDLE);
    f = fixture_new();
    f.input.vocabulary_length = 0;
    EC_CHECK_EQUAL(finish(&f, &error), EC_ERROR_BUNDLE);
}

// First float of the data, and a whole row of it.
static void test_values(void) {
    const float bad[] = {NAN, INFINITY, -INFINITY};
    ec_error error = {0};
    for (size_t i = 0; i < 3; i++) {
        fixture f = fixture_new();
        memcpy(f.directory.weights + f.directory.weights_length - 4, &bad[i], sizeof(float));
        EC_CHECK_EQUAL(finish(&f, &error), EC_ERROR_BUNDLE);
        EC_CHECK(strstr(error.message, "classifier.bias") != NULL);
    }
    fixture f = fixture_new();
    const size_t data = 8 + (size_t)f.directory.weights[0] + ((size_t)f.directory.weights[1] << 8);
    memset(f.directory.weights + data, 0, tiny_default.hidden * sizeof(float));
    const float tiniest = 1e-45f;
    memcpy(f.directory.weights + data + tiny_default.hidden * 4, &tiniest, sizeof tiniest);
    EC_CHECK_CASE(finish(&f, &error) == EC_OK, error.message);
}

// ------------------------------------------------------------- half precision

// Rewrites all weights as F16 or BF16, cutting bits off, and the same values as F32.
static void test_half(const char *dtype) {
    enum { ROW = 8, COUNT = 10 };
    const bool brain = strcmp(dtype, "BF16") == 0;
    const uint16_t halves[COUNT] = {0x0000, 0x8000, 0x3C00, 0xBC00, 0x0001,
                                    0x03FF, 0x0400, 0x7BFF, 0x3555, 0x83FF};
    const float values[COUNT] = {0.0f,          -0.0f,         1.0f,          -1.0f,
                                 5.9604645e-8f, 6.0975552e-5f, 6.1035156e-5f, 65504.0f,
                                 0.33325195f,   -6.0975552e-5f};
    const tiny_shape shape = {.layers = 1,
                              .hidden = ROW,
                              .heads = 1,
                              .intermediate = 8,
                              .vocabulary = TINY_VOCABULARY_MIN,
                              .labels = 1,
                              .max_tokens = 8};
    tiny_directory directory = tiny_directory_new(&shape, 1);
    edit e = edit_open(directory.weights, directory.weights_length);
    const cJSON *item = NULL;
    size_t end = 0;
    // classifier.weight, the last but one tensor, becomes halves; the data behind moves forward.
    cJSON_ArrayForEach(item, e.header) {
        cJSON *const offsets = cJSON_GetObjectItem(item, "data_offsets");
        const size_t begin = (size_t)offsets->child->valuedouble;
        size_t size = (size_t)offsets->child->next->valuedouble - begin;
        memmove(e.data + end, e.data + begin, size);
        if (strcmp(item->string, "classifier.weight") == 0) {
            for (size_t i = 0; i < ROW; i++) {
                const uint16_t half = brain ? (uint16_t)(0x3F80 + i) : halves[i + 2];
                e.data[end + 2 * i] = (uint8_t)half;
                e.data[end + 2 * i + 1] = (uint8_t)(half >> 8);
            }
            cJSON_SetValuestring(cJSON_GetObjectItem(item, "dtype"), dtype);
            size = 2 * ROW;
        }
        cJSON_SetNumberValue(offsets->child, (double)end);
        cJSON_SetNumberValue(offsets->child->next, (double)(end + size));
        end += size;
    }
    char *const header = cJSON_PrintUnformatted(e.header);
    size_t length = 0;
    uint8_t *const weights = image_new(header, strlen(header), e.data, end, &length);
    ec_convert_input input = tiny_input(&directory, NULL);
    input.weights = weights;
    input.weights_length = length;
    size_t size = 0;
    ec_error error = {0};
    EC_CHECK_CASE(ec_convert(&input, NULL, 0, &size, &error) == EC_OK, error.message);
    uint8_t *const image = malloc(size);
    ec_model *model = NULL;
    EC_CHECK(image != NULL && ec_convert(&input, image, size, &size, NULL) == EC_OK);
    if (EC_CHECK(ec_model_load(image, size, &model, NULL) == EC_OK)) {
        for (size_t i = 0; i < ROW; i++) {
            const float wanted = brain ? 1.0f + (float)i / 128.0f : values[i + 2];
            EC_CHECK(fabsf(model->weights.classifier_weight[i] - wanted) <= 1e-7f * fabsf(wanted));
        }
    }
    ec_model_free(model);
    free(image);
    free(weights);
    cJSON_free(header);
    cJSON_Delete(e.header);
    free(e.data);
    tiny_directory_free(&directory);
}

// ------------------------------------------------------------- arguments

static void test_capacity(void) {
    fixture f = fixture_new();
    size_t size = 0;
    EC_CHECK_EQUAL(ec_convert(&f.input, NULL, 0, &size, NULL), EC_OK);
    uint8_t *const out = calloc(1, size);
    size_t again = 0;
    EC_CHECK_EQUAL(ec_convert(&f.input, out, size - 1, &again, NULL), EC_OK);
    EC_CHECK_EQUAL(again, size);
    EC_CHECK(out != NULL && out[0] == 0 && out[8] == 0);
    free(out);
    tiny_directory_free(&f.directory);
}

static void test_arguments(void) {
    fixture f = fixture_new();
    size_t size = 0;
    EC_CHECK_EQUAL(ec_convert(NULL, NULL, 0, &size, NULL), EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(ec_convert(&f.input, NULL, 0, NULL, NULL), EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(ec_convert(&f.input, NULL, 9, &size, NULL), EC_ERROR_ARGUMENT);
    ec_error error = {0};
    f.input.struct_size = 8;
    EC_CHECK_EQUAL(ec_convert(&f.input, NULL, 0, &size, &error), EC_ERROR_ARGUMENT);
    EC_CHECK(strstr(error.message, "struct_size") != NULL);
    f.input.struct_size = sizeof f.input + 8;  // of a newer header: its last members are unknown
    EC_CHECK_EQUAL(ec_convert(&f.input, NULL, 0, &size, NULL), EC_ERROR_ARGUMENT);
    f.input.struct_size = sizeof f.input;
    f.input.weights = NULL;
    EC_CHECK_EQUAL(ec_convert(&f.input, NULL, 0, &size, NULL), EC_ERROR_ARGUMENT);
    tiny_directory_free(&f.directory);
}

int main(void) {
    test_round_trip();
    test_without_other();
    test_same_bytes();
    test_settings();
    test_config();
    test_token_types();
    test_weights();
    test_vocabulary();
    test_values();
    test_half("F16");
    test_half("BF16");
    test_capacity();
    test_arguments();
    return ec_test_result();
}
