// SPDX-License-Identifier: Apache-2.0
// Bundles that are wrong on purpose, with a digest that is right: only the other checks can tell.
#include <math.h>
#include <stdlib.h>

#include "ec_test.h"
#include "edit.h"
#include "tiny_model.h"

static const tiny_shape smallest = {.layers = 1,
                                    .hidden = 8,
                                    .heads = 2,
                                    .intermediate = 16,
                                    .vocabulary = TINY_VOCABULARY_MIN,
                                    .labels = 2,
                                    .max_tokens = 8};

static uint8_t *good;
static size_t good_size;

static edit begin(void) { return edit_open(good, good_size); }

// Loads the edited bundle, which must give this status.
static void expect(edit e, ec_status expected, const char *name) {
    size_t size = 0;
    ec_error error = {0};
    uint8_t *const image = edit_close(&e, &size);
    EC_CHECK_CASE(try_load(image, size, &error) == expected, name);
    EC_CHECK_CASE(expected == EC_OK || error.message[0] != '\0', name);
    free(image);
}

static void test_unchanged(void) {
    edit e = begin();
    size_t size = 0;
    ec_error error = {0};
    uint8_t *const image = edit_close(&e, &size);
    EC_CHECK_CASE(try_load(image, size, &error) == EC_OK, error.message);
    free(image);
}

// ------------------------------------------------------------- values

static void test_weights(void) {
    static const struct {
        const char *name;
        int value;
        bool ok;
    } cases[] = {
        {"layer.0.qkv.weight", 63, true},  {"layer.0.qkv.weight", -63, true},
        {"layer.0.qkv.weight", 64, false}, {"layer.0.qkv.weight", -64, false},
        {"pooler.weight", 127, false},     {"pooler.weight", -128, false},
        {"embeddings.word", 127, true},    {"embeddings.word", -127, true},
        {"embeddings.word", -128, false},  {"embeddings.token_type", -128, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t place = 0; place < 16; place += 15) {
            edit e = begin();
            edit_data(&e, cases[i].name)[place] = (uint8_t)cases[i].value;
            expect(e, cases[i].ok ? EC_OK : EC_ERROR_BUNDLE, cases[i].name);
        }
    }
}

static void test_floats(void) {
    const float values[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f, -1.0f, 1e-45f, 3e38f};
    const char *scales[] = {"embeddings.word.scale", "layer.0.output.scale", "pooler.scale"};
    const char *others[] = {"layer.0.qkv.bias", "embeddings.norm.gamma", "classifier.weight"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        for (size_t k = 0; k < 3; k++) {
            edit e = begin();
            memcpy(edit_data(&e, scales[k]) + 4, &values[i], sizeof(float));
            expect(e, i >= 6 ? EC_OK : EC_ERROR_BUNDLE, scales[k]);
            e = begin();
            memcpy(edit_data(&e, others[k]) + 4, &values[i], sizeof(float));
            expect(e, i >= 3 ? EC_OK : EC_ERROR_BUNDLE, others[k]);
        }
    }
}

// ------------------------------------------------------------- tensors

static void set_shape(edit *e, const char *name, int rows, int columns) {
    const int shape[2] = {rows, columns};
    cJSON_ReplaceItemInObjectCaseSensitive(edit_tensor(e, name), "shape",
                                           cJSON_CreateIntArray(shape, columns > 0 ? 2 : 1));
}

