// SPDX-License-Identifier: Apache-2.0
// Headers of safetensors files that must not be believed.
#include <stdlib.h>

#include "ec_test.h"
#include "edit.h"
#include "json.h"
#include "safetensors.h"

static const uint8_t data[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static ec_status open_text(const char *header, size_t data_size, ec_error *error) {
    size_t size = 0;
    uint8_t *const image = image_new(header, strlen(header), data, data_size, &size);
    ec_safetensors *file = NULL;
    const ec_status status = ec_safetensors_open(image, size, "test", &file, error);
    ec_safetensors_free(file);
    free(image);
    return status;
}

static void refuse(const char *header, size_t data_size) {
    ec_error error = {0};
    EC_CHECK_CASE(open_text(header, data_size, &error) == EC_ERROR_BUNDLE, header);
    EC_CHECK_CASE(error.message[0] != '\0' && strcmp(error.field, "test") == 0, header);
}

static void accept(const char *header, size_t data_size) {
    EC_CHECK_CASE(open_text(header, data_size, NULL) == EC_OK, header);
}

#define T(dtype, shape, begin, end) \
    "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

static void test_places(void) {
    accept("{}", 0);
    accept("{\"a\":" T("U8", "[16]", "0", "16") "}  ", 16);
    accept("{\"b\":" T("I8", "[8]", "8", "16") ",\"a\":" T("F32", "[2]", "0", "8") "}", 16);
    accept("{\"e\":" T("F32", "[0,3]", "0", "0") ",\"a\":" T("F64", "[]", "0", "8") "}", 8);
    refuse("{}", 1);
    refuse("{\"a\":" T("U8", "[16]", "0", "16") "}", 15);
    refuse("{\"a\":" T("U8", "[15]", "0", "15") "}", 16);
    refuse("{\"a\":" T("U8", "[15]", "1", "16") "}", 16);
    refuse("{\"a\":" T("U8", "[8]", "0", "8") ",\"b\":" T("U8", "[7]", "9", "16") "}", 16);
    refuse("{\"a\":" T("U8", "[9]", "0", "9") ",\"b\":" T("U8", "[8]", "8", "16") "}", 16);
    refuse("{\"a\":" T("U8", "[16]", "0", "16") ",\"b\":" T("U8", "[16]", "0", "16") "}", 16);
    refuse("{\"a\":" T("U8", "[16]", "0", "16") ",\"a\":" T("U8", "[0]", "16", "16") "}", 16);
    refuse("{\"a\":" T("U8", "[16]", "0", "16") ",\"\\u0061\":" T("U8", "[0]", "0", "0") "}", 16);
}

static void test_numbers(void) {
    refuse("{\"a\":" T("U8", "[16]", "16", "0") "}", 16);
    refuse("{\"a\":" T("U8", "[16]", "-16", "0") "}", 16);
    refuse("{\"a\":" T("U8", "[-16]", "0", "16") "}", 16);
    refuse("{\"a\":" T("U8", "[16]", "0.5", "16.5") "}", 16);
    refuse("{\"a\":" T("U8", "[15.5]", "0", "16") "}", 16);
    refuse("{\"a\":" T("U8", "[16]", "0", "1e400") "}", 16);
    refuse("{\"a\":" T("U8", "[1e400]", "0", "16") "}", 16);
    refuse("{\"a\":" T("U8", "[16]", "18446744073709551600", "18446744073709551616") "}", 16);
    refuse("{\"a\":" T("U8", "[16]", "9007199254740992", "9007199254741008") "}", 16);
    refuse("{\"a\":" T("U8", "[16]", "4294967280", "4294967296") "}", 16);
    // Products that are 16 again after 2^64.
    refuse("{\"a\":" T("F32", "[4294967296,4294967296]", "0", "0") "}", 0);
    refuse("{\"a\":" T("F32", "[4611686018427387904]", "0", "0") "}", 0);
    refuse("{\"a\":" T("F32", "[2147483648,2147483648,2]", "0", "16") "}", 16);
    refuse("{\"a\":" T("U8", "[016]", "0", "16") "}", 16);
    refuse("{\"a\":" T("U8", "[+16]", "0", "16") "}", 16);
    refuse("{\"a\":" T("U8", "[NaN]", "0", "16") "}", 16);
    refuse("{\"a\":" T("U8", "[\"16\"]", "0", "16") "}", 16);
    refuse("{\"a\":" T("U8", "[1,1,1,1,1,1,1,1,16]", "0", "16") "}", 16);
}

static void test_entries(void) {
    refuse("[]", 0);
    refuse("1", 0);
    refuse("", 0);
    refuse("{\"a\":1}", 0);
    refuse("{\"a\":" T("F7", "[16]", "0", "16") "}", 16);
    refuse("{\"a\":" T("f32", "[4]", "0", "16") "}", 16);
    refuse("{\"a\":" T("F32", "[16]", "0", "16") "}", 16);
    refuse("{\"a\":" T("U8", "{}", "0", "16") "}", 16);
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[16]}}", 16);
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0]}}", 16);
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,16,16]}}", 16);
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,16],\"x\":1}}", 16);
    refuse("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,16]}}",
           16);
    refuse("{\"__metadata__\":[]}", 0);
    refuse("{\"__metadata__\":{\"a\":1}}", 0);
    refuse("{\"__metadata__\":{\"a\":\"b\",\"a\":\"b\"}}", 0);
    accept("{\"__metadata__\":{\"a\":\"b\"}}", 0);
}

