// SPDX-License-Identifier: Apache-2.0
// Conversion of directories with tokenizer.json and tokenizer_config.json: the vocabulary, cased or
// uncased, and the refusal of what would split text otherwise than the core does.
#include <stdlib.h>

#include "ec_test.h"
#include "model.h"
#include "tiny_model.h"

typedef struct fixture {
    tiny_directory directory;
    ec_convert_input input;  // with tokenizer.json instead of vocab.txt
} fixture;

static void set_tokenizer_config(fixture *f, const char *text) {
    f->input.tokenizer_config = text;
    f->input.tokenizer_config_length = strlen(text);
}

static fixture fixture_new(void) {
    fixture f = {.directory = tiny_directory_new(&tiny_default, 9)};
    f.input = tiny_input(&f.directory, NULL);
    f.input.vocabulary = NULL;
    f.input.vocabulary_length = 0;
    f.input.tokenizer = f.directory.tokenizer;
    f.input.tokenizer_length = strlen(f.directory.tokenizer);
    return f;
}

// The bundle, for the caller to free; NULL on failure.
static uint8_t *convert(const ec_convert_input *input, size_t *size, ec_error *error) {
    if (ec_convert(input, NULL, 0, size, error) != EC_OK) {
        return NULL;
    }
    uint8_t *const bundle = malloc(*size);
    EC_CHECK_CASE(ec_convert(input, bundle, *size, size, error) == EC_OK, error->message);
    return bundle;
}

// tokenizer.json and vocab.txt of the same pieces make the same bundle; with both, vocab.txt
// counts.
static void test_same_vocabulary(void) {
    fixture f = fixture_new();
    ec_error error = {0};
    size_t size = 0;
    size_t expected_size = 0;
    uint8_t *const expected = tiny_bundle_new(&tiny_default, 9, NULL, &expected_size);
    uint8_t *bundle = convert(&f.input, &size, &error);
    EC_CHECK(bundle != NULL && size == expected_size);
    EC_CHECK_BYTES(bundle, expected, size);
    free(bundle);
    memcpy(strstr(f.directory.tokenizer, "word70"), "word_0", 6);
    f.input.vocabulary = f.directory.vocabulary;
    f.input.vocabulary_length = strlen(f.directory.vocabulary);
    bundle = convert(&f.input, &size, &error);
    EC_CHECK(bundle != NULL && size == expected_size);
    EC_CHECK_BYTES(bundle, expected, size);
    free(bundle);
    free(expected);
    tiny_directory_free(&f.directory);
}

// Replaces text in tokenizer.json by text of the same length or shorter.
static void replace(fixture *f, const char *from, const char *to) {
    char *const place = strstr(f->directory.tokenizer, from);
    if (EC_CHECK_CASE(place != NULL, from)) {
        memset(place, ' ', strlen(from));
        memcpy(place, to, strlen(to));
    }
}

// The changed tokenizer.json is refused, with a message that names `what`.
static void refuse(const char *from, const char *to, ec_status expected, const char *what) {
    fixture f = fixture_new();
    ec_error error = {0};
    size_t size = 0;
    replace(&f, from, to);
    uint8_t *const bundle = convert(&f.input, &size, &error);
    EC_CHECK_CASE(error.status == expected, to);
    EC_CHECK_CASE(strstr(error.message, what) != NULL, error.message);
    EC_CHECK_STRING(error.field, "tokenizer");
    free(bundle);
    tiny_directory_free(&f.directory);
}

static void test_tokenizer(void) {
    const ec_status bad = EC_ERROR_BUNDLE;
    const ec_status unsupported = EC_ERROR_UNSUPPORTED;
    refuse("\"BertNormalizer\"", "\"Lowercase\"", unsupported, "BertNormalizer");
    refuse("\"normalizer\"", "\"normaliser\"", unsupported, "BertNormalizer");
    refuse("\"BertPreTokenizer\"", "\"Whitespace\"", unsupported, "BertPreTokenizer");
    refuse("\"WordPiece\"", "\"BPE\"", unsupported, "WordPiece");
    refuse("\"[UNK]\"", "\"<u>\"", unsupported, "unk_token");
    refuse("\"##\"", "\"@@\"", unsupported, "continuing_subword_prefix");
    refuse("\"clean_text\": true", "\"clean_text\":false", unsupported, "clean_text");
    refuse("_per_word\":100", "_per_word\":99", unsupported, "max_input_chars_per_word");
    refuse("_per_word\":100", "_per_word\":\"\"", unsupported, "max_input_chars_per_word");
    refuse("\"lowercase\":true", "\"lowercase\":0", bad, "lowercase");
    refuse("\"vocab\"", "\"vocaB\"", bad, "vocab");
    refuse("\"word70\":70", "\"word70\":-7", bad, "vocab");
    refuse("\"word70\":70", "\"word70\":.7", bad, "");
    refuse("\"word70\":70", "\"wo\\nd\":70", bad, "one line");
    refuse("\"word70\":70", "\"word70\":71", bad, "id 71");
    refuse("\"word70\":70", "\"word7\":2e7", bad, "whole numbers");
}