static void test_tensors(void) {
    edit e = begin();
    set_shape(&e, "layer.0.qkv.weight", 8, 24);
    expect(e, EC_ERROR_BUNDLE, "transposed");
    e = begin();
    set_shape(&e, "layer.0.qkv.weight", 192, 0);
    expect(e, EC_ERROR_BUNDLE, "flat");
    e = begin();
    set_shape(&e, "pooler.bias", 8, 1);
    expect(e, EC_ERROR_BUNDLE, "too many dimensions");
    e = begin();
    cJSON_SetValuestring(cJSON_GetObjectItem(edit_tensor(&e, "pooler.weight"), "dtype"), "U8");
    expect(e, EC_ERROR_BUNDLE, "wrong type");
    e = begin();
    cJSON_DeleteItemFromObjectCaseSensitive(e.header, "pooler.bias");
    expect(e, EC_ERROR_BUNDLE, "missing");
    e = begin();
    cJSON_AddItemToObject(e.header, "pooler.more",
                          cJSON_Parse("{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}"));
    expect(e, EC_ERROR_BUNDLE, "unknown");
    e = begin();
    cJSON_AddItemToObject(e.header, "pooler.bias",
                          cJSON_Duplicate(edit_tensor(&e, "pooler.bias"), true));
    expect(e, EC_ERROR_BUNDLE, "twice");
    // Two tensors of one shape that change places.
    e = begin();
    cJSON *const gamma = cJSON_DetachItemFromObject(e.header, "layer.0.output_norm.gamma");
    cJSON *const beta = cJSON_DetachItemFromObject(e.header, "layer.0.output_norm.beta");
    cJSON_AddItemToObject(e.header, "layer.0.output_norm.gamma", beta);
    cJSON_AddItemToObject(e.header, "layer.0.output_norm.beta", gamma);
    expect(e, EC_ERROR_BUNDLE, "out of place");
}

static void test_vocabulary(void) {
    edit e = begin();
    edit_data(&e, "vocabulary")[1] = 'X';
    expect(e, EC_ERROR_BUNDLE, "no [PAD]");
    e = begin();
    memcpy(strstr((char *)edit_data(&e, "vocabulary"), "crash"), "cr\nsh", 5);
    expect(e, EC_ERROR_BUNDLE, "a piece more than rows");
    e = begin();
    memcpy(strstr((char *)edit_data(&e, "vocabulary"), "\ncrash"), "xcrash", 6);
    expect(e, EC_ERROR_BUNDLE, "a piece less than rows");
}

// ------------------------------------------------------------- texts

typedef struct text_case {
    const char *key;
    const char *text;
    ec_status expected;
} text_case;

#define CONFIG(h, i, l, a, v, p, t, e)                                                           \
    "{\"hidden_size\":" h ",\"intermediate_size\":" i ",\"layers\":" l ",\"attention_heads\":" a \
    ",\"vocabulary_size\":" v ",\"max_tokens\":" p ",\"token_types\":" t                         \
    ",\"layer_norm_epsilon\":" e ",\"lower_case\":true}"

#define SETTINGS(label, temperature, threshold, rules)                                           \
    "{\"name\":\"n\",\"version\":\"v\",\"default_label\":" label ",\"temperature\":" temperature \
    ",\"review_threshold\":" threshold ",\"rules\":" rules "}"

#define RULE(label, confidence, words)   \
    SETTINGS("\"CarCrash\"", "1", "0.9", \
             "[{\"label\":" label ",\"confidence\":" confidence ",\"words\":" words "}]")

