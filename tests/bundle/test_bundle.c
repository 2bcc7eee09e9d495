// SPDX-License-Identifier: Apache-2.0
#define _DEFAULT_SOURCE  // MAP_ANONYMOUS

// Loading: what a bundle says is what the model has, and no damage gets through.
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ec_test.h"
#include "edit.h"
#include "model.h"
#include "tiny_model.h"

static const tiny_shape smallest = {.layers = 1,
                                    .hidden = 8,
                                    .heads = 2,
                                    .intermediate = 8,
                                    .vocabulary = TINY_VOCABULARY_MIN,
                                    .labels = 2,
                                    .max_tokens = 8};

static const char settings[] =
    "{\"name\":\"tiny \\\"one\\\"\",\"version\":\"2.3\",\"default_label\":\"CarTheft\","
    "\"temperature\":1.25,\"review_threshold\":0.75,\"licence\":\"none\","
    "\"rules\":[{\"label\":\"CarCrash\",\"confidence\":0.5,\"words\":[\"crash\",\"hit me\"]}]}";

static size_t header_length(const uint8_t *image) {
    return 8 + (size_t)image[0] + ((size_t)image[1] << 8);
}

// ------------------------------------------------------------- what a good bundle gives

static void test_info(void) {
    size_t size = 0;
    uint8_t *const image = tiny_bundle_new(&tiny_default, 1, settings, &size);
    ec_model *model = NULL;
    ec_error error = {0};
    if (!EC_CHECK_CASE(ec_model_load(image, size, &model, &error) == EC_OK, error.message)) {
        return;
    }
    const ec_model_info *info = ec_model_get_info(model);
    EC_CHECK_STRING(info->name, "tiny \"one\"");
    EC_CHECK_STRING(info->version, "2.3");
    EC_CHECK_STRING(info->metadata, settings);
    EC_CHECK_EQUAL(strlen(info->digest), 64);
    EC_CHECK_EQUAL(info->label_count, 6);
    EC_CHECK_STRING(info->labels[3], "CarTheft");
    EC_CHECK_EQUAL(info->default_class_id, 3);
    EC_CHECK(info->hidden_size == 32 && info->intermediate_size == 64 && info->layer_count == 2);
    EC_CHECK(info->attention_heads == 4 && info->vocabulary_size == 80 && info->max_tokens == 64);
    EC_CHECK(fabsf(info->temperature - 1.25f) < 1e-6f);
    EC_CHECK(fabsf(info->review_threshold - 0.75f) < 1e-6f);
    EC_CHECK(info->packed_bytes > 0);
    EC_CHECK(model->rules.count == 1 && model->rules.items[0].word_count == 2);
    EC_CHECK_STRING(model->rules.items[0].words[1], "hit me");
    EC_CHECK_EQUAL(model->rules.items[0].class_id, 1);
    const ec_weights *w = &model->weights;
    EC_CHECK((uintptr_t)w->classifier_weight % 64 == 0 && (uintptr_t)w->word.scale % 64 == 0);
    EC_CHECK((const uint8_t *)w->layers[1].output.weight > image);
    EC_CHECK((const uint8_t *)w->layers[1].output.weight < image + size);
    EC_CHECK(w->layers[1].output.input_channels == 64 && w->layers[1].qkv.output_channels == 96);
    ec_model_free(model);
    ec_model_free(NULL);
    free(image);
}

static void test_builtin(void) {
    const ec_model_info *info = ec_model_get_info(NULL);
    EC_CHECK_EQUAL(info->label_count, 6);
    EC_CHECK_STRING(info->labels[0], "CarBreakdown");
    EC_CHECK_STRING(info->labels[info->default_class_id], "Other");
    EC_CHECK_EQUAL(ec_builtin_rules.count, 5);
    EC_CHECK_STRING(info->labels[ec_builtin_rules.items[0].class_id], "CarTheft");
    EC_CHECK_STRING(info->labels[ec_builtin_rules.items[4].class_id], "CarRenewal");
}

static void test_arguments(void) {
    ec_model *model = NULL;
    ec_error error = {0};
    EC_CHECK_EQUAL(ec_model_load(NULL, 8, &model, &error), EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(ec_model_load("", 0, NULL, NULL), EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(ec_model_load("", 0, &model, &error), EC_ERROR_BUNDLE);
    EC_CHECK(model == NULL);
}

// ------------------------------------------------------------- where the image lies

// The image may start anywhere, and nothing behind its last byte is read.
static void test_places(const uint8_t *image, size_t size) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t room = (size / page + 2) * page;
    char *const memory =
        mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!EC_CHECK(memory != MAP_FAILED && mprotect(memory + room, page, PROT_NONE) == 0)) {
        return;
    }
    for (size_t i = 0; i < 9; i++) {
        char *const copy = memory + room - size - i;
        memcpy(copy, image, size);
        ec_model *model = NULL;
        EC_CHECK_EQUAL(ec_model_load(copy, size, &model, NULL), EC_OK);
        ec_model_free(model);
    }
    // Cut off anywhere in the header, the file still ends at the guard page.
    for (size_t cut = 0; cut < header_length(image); cut++) {
        char *const copy = memory + room - cut;
        memcpy(copy, image, cut);
        ec_model *model = NULL;
        EC_CHECK_EQUAL(ec_model_load(copy, cut, &model, NULL), EC_ERROR_BUNDLE);
    }
    munmap(memory, room + page);
}