// More ids than the checkpoint has rows.
static void test_too_many(void) {
    fixture f = fixture_new();
    ec_error error = {0};
    size_t size = 0;
    replace(&f, "\"word79\":79", "\"word79\":80");
    EC_CHECK_EQUAL(ec_convert(&f.input, NULL, 0, &size, &error), EC_ERROR_BUNDLE);
    EC_CHECK(strstr(error.message, "81 pieces") != NULL);
    tiny_directory_free(&f.directory);
}

// An id that no piece has stays free, and moves none of the others.
static void test_gap(void) {
    fixture f = fixture_new();
    ec_error error = {0};
    size_t size = 0;
    ec_model *model = NULL;
    replace(&f, "\"word70\":70,", "");
    uint8_t *const bundle = convert(&f.input, &size, &error);
    if (EC_CHECK_CASE(bundle != NULL, error.message) &&
        EC_CHECK_EQUAL(ec_model_load(bundle, size, &model, NULL), EC_OK)) {
        uint32_t id = 0;
        EC_CHECK_EQUAL(ec_model_get_info(model)->vocabulary_size, 80);
        EC_CHECK_EQUAL(ec_tokenize(model->vocab, "word71", 6, &id, 1), 1);
        EC_CHECK_EQUAL(id, 71);
        EC_CHECK(ec_tokenize(model->vocab, "word70", 6, &id, 1) != 1 || id != 70);
    }
    ec_model_free(model);
    free(bundle);
    tiny_directory_free(&f.directory);
}

// ------------------------------------------------------------- cased or uncased

// Whether the bundle is uncased, or -1 when it was refused.
static int lower_case_of(const fixture *f, ec_error *error) {
    size_t size = 0;
    ec_model *model = NULL;
    int lower_case = -1;
    uint8_t *const bundle = convert(&f->input, &size, error);
    if (bundle != NULL && EC_CHECK_EQUAL(ec_model_load(bundle, size, &model, NULL), EC_OK)) {
        uint32_t upper[4];
        uint32_t lower[4];
        const size_t count = ec_tokenize(model->vocab, "CAR", 3, upper, 4);
        ec_tokenize(model->vocab, "car", 3, lower, 4);
        lower_case = count == 1 && upper[0] == lower[0];
    }
    ec_model_free(model);
    free(bundle);
    return lower_case;
}

// Settings come first, then tokenizer_config.json, tokenizer.json and config.json.
static void expect_case(const char *normalizer, const char *tokenizer_config, const char *settings,
                        int expected) {
    fixture f = fixture_new();
    ec_error error = {0};
    replace(&f, "\"lowercase\":true", normalizer);
    set_tokenizer_config(&f, tokenizer_config);
    f.input.settings = settings;
    f.input.settings_length = strlen(settings);
    EC_CHECK_CASE(lower_case_of(&f, &error) == expected, tokenizer_config);
    EC_CHECK_EQUAL(error.status == EC_ERROR_UNSUPPORTED, expected < 0);
    tiny_directory_free(&f.directory);
}

static void test_case(void) {
    const char *const cased = "\"lowercase\":null";
    const char *const uncased = "\"lowercase\":true";
    const char *const switched = "{\"do_lower_case\":false,\"strip_accents\":null}";
    expect_case(uncased, "{}", "{}", true);
    expect_case(uncased, switched, "{}", false);
    expect_case(uncased, switched, "{\"lower_case\":true}", true);
    expect_case(uncased, "{\"do_lower_case\":true,\"strip_accents\":true}", "{}", true);
    expect_case(uncased, "{\"do_lower_case\":true,\"strip_accents\":false}", "{}", -1);
    expect_case(uncased, "{\"do_lower_case\":false,\"strip_accents\":true}", "{}", -1);
    expect_case(uncased, "{\"tokenize_chinese_chars\":false}", "{}", -1);
    expect_case(cased, "{}", "{}", true);
}

// config.json counts where the tokenizer's files say nothing.
static void test_config_case(void) {
    fixture f = fixture_new();
    ec_error error = {0};
    char *const place = strstr(f.directory.config, "\"layer_norm_eps\":1e-12");
    memcpy(place, "\"do_lower_case\":false ", strlen("\"layer_norm_eps\":1e-12"));
    EC_CHECK_EQUAL(lower_case_of(&f, &error), true);
    replace(&f, "\"lowercase\":true", "\"lowercase\":null");
    EC_CHECK_EQUAL(lower_case_of(&f, &error), false);
    set_tokenizer_config(&f, "{\"do_lower_case\":1}");
    EC_CHECK_EQUAL(lower_case_of(&f, &error), -1);
    EC_CHECK_STRING(error.field, "tokenizer_config");
    tiny_directory_free(&f.directory);
}

int main(void) {
    test_same_vocabulary();
    test_tokenizer();
    test_too_many();
    test_gap();
    test_case();
    test_config_case();
    return ec_test_result();
}