static const text_case text_cases[] = {
    {"config", CONFIG("8", "16", "1", "2", "63", "8", "2", "1e-12"), EC_OK},
    {"config", CONFIG("12", "16", "1", "2", "63", "8", "2", "1e-12"), EC_ERROR_UNSUPPORTED},
    {"config", CONFIG("8", "12", "1", "2", "63", "8", "2", "1e-12"), EC_ERROR_UNSUPPORTED},
    {"config", CONFIG("8200", "16", "1", "2", "63", "8", "2", "1e-12"), EC_ERROR_UNSUPPORTED},
    {"config", CONFIG("16", "16", "1", "2", "63", "8", "2", "1e-12"), EC_ERROR_BUNDLE},
    {"config", CONFIG("8", "16", "0", "2", "63", "8", "2", "1e-12"), EC_ERROR_UNSUPPORTED},
    {"config", CONFIG("8", "16", "49", "2", "63", "8", "2", "1e-12"), EC_ERROR_UNSUPPORTED},
    {"config", CONFIG("8", "16", "2", "2", "63", "8", "2", "1e-12"), EC_ERROR_BUNDLE},
    {"config", CONFIG("8", "16", "1", "0", "63", "8", "2", "1e-12"), EC_ERROR_UNSUPPORTED},
    {"config", CONFIG("8", "16", "1", "3", "63", "8", "2", "1e-12"), EC_ERROR_UNSUPPORTED},
    {"config", CONFIG("512", "16", "1", "1", "63", "8", "2", "1e-12"), EC_ERROR_UNSUPPORTED},
    {"config", CONFIG("8", "16", "1", "2", "64", "8", "2", "1e-12"), EC_ERROR_BUNDLE},
    {"config", CONFIG("8", "16", "1", "2", "0", "8", "2", "1e-12"), EC_ERROR_UNSUPPORTED},
    {"config", CONFIG("8", "16", "1", "2", "63", "7", "2", "1e-12"), EC_ERROR_UNSUPPORTED},
    {"config", CONFIG("8", "16", "1", "2", "63", "4097", "2", "1e-12"), EC_ERROR_UNSUPPORTED},
    {"config", CONFIG("8", "16", "1", "2", "63", "8", "0", "1e-12"), EC_ERROR_UNSUPPORTED},
    {"config", CONFIG("8", "16", "1", "2", "63", "8", "3", "1e-12"), EC_ERROR_UNSUPPORTED},
    {"config", CONFIG("8", "16", "1", "2", "63", "8", "2", "0"), EC_ERROR_UNSUPPORTED},
    {"config", CONFIG("8", "16", "1", "2", "63", "8", "2", "-1"), EC_ERROR_BUNDLE},
    {"config", CONFIG("8", "16", "1", "2", "63", "8", "2", "1e400"), EC_ERROR_BUNDLE},
    {"config", CONFIG("-8", "16", "1", "2", "63", "8", "2", "1e-12"), EC_ERROR_BUNDLE},
    {"config", CONFIG("8.5", "16", "1", "2", "63", "8", "2", "1e-12"), EC_ERROR_BUNDLE},
    {"config", CONFIG("4294967304", "16", "1", "2", "63", "8", "2", "1e-12"), EC_ERROR_BUNDLE},
    {"config", CONFIG("\"8\"", "16", "1", "2", "63", "8", "2", "1e-12"), EC_ERROR_BUNDLE},
    {"config", "{}", EC_ERROR_BUNDLE},
    {"config", "[]", EC_ERROR_BUNDLE},
    {"config", "", EC_ERROR_BUNDLE},
    {"config", "{\"hidden_size\":8", EC_ERROR_BUNDLE},
    {"labels", "[\"CarBreakdown\",\"CarCrash\"]", EC_OK},
    {"labels", "[\"CarCrash\",\"CarCrash\"]", EC_ERROR_BUNDLE},
    {"labels", "[\"CarBreakdown\",\"\"]", EC_ERROR_BUNDLE},
    {"labels", "[\"CarBreakdown\",\"Car\\nCrash\"]", EC_ERROR_BUNDLE},
    {"labels", "[\"CarBreakdown\",7]", EC_ERROR_BUNDLE},
    {"labels", "[\"CarBreakdown\"]", EC_ERROR_BUNDLE},
    {"labels", "[]", EC_ERROR_BUNDLE},
    {"labels", "{\"a\":\"CarBreakdown\",\"b\":\"CarCrash\"}", EC_ERROR_BUNDLE},
    {"labels",
     "[\"CarBreakdown\",\"CarCrash1234567890123456789012345678901234567890123456789"
     "012345678\"]",
     EC_ERROR_BUNDLE},
    {"settings", SETTINGS("\"CarCrash\"", "1", "0.9", "[]"), EC_OK},
    {"settings", SETTINGS("\"CarCrash\"", "1e-3", "0", "[]"), EC_OK},
    {"settings", SETTINGS("\"Nothing\"", "1", "0.9", "[]"), EC_ERROR_BUNDLE},
    {"settings", SETTINGS("1", "1", "0.9", "[]"), EC_ERROR_BUNDLE},
    {"settings", SETTINGS("\"CarCrash\"", "0", "0.9", "[]"), EC_ERROR_BUNDLE},
    {"settings", SETTINGS("\"CarCrash\"", "-1", "0.9", "[]"), EC_ERROR_BUNDLE},
    {"settings", SETTINGS("\"CarCrash\"", "1e39", "0.9", "[]"), EC_ERROR_BUNDLE},
    {"settings", SETTINGS("\"CarCrash\"", "1", "1.01", "[]"), EC_ERROR_BUNDLE},
    {"settings", SETTINGS("\"CarCrash\"", "1", "-0.1", "[]"), EC_ERROR_BUNDLE},
    {"settings", SETTINGS("\"CarCrash\"", "1", "0.9", "{}"), EC_ERROR_BUNDLE},
    {"settings", SETTINGS("\"CarCrash\"", "1", "0.9", "[1]"), EC_ERROR_BUNDLE},
    {"settings", RULE("\"CarCrash\"", "0.5", "[\"crash\"]"), EC_OK},
    {"settings", RULE("\"CarCras\"", "0.5", "[\"crash\"]"), EC_ERROR_BUNDLE},
    {"settings", RULE("\"CarCrash\"", "1.5", "[\"crash\"]"), EC_ERROR_BUNDLE},
    {"settings", RULE("\"CarCrash\"", "0.5", "[]"), EC_ERROR_BUNDLE},
    {"settings", RULE("\"CarCrash\"", "0.5", "\"crash\""), EC_ERROR_BUNDLE},
    {"settings", RULE("\"CarCrash\"", "0.5", "[\"Crash\"]"), EC_ERROR_BUNDLE},
    {"settings", RULE("\"CarCrash\"", "0.5", "[\"\"]"), EC_ERROR_BUNDLE},
    {"settings", RULE("\"CarCrash\"", "0.5", "[3]"), EC_ERROR_BUNDLE},
    {"settings", "{}", EC_ERROR_BUNDLE},
    {"settings", "7", EC_ERROR_BUNDLE},
    {"format", "email-classifier/2", EC_ERROR_BUNDLE},
    {"settings", RULE("\"CarCrash\"", "0.5", "[\" crash\"]"), EC_ERROR_BUNDLE},
    {"settings", RULE("\"CarCrash\"", "0.5", "[\"crash \"]"), EC_ERROR_BUNDLE},
};

