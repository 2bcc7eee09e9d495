// SPDX-License-Identifier: Apache-2.0
// The tiny checkpoint in three implementations: Hugging Face's logits, made by make_tiny.py; the
// slow float reference; the core in int8. What the core gives stands in int8_logits.json, to the
// last bit, since every host must give the same; `test_parity --print` prints it anew.
#include <cJSON.h>
#include <math.h>
#include <pthreadpool.h>
#include <stdlib.h>

#include "ec_test.h"
#include "reference/reference_load.h"
#include "tokenizer/read_file.h"

enum { MAX_TOKENS = 64, LABELS = 6 };

typedef struct golden {
    uint32_t ids[MAX_TOKENS];
    uint8_t types[MAX_TOKENS];
    size_t count;
    float logits[LABELS];
} golden;

typedef struct files {
    char *config, *vocabulary, *weights, *goldens, *rounded;
    size_t config_length, vocabulary_length, weights_length, goldens_length, rounded_length;
} files;

static files read_files(void) {
    files f;
    f.config = read_file(TINY_DIR "/config.json", &f.config_length);
    f.vocabulary = read_file(TINY_DIR "/vocab.txt", &f.vocabulary_length);
    f.weights = read_file(TINY_DIR "/model.safetensors", &f.weights_length);
    f.goldens = read_file(TINY_DIR "/logits.json", &f.goldens_length);
    f.rounded = read_file(TINY_DIR "/int8_logits.json", &f.rounded_length);
    return f;
}

static golden read_golden(const cJSON *item) {
    golden g = {.count = 0};
    const cJSON *ids = cJSON_GetObjectItemCaseSensitive(item, "ids");
    const cJSON *types = cJSON_GetObjectItemCaseSensitive(item, "types");
    const cJSON *logits = cJSON_GetObjectItemCaseSensitive(item, "logits");
    g.count = (size_t)cJSON_GetArraySize(ids);
    for (size_t i = 0; i < g.count; i++) {
        g.ids[i] = (uint32_t)cJSON_GetArrayItem(ids, (int)i)->valueint;
        g.types[i] = (uint8_t)cJSON_GetArrayItem(types, (int)i)->valueint;
    }
    for (int i = 0; i < LABELS; i++) {
        g.logits[i] = (float)cJSON_GetArrayItem(logits, i)->valuedouble;
    }
    return g;
}

static float difference(const float *a, const float *b) {
    float largest = 0;
    for (int i = 0; i < LABELS; i++) {
        largest = fmaxf(largest, fabsf(a[i] - b[i]));
    }
    return largest;
}

// The float reference against PyTorch.
static void test_reference(const ref_model *reference, const golden *g) {
    float logits[LABELS];
    ref_forward(reference, g->ids, g->types, g->count, false, logits);
    EC_CHECK(difference(logits, g->logits) < 1e-4f);
}

// The core against the reference with the same int8 weights and the same rounding: what is left is
// the order of float additions. Rarely, that order decides a rounding.
static bool test_core(const ref_model *rounded, const float *logits, const golden *g) {
    float expected[LABELS];
    ref_forward(rounded, g->ids, g->types, g->count, true, expected);
    EC_CHECK(difference(logits, expected) < 0.08f);
    return difference(logits, expected) < 1e-5f;
}

// Every processor, compiler and instruction set gives these very bits.
static void test_exact(const cJSON *row, const float *logits) {
    for (int i = 0; i < LABELS; i++) {
        EC_CHECK((float)cJSON_GetNumberValue(cJSON_GetArrayItem(row, i)) == logits[i]);
    }
}

static void print_logits(const float *logits, bool last) {
    for (int i = 0; i < LABELS; i++) {
        printf("%s%.9g", i == 0 ? "[" : ", ", logits[i]);
    }
    puts(last ? "]" : "],");
}

// The same sums on two threads as on one.
static void test_threads(const ec_model *model, const golden *goldens, int count) {
    pthreadpool_t pool = pthreadpool_create(2);
    ec_classifier_options options = {.struct_size = sizeof options};
    ec_classifier *one = NULL;
    ec_classifier *two = NULL;
    EC_CHECK(ec_classifier_new(model, &options, &one, NULL) == EC_OK);
    options.threadpool = pool;
    EC_CHECK(ec_classifier_new(model, &options, &two, NULL) == EC_OK);
    for (int i = 0; i < count; i++) {
        float a[LABELS];
        float b[LABELS];
        const golden *g = &goldens[i];
        ec_classifier_logits(one, g->ids, g->types, g->count, a, NULL);
        ec_classifier_logits(two, g->ids, g->types, g->count, b, NULL);
        EC_CHECK_BYTES(a, b, sizeof a);
    }
    ec_classifier_free(one);
    ec_classifier_free(two);
    pthreadpool_destroy(pool);
}

// Ids, types and lengths out of range are refused.
static void test_arguments(ec_classifier *classifier, const golden *g, uint32_t vocabulary_size) {
    float logits[LABELS];
    golden bad = *g;
    EC_CHECK(ec_classifier_logits(classifier, bad.ids, bad.types, 0, logits, NULL) ==
             EC_ERROR_ARGUMENT);
    EC_CHECK(ec_classifier_logits(classifier, bad.ids, bad.types, MAX_TOKENS + 1, logits, NULL) ==
             EC_ERROR_ARGUMENT);
    bad.ids[bad.count - 1] = vocabulary_size;
    EC_CHECK(ec_classifier_logits(classifier, bad.ids, bad.types, bad.count, logits, NULL) ==
             EC_ERROR_ARGUMENT);
    bad = *g;
    bad.types[0] = 2;
    EC_CHECK(ec_classifier_logits(classifier, bad.ids, bad.types, bad.count, logits, NULL) ==
             EC_ERROR_ARGUMENT);
}

