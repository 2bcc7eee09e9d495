// SPDX-License-Identifier: Apache-2.0
// Checkpoints of Hugging Face transformers and back: what a converted bundle makes of emails and
// token ids against what transformers made of them (checkpoints.py).
//
//   test_round_trip [--print] FOLDER...    --print: one line of figures for each folder
//
// The bundle's own weights, computed in float, must give transformers' logits: so every tensor is
// in its place and rounded rightly. The core must give what the slow reference gives when it rounds
// activations as the core does. Where the order of additions lets one rounding to 7 bits fall
// otherwise, random networks make much of it, the more the deeper they are: so all must be near,
// and some the same.
#include <cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "ec_test.h"
#include "model.h"
#include "reference/reference_load.h"
#include "tokenizer/read_file.h"

enum { MAX_TOKENS = 512 };

typedef struct golden {
    uint32_t ids[MAX_TOKENS];
    uint8_t types[MAX_TOKENS];
    size_t count;
    float logits[EC_MAX_LABELS], float_logits[EC_MAX_LABELS];
    const char *subject, *message;  // NULL for bare token ids
} golden;

// What is under test, and how far it was off.
typedef struct trip {
    void *bundle;
    ec_model *model;
    ec_classifier *classifier;
    ref_model *reference;
    uint32_t label_count;
    int goldens, exact;  // exact: nothing was rounded otherwise than in the reference
    float weights_off, core_off, score_off;
} trip;

// ------------------------------------------------------------- files

typedef struct file {
    char *bytes;
    size_t length;
} file;

static file read_in(const char *folder, const char *name) {
    char path[1024];
    file f = {NULL, 0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (access(path, F_OK) == 0) {
        f.bytes = read_file(path, &f.length);
    }
    return f;
}

static void *convert(const char *folder, size_t *size) {
    const file config = read_in(folder, "config.json");
    const file vocabulary = read_in(folder, "vocab.txt");
    const file tokenizer = read_in(folder, "tokenizer.json");
    const file tokenizer_config = read_in(folder, "tokenizer_config.json");
    const file weights = read_in(folder, "model.safetensors");
    const ec_convert_input input = {.struct_size = sizeof input,
                                    .config = config.bytes,
                                    .config_length = config.length,
                                    .vocabulary = vocabulary.bytes,
                                    .vocabulary_length = vocabulary.length,
                                    .tokenizer = tokenizer.bytes,
                                    .tokenizer_length = tokenizer.length,
                                    .tokenizer_config = tokenizer_config.bytes,
                                    .tokenizer_config_length = tokenizer_config.length,
                                    .weights = weights.bytes,
                                    .weights_length = weights.length};
    ec_error error = {0};
    void *bundle = NULL;
    if (EC_CHECK_CASE(ec_convert(&input, NULL, 0, size, &error) == EC_OK, error.message)) {
        bundle = malloc(*size);
        EC_CHECK_CASE(ec_convert(&input, bundle, *size, size, &error) == EC_OK, error.message);
    }
    free(config.bytes);
    free(vocabulary.bytes);
    free(tokenizer.bytes);
    free(tokenizer_config.bytes);
    free(weights.bytes);
    return bundle;
}

static void read_floats(const cJSON *list, float *out) {
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, list) { *out++ = (float)item->valuedouble; }
}

static golden read_golden(const cJSON *json) {
    golden g = {.count = 0};
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(json, "ids")) {
        g.ids[g.count++] = (uint32_t)item->valueint;
    }
    size_t at = 0;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(json, "types")) {
        g.types[at++] = (uint8_t)item->valueint;
    }
    read_floats(cJSON_GetObjectItem(json, "logits"), g.logits);
    read_floats(cJSON_GetObjectItem(json, "float_logits"), g.float_logits);
    g.subject = cJSON_GetStringValue(cJSON_GetObjectItem(json, "subject"));
    g.message = cJSON_GetStringValue(cJSON_GetObjectItem(json, "message"));
    return g;
}

// ------------------------------------------------------------- comparing

static float largest_difference(const float *a, const float *b, uint32_t count) {
    float largest = 0;
    for (uint32_t i = 0; i < count; i++) {
        largest = fmaxf(largest, fabsf(a[i] - b[i]));
    }
    return largest;
}

