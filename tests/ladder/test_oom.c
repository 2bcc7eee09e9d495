// SPDX-License-Identifier: Apache-2.0
// The n-th allocation fails, for every n: the status says so, nothing leaks, nothing breaks.
#include <stdlib.h>

#include "counted_alloc.h"
#include "ec_test.h"
#include "email_classifier.h"
#include "tiny_model.h"

enum { MOST_ALLOCATIONS = 20000 };

// What the steps work on.
typedef struct bench {
    tiny_directory directory;
    ec_convert_input input;
    uint8_t *bundle;
    size_t bundle_size;
    ec_model *model;
} bench;

// A step: makes something, and frees it again when that worked.
typedef ec_status (*step)(const bench *b, ec_error *error);

static ec_status load(const bench *b, ec_error *error) {
    ec_model *model = NULL;
    const ec_status status = ec_model_load(b->bundle, b->bundle_size, &model, error);
    EC_CHECK_EQUAL(model != NULL, status == EC_OK);
    ec_model_free(model);
    return status;
}

static ec_status make_classifier(const bench *b, ec_error *error) {
    ec_classifier *classifier = NULL;
    const ec_status status = ec_classifier_new(b->model, NULL, &classifier, error);
    EC_CHECK_EQUAL(classifier != NULL, status == EC_OK);
    ec_classifier_free(classifier);
    return status;
}

static ec_status make_plain_classifier(const bench *b, ec_error *error) {
    (void)b;
    ec_classifier *classifier = NULL;
    const ec_status status = ec_classifier_new(NULL, NULL, &classifier, error);
    EC_CHECK_EQUAL(classifier != NULL, status == EC_OK);
    ec_classifier_free(classifier);
    return status;
}

static ec_status make_cache(const bench *b, ec_error *error) {
    (void)b;
    ec_cache *cache = NULL;
    const ec_status status = ec_cache_new(100, 6, &cache, error);
    EC_CHECK_EQUAL(cache != NULL, status == EC_OK);
    ec_cache_free(cache);
    return status;
}

static ec_status convert_input(const bench *b, const ec_convert_input *input, ec_error *error) {
    static uint8_t out[1 << 20];
    size_t size = 0;
    const ec_status status = ec_convert(input, out, sizeof out, &size, error);
    if (status == EC_OK) {
        EC_CHECK(size == b->bundle_size && memcmp(out, b->bundle, size) == 0);
    }
    return status;
}

static ec_status convert(const bench *b, ec_error *error) {
    return convert_input(b, &b->input, error);
}

static ec_status convert_tokenizer(const bench *b, ec_error *error) {
    ec_convert_input input = b->input;
    input.vocabulary = NULL;
    input.tokenizer = b->directory.tokenizer;
    input.tokenizer_length = strlen(input.tokenizer);
    input.tokenizer_config = "{\"do_lower_case\":true}";
    input.tokenizer_config_length = strlen(input.tokenizer_config);
    return convert_input(b, &input, error);
}

static void fail_every_allocation(const char *name, step run, const bench *b) {
    long n = 1;
    for (bool more = true; more && n < MOST_ALLOCATIONS; n++) {
        const long live = counted_alloc_live();
        ec_error error = {.status = EC_OK};
        counted_alloc_fail(n);
        const ec_status status = run(b, &error);
        more = counted_alloc_failed();
        counted_alloc_fail(0);
        char label[300];
        snprintf(label, sizeof label, "%s, allocation %ld: status %d (%s)", name, n, (int)status,
                 status != EC_OK ? error.message : "");
        EC_CHECK_CASE(status == (more ? EC_ERROR_NO_MEMORY : EC_OK), label);
        EC_CHECK_CASE(error.status == status, label);
        snprintf(label, sizeof label, "%s, allocation %ld: %ld blocks leak", name, n,
                 counted_alloc_live() - live);
        EC_CHECK_CASE(counted_alloc_live() == live, label);
    }
    printf("%s: %ld allocations\n", name, n - 2);
    EC_CHECK_CASE(n > 2 && n < MOST_ALLOCATIONS, name);
}

// After all the failures the model still classifies, and a new classifier gives the same answer.
static void check_still_usable(const bench *b, ec_classifier *old, const ec_answer *before) {
    static const char text[] = "my car was stolen";
    const ec_email email = {text, sizeof text - 1, text, sizeof text - 1};
    ec_classifier *classifier = NULL;
    ec_answer answer;
    EC_CHECK_EQUAL(ec_classify(old, &email, 0, &answer, NULL), EC_OK);
    EC_CHECK_BYTES(answer.scores, before->scores, before->score_count * sizeof(float));
    EC_CHECK_EQUAL(ec_classifier_new(b->model, NULL, &classifier, NULL), EC_OK);
    EC_CHECK_EQUAL(ec_classify(classifier, &email, 0, &answer, NULL), EC_OK);
    EC_CHECK_EQUAL(answer.source, EC_SOURCE_MODEL);
    EC_CHECK_BYTES(answer.scores, before->scores, before->score_count * sizeof(float));
    ec_classifier_free(classifier);
}

static void fail_everything(const bench *b) {
    static const char text[] = "my car was stolen";
    const ec_email email = {text, sizeof text - 1, text, sizeof text - 1};
    ec_classifier *classifier = NULL;
    ec_answer answer = {0};
    EC_CHECK_EQUAL(ec_classifier_new(b->model, NULL, &classifier, NULL), EC_OK);
    EC_CHECK_EQUAL(ec_classify(classifier, &email, 0, &answer, NULL), EC_OK);
    EC_CHECK_EQUAL(answer.source, EC_SOURCE_MODEL);
    fail_every_allocation("cache_new", make_cache, b);
    fail_every_allocation("classifier_new without a model", make_plain_classifier, b);
    fail_every_allocation("classifier_new", make_classifier, b);
    fail_every_allocation("load", load, b);
    fail_every_allocation("convert", convert, b);
    fail_every_allocation("convert with tokenizer.json", convert_tokenizer, b);
    check_still_usable(b, classifier, &answer);
    ec_classifier_free(classifier);
}

// The first load of a process prepares the kernels for good; what that keeps is no leak.
static void prepare_kernels(const bench *b) {
    ec_error error;
    EC_CHECK_EQUAL(load(b, &error), EC_OK);
}

int main(void) {
    // In a static program the buffer of stdout would be counted too.
    static char buffer[BUFSIZ];
    setvbuf(stdout, buffer, _IOLBF, sizeof buffer);
    bench b = {.directory = tiny_directory_new(&tiny_default, 1)};
    b.input = tiny_input(&b.directory, NULL);
    b.bundle = tiny_bundle_new(&tiny_default, 1, NULL, &b.bundle_size);
    prepare_kernels(&b);
    const long live = counted_alloc_live();
    if (EC_CHECK_EQUAL(ec_model_load(b.bundle, b.bundle_size, &b.model, NULL), EC_OK)) {
        fail_everything(&b);
    }
    ec_model_free(b.model);
    EC_CHECK_EQUAL(counted_alloc_live(), live);
    free(b.bundle);
    tiny_directory_free(&b.directory);
    return ec_test_result();
}