// ------------------------------------------------------------- damage

static void test_truncation(const uint8_t *image, size_t size) {
    ec_error error = {0};
    const size_t header = header_length(image);
    for (size_t cut = 0; cut <= header; cut++) {
        EC_CHECK_EQUAL(try_load(image, cut, &error), EC_ERROR_BUNDLE);
        EC_CHECK(error.message[0] != '\0');
    }
    for (size_t i = 0; i < 200; i++) {
        const size_t cut = size - 1 - i * (size - header - 1) / 200;
        EC_CHECK_EQUAL(try_load(image, cut, &error), EC_ERROR_BUNDLE);
    }
    uint8_t *const longer = calloc(1, size + 1);
    if (EC_CHECK(longer != NULL)) {
        memcpy(longer, image, size);
        EC_CHECK_EQUAL(try_load(longer, size + 1, &error), EC_ERROR_BUNDLE);
        free(longer);
    }
}

static bool is_same_string(const char *a, const char *b) { return strcmp(a, b) == 0; }

static bool is_same_model(const ec_model *a, const ec_model *b) {
    const ec_model_info *x = &a->info;
    const ec_model_info *y = &b->info;
    return is_same_string(x->digest, y->digest) && is_same_string(x->name, y->name) &&
           is_same_string(x->version, y->version) && is_same_string(x->metadata, y->metadata) &&
           x->label_count == y->label_count && is_same_string(x->labels[0], y->labels[0]) &&
           x->default_class_id == y->default_class_id && x->hidden_size == y->hidden_size &&
           x->attention_heads == y->attention_heads && x->max_tokens == y->max_tokens &&
           memcmp(&x->temperature, &y->temperature, sizeof(float)) == 0 &&
           a->rules.count == b->rules.count &&
           memcmp(a->weights.classifier_weight, b->weights.classifier_weight,
                  x->label_count * x->hidden_size * sizeof(float)) == 0;
}

// Every byte of the header, changed in several ways: an error, or still the same model.
static void test_header_flips(uint8_t *image, size_t size, const ec_model *original) {
    static const uint8_t masks[] = {0x01, 0x02, 0x10, 0x20, 0x80, 0xFF};
    size_t accepted = 0;
    for (size_t i = 0; i < header_length(image); i++) {
        const uint8_t before = image[i];
        for (size_t k = 0; k < sizeof masks + 4; k++) {
            image[i] = k < sizeof masks ? before ^ masks[k] : (uint8_t)"0\"} "[k - sizeof masks];
            ec_model *model = NULL;
            ec_error error = {0};
            const ec_status status = ec_model_load(image, size, &model, &error);
            if (image[i] == before) {
                EC_CHECK_EQUAL(status, EC_OK);
            } else if (status == EC_OK) {
                accepted++;
                EC_CHECK(is_same_model(model, original));
            } else {
                EC_CHECK(model == NULL && error.status == status && error.message[0] != '\0');
            }
            ec_model_free(model);
            image[i] = before;
        }
    }
    // Only white space may change unnoticed: none but the padding.
    EC_CHECK(accepted < 4 * 64);
}

static void test_data_flips(uint8_t *image, size_t size) {
    for (size_t i = header_length(image); i < size; i++) {
        image[i] ^= (uint8_t)(1u << i % 8);
        ec_error error = {0};
        ec_model *model = NULL;
        EC_CHECK_EQUAL(ec_model_load(image, size, &model, &error), EC_ERROR_DIGEST);
        image[i] ^= (uint8_t)(1u << i % 8);
    }
}

static void test_damage(void) {
    size_t size = 0;
    uint8_t *const image = tiny_bundle_new(&smallest, 7, NULL, &size);
    ec_model *original = NULL;
    ec_error error = {0};
    if (EC_CHECK_CASE(ec_model_load(image, size, &original, &error) == EC_OK, error.message)) {
        uint8_t *const copy = malloc(size);
        if (EC_CHECK(copy != NULL)) {
            memcpy(copy, image, size);
            test_header_flips(copy, size, original);
            test_data_flips(copy, size);
            free(copy);
        }
        test_places(image, size);
        test_truncation(image, size);
    }
    ec_model_free(original);
    free(image);
}

int main(void) {
    test_info();
    test_builtin();
    test_arguments();
    test_damage();
    return ec_test_result();
}