static void test_texts(void) {
    for (size_t i = 0; i < sizeof text_cases / sizeof *text_cases; i++) {
        edit e = begin();
        edit_metadata(&e, text_cases[i].key, text_cases[i].text);
        expect(e, text_cases[i].expected, text_cases[i].text);
    }
    edit e = begin();
    cJSON_DeleteItemFromObjectCaseSensitive(edit_tensor(&e, "__metadata__"), "format");
    expect(e, EC_ERROR_BUNDLE, "no format");
    e = begin();
    cJSON_AddStringToObject(edit_tensor(&e, "__metadata__"), "more", "text");
    expect(e, EC_ERROR_BUNDLE, "an unknown text");
}

// The digest covers the texts as well: a temperature cannot be changed behind its back.
static void test_digest(void) {
    uint8_t *const image = malloc(good_size);
    if (!EC_CHECK(image != NULL)) {
        return;
    }
    memcpy(image, good, good_size);
    static const char key[] = "\\\"temperature\\\":1";
    for (size_t i = 0; i + sizeof key < good_size; i++) {
        if (memcmp(image + i, key, sizeof key - 1) == 0) {
            image[i + sizeof key - 2] = '2';
        }
    }
    EC_CHECK(memcmp(image, good, good_size) != 0);
    EC_CHECK_EQUAL(try_load(image, good_size, NULL), EC_ERROR_DIGEST);
    free(image);
}

int main(void) {
    good = tiny_bundle_new(&smallest, 3, NULL, &good_size);
    test_unchanged();
    test_weights();
    test_floats();
    test_tensors();
    test_vocabulary();
    test_texts();
    test_digest();
    free(good);
    return ec_test_result();
}