static void softmax(const float *logits, uint32_t count, float *scores) {
    float highest = -INFINITY;
    float total = 0;
    for (uint32_t i = 0; i < count; i++) {
        highest = fmaxf(highest, logits[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        total += scores[i] = expf(logits[i] - highest);
    }
    for (uint32_t i = 0; i < count; i++) {
        scores[i] /= total;
    }
}

// The text becomes the same pieces, and is answered as its ids are.
static void test_email(const trip *t, const golden *g, const float *logits) {
    uint32_t ids[MAX_TOKENS];
    const ec_email email = {g->subject, strlen(g->subject), g->message, strlen(g->message)};
    const size_t count = ec_encode_pair(t->model->vocab, email.subject, email.subject_length,
                                        email.message, email.message_length, ids, NULL, MAX_TOKENS);
    if (EC_CHECK_EQUAL(count, g->count)) {
        EC_CHECK_BYTES(ids, g->ids, count * sizeof *ids);
    }
    float scores[EC_MAX_LABELS];
    ec_answer answer;
    ec_error error = {0};
    softmax(logits, t->label_count, scores);
    if (EC_CHECK_CASE(ec_classify(t->classifier, &email, 0, &answer, &error) == EC_OK,
                      error.message)) {
        EC_CHECK(largest_difference(answer.scores, scores, t->label_count) < 1e-5f);
    }
}

static void test_golden(trip *t, const golden *g) {
    float core[EC_MAX_LABELS];
    float expected[EC_MAX_LABELS];
    ref_forward(t->reference, g->ids, g->types, g->count, false, expected);
    const float weights_off = largest_difference(expected, g->logits, t->label_count);
    ref_forward(t->reference, g->ids, g->types, g->count, true, expected);
    EC_CHECK(ec_classifier_logits(t->classifier, g->ids, g->types, g->count, core, NULL) == EC_OK);
    const float core_off = largest_difference(core, expected, t->label_count);
    EC_CHECK(weights_off < 1e-3f);
    EC_CHECK(core_off < 0.5f);
    if (g->subject != NULL) {
        test_email(t, g, core);
    }
    float scores[EC_MAX_LABELS];
    softmax(core, t->label_count, scores);
    softmax(g->float_logits, t->label_count, expected);
    t->goldens++;
    t->exact += core_off < 1e-4f;
    t->weights_off = fmaxf(t->weights_off, weights_off);
    t->core_off = fmaxf(t->core_off, core_off);
    t->score_off = fmaxf(t->score_off, largest_difference(scores, expected, t->label_count));
}

// ------------------------------------------------------------- a folder

static bool trip_open(trip *t, const char *folder) {
    size_t size = 0;
    ec_error error = {0};
    t->bundle = convert(folder, &size);
    if (t->bundle == NULL ||
        !EC_CHECK_CASE(ec_model_load(t->bundle, size, &t->model, &error) == EC_OK, error.message)) {
        return false;
    }
    t->label_count = ec_model_get_info(t->model)->label_count;
    t->reference = ref_from_model(t->model);
    return EC_CHECK(ec_classifier_new(t->model, NULL, &t->classifier, NULL) == EC_OK);
}

static void trip_close(trip *t) {
    ec_classifier_free(t->classifier);
    ec_model_free(t->model);
    if (t->reference != NULL) {
        ref_free(t->reference);
    }
    free(t->bundle);
}

static void test_folder(const char *folder, bool print) {
    trip t = {0};
    const file goldens = read_in(folder, "goldens.json");
    cJSON *const list = cJSON_ParseWithLength(goldens.bytes, goldens.length);
    if (trip_open(&t, folder) && EC_CHECK(cJSON_GetArraySize(list) > 0)) {
        const cJSON *item = NULL;
        cJSON_ArrayForEach(item, list) {
            const golden g = read_golden(item);
            test_golden(&t, &g);
        }
        // The committed networks are known to leave half of them the same.
        EC_CHECK_CASE(print ? t.exact > 0 : 2 * t.exact >= t.goldens, folder);
    }
    if (print) {
        printf("%d %d %.2g %.2g %.2g\n", t.exact, t.goldens, t.weights_off, t.core_off,
               t.score_off);
    }
    cJSON_Delete(list);
    free(goldens.bytes);
    trip_close(&t);
}

int main(int argc, char **argv) {
    const bool print = argc > 1 && strcmp(argv[1], "--print") == 0;
    for (int i = print ? 2 : 1; i < argc; i++) {
        test_folder(argv[i], print);
    }
    return ec_test_result();
}