static void test_json(void) {
    static const char *const bad[] = {
        "{",
        "}",
        "{}}",
        "{} x",
        "{\"a\"}",
        "{\"a\":}",
        "{,}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "[1 2]",
        "[1,]",
        "[,1]",
        "tru",
        "nul",
        "truex",
        "-",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x10",
        "--1",
        "\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"\n\"",
        "\xEF\xBB\xBF{}",
        "\"\xFF\"",
        "\"\xC0\x80\"",
        "\"\xED\xA0\x80\"",
        "\"\xF4\x90\x80\x80\"",
        "\"\xE2\x82\"",
        "\xA0{}",
        "\f{}",
        "1e400",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        "{\"a\":1,\"b\":2,\"a\":3}",
        "/**/{}",
        " ",
    };
    static const char *const good[] = {
        "{}",
        " [ ] ",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        "-0",
        "1.5e-3",
        "1E+2",
        "\"\\ud83d\\ude00\"",
        "\"\xF0\x9F\x98\x80\"",
        "{\"a\":{\"a\":1},\"A\":1}",
        "\t\r\n null \n",
        "\"\\\"\\\\\\/\\b\"",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cJSON *root = NULL;
        EC_CHECK_CASE(ec_json_parse(bad[i], strlen(bad[i]), "test", &root, NULL) == EC_ERROR_BUNDLE,
                      bad[i]);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cJSON *root = NULL;
        EC_CHECK_CASE(ec_json_parse(good[i], strlen(good[i]), "test", &root, NULL) == EC_OK,
                      good[i]);
        cJSON_Delete(root);
    }
    cJSON *root = NULL;
    EC_CHECK_EQUAL(ec_json_parse("{}\0", 3, "test", &root, NULL), EC_ERROR_BUNDLE);
    EC_CHECK_EQUAL(ec_json_parse("\"a\0b\"", 5, "test", &root, NULL), EC_ERROR_BUNDLE);
}

// Text that is all brackets, or all values, must be refused before it costs memory.
static void test_floods(void) {
    enum { SIZE = 1 << 20 };
    char *const text = malloc(SIZE);
    if (!EC_CHECK(text != NULL)) {
        return;
    }
    cJSON *root = NULL;
    memset(text, '[', SIZE);
    EC_CHECK_EQUAL(ec_json_parse(text, SIZE, "test", &root, NULL), EC_ERROR_BUNDLE);
    for (size_t i = 0; i < SIZE; i++) {
        text[i] = i % 2 == 0 ? '1' : ',';
    }
    text[0] = '[';
    text[SIZE - 1] = ']';
    EC_CHECK_EQUAL(ec_json_parse(text, SIZE, "test", &root, NULL), EC_ERROR_BUNDLE);
    free(text);
}

static void test_prefix(void) {
    static const uint8_t huge[16] = {255, 255, 255, 255, 255, 255, 255, 255, '{', '}'};
    static const uint8_t one_more[10] = {3, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
    ec_safetensors *file = NULL;
    for (size_t size = 0; size <= sizeof huge; size++) {
        EC_CHECK_EQUAL(ec_safetensors_open(huge, size, "test", &file, NULL), EC_ERROR_BUNDLE);
    }
    EC_CHECK_EQUAL(ec_safetensors_open(one_more, 10, "test", &file, NULL), EC_ERROR_BUNDLE);
}

static void test_lookup(void) {
    const char *header =
        "{\"b\":" T("I8", "[2,4]", "8",
                    "16") ",\"__metadata__\":{\"k\":\"v\"},\"a\":" T("F32", "[2]", "0", "8") "}";
    size_t size = 0;
    uint8_t *const image = image_new(header, strlen(header), data, 16, &size);
    ec_safetensors *file = NULL;
    EC_CHECK_EQUAL(ec_safetensors_open(image, size, "test", &file, NULL), EC_OK);
    EC_CHECK_EQUAL(ec_safetensors_count(file), 2);
    const ec_tensor *b = ec_safetensors_find(file, "b");
    EC_CHECK(b == ec_safetensors_at(file, 1) && b->dtype == EC_DTYPE_I8 && b->rank == 2);
    EC_CHECK(b->shape[0] == 2 && b->shape[1] == 4 && b->size == 8 && b->data[0] == 9);
    EC_CHECK_EQUAL(image[b->offset], 9);
    EC_CHECK(ec_safetensors_find(file, "c") == NULL);
    EC_CHECK(ec_safetensors_find(file, "__metadata__") == NULL);
    EC_CHECK_STRING(ec_safetensors_metadata(file, "k"), "v");
    EC_CHECK(ec_safetensors_metadata(file, "x") == NULL);
    ec_safetensors_free(file);
    ec_safetensors_free(NULL);
    free(image);
}

int main(void) {
    test_places();
    test_numbers();
    test_entries();
    test_json();
    test_floods();
    test_prefix();
    test_lookup();
    return ec_test_result();
}