static ec_model *convert(const files *f, void **bundle) {
    const ec_convert_input input = {.struct_size = sizeof input,
                                    .config = f->config,
                                    .config_length = f->config_length,
                                    .vocabulary = f->vocabulary,
                                    .vocabulary_length = f->vocabulary_length,
                                    .weights = f->weights,
                                    .weights_length = f->weights_length};
    size_t size = 0;
    ec_error error = {0};
    ec_model *model = NULL;
    EC_CHECK(ec_convert(&input, NULL, 0, &size, &error) == EC_OK);
    *bundle = malloc(size);
    EC_CHECK_CASE(ec_convert(&input, *bundle, size, &size, &error) == EC_OK, error.message);
    EC_CHECK_CASE(ec_model_load(*bundle, size, &model, &error) == EC_OK, error.message);
    return model;
}

// A network whose numbers overflow is a failure, not an answer.
static void test_overflow(const files *good) {
    static const char subject[] = "stolen";
    static const char message[] = "my car was stolen last night";
    files f = *good;
    f.weights = malloc(f.weights_length);
    memcpy(f.weights, good->weights, f.weights_length);
    ec_safetensors *file = NULL;
    EC_CHECK(ec_safetensors_open(f.weights, f.weights_length, "weights", &file, NULL) == EC_OK);
    const ec_tensor *gamma =
        ec_safetensors_find(file, "bert.encoder.layer.1.output.LayerNorm.weight");
    const float huge = 3e38f;
    memcpy(f.weights + gamma->offset, &huge, sizeof huge);
    ec_safetensors_free(file);

    void *bundle = NULL;
    ec_model *model = convert(&f, &bundle);
    ec_classifier *classifier = NULL;
    const ec_email email = {subject, sizeof subject - 1, message, sizeof message - 1};
    const uint32_t ids[] = {2, 7, 9};
    const uint8_t types[] = {0, 0, 1};
    float logits[LABELS];
    ec_answer answer;
    EC_CHECK(ec_classifier_new(model, NULL, &classifier, NULL) == EC_OK);
    EC_CHECK(ec_classifier_logits(classifier, ids, types, 3, logits, NULL) == EC_ERROR_INFERENCE);
    EC_CHECK(ec_classify(classifier, &email, 0, &answer, NULL) == EC_OK);
    EC_CHECK(answer.fallback_used && answer.source != EC_SOURCE_MODEL);
    ec_classifier_free(classifier);
    ec_model_free(model);
    free(bundle);
    free(f.weights);
}

int main(int argc, char **argv) {
    const bool print = argc > 1 && strcmp(argv[1], "--print") == 0;
    const files f = read_files();
    void *bundle = NULL;
    ec_model *model = convert(&f, &bundle);
    ec_safetensors *file = NULL;
    EC_CHECK(ec_safetensors_open(f.weights, f.weights_length, "weights", &file, NULL) == EC_OK);
    if (model == NULL || file == NULL) {
        return ec_test_result();
    }
    ref_model *reference = ref_from_safetensors(file, ec_model_get_info(model), 1e-12f);
    ref_model *rounded = ref_from_model(model);
    ec_classifier *classifier = NULL;
    EC_CHECK(ec_classifier_new(model, NULL, &classifier, NULL) == EC_OK);

    cJSON *list = cJSON_ParseWithLength(f.goldens, f.goldens_length);
    const int count = cJSON_GetArraySize(list);
    golden *goldens = calloc((size_t)count, sizeof *goldens);
    EC_CHECK(count >= 18);
    cJSON *int8 = cJSON_ParseWithLength(f.rounded, f.rounded_length);
    int close = 0;
    for (int i = 0; i < count; i++) {
        float logits[LABELS];
        const golden *g = &goldens[i];
        goldens[i] = read_golden(cJSON_GetArrayItem(list, i));
        EC_CHECK(ec_classifier_logits(classifier, g->ids, g->types, g->count, logits, NULL) ==
                 EC_OK);
        if (print) {
            print_logits(logits, i == count - 1);
            continue;
        }
        test_reference(reference, g);
        test_exact(cJSON_GetArrayItem(int8, i), logits);
        close += test_core(rounded, logits, g);
    }
    EC_CHECK(print || close >= count - 2);
    test_overflow(&f);
    test_threads(model, goldens, count);
    test_arguments(classifier, &goldens[count - 1], ec_model_get_info(model)->vocabulary_size);

    free(goldens);
    cJSON_Delete(list);
    cJSON_Delete(int8);
    ec_classifier_free(classifier);
    ref_free(reference);
    ref_free(rounded);
    ec_safetensors_free(file);
    ec_model_free(model);
    free(bundle);
    free(f.config);
    free(f.vocabulary);
    free(f.weights);
    free(f.goldens);
    free(f.rounded);
    return ec_test_result();
}
