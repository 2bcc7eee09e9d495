// SPDX-License-Identifier: Apache-2.0
// The whole way through, with a small model: batches, long emails, allocation, threads, tools.
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "counted_alloc.h"
#include "ec_test.h"
#include "email_classifier.h"
#include "model.h"
#include "tiny_model.h"
#include "windows.h"

enum { EMAILS = EC_MAX_BATCH, SUBJECT = 40, LONGEST = EC_MESSAGE_MAX };

// ------------------------------------------------------------- emails

static char subjects[EMAILS][SUBJECT + 1];
static char messages[EMAILS][LONGEST + 1];
static ec_email emails[EMAILS];

static void fill_text(char *text, size_t length, uint64_t *state) {
    for (size_t i = 0; i < length; i++) {
        text[i] = tiny_random(state) % 6 == 0 ? ' ' : (char)('a' + tiny_random(state) % 26);
    }
    text[0] = 'x';
    text[length - 1] = 'x';
    text[length] = '\0';
}

// Lengths from the shortest to the longest permitted, so that some need many windows.
static void fill_emails(void) {
    uint64_t state = 5;
    for (size_t i = 0; i < EMAILS; i++) {
        const size_t length = i % 16 == 7 ? LONGEST : 10 + tiny_random(&state) % (i % 3 ? 40 : 400);
        fill_text(subjects[i], 1 + i % SUBJECT, &state);
        fill_text(messages[i], length, &state);
        emails[i] = (ec_email){subjects[i], strlen(subjects[i]), messages[i], length};
    }
}

static ec_classifier *new_classifier(const ec_model *model, uint32_t batch_tokens,
                                     const ec_shared *shared) {
    const ec_classifier_options options = {
        .struct_size = sizeof options, .max_batch_tokens = batch_tokens, .shared = shared};
    ec_classifier *classifier = NULL;
    EC_CHECK_EQUAL(ec_classifier_new(model, &options, &classifier, NULL), EC_OK);
    return classifier;
}

static float largest_difference(const float *a, const float *b, size_t count) {
    float worst = 0.0f;
    for (size_t i = 0; i < count; i++) {
        worst = fmaxf(worst, fabsf(a[i] - b[i]));
    }
    return worst;
}

static bool same_answer(const ec_answer *a, const ec_answer *b) {
    return a->class_id == b->class_id && a->tokens == b->tokens && a->windows == b->windows &&
           a->label == b->label && a->source == b->source &&
           largest_difference(a->scores, b->scores, a->score_count) < 1e-5f;
}

// ------------------------------------------------------------- tests

static void test_batch_equals_single(const ec_model *model) {
    static ec_answer single[EMAILS], batch[EMAILS];
    static const uint32_t batch_tokens[] = {0, 500, UINT32_MAX};
    ec_classifier *classifier = new_classifier(model, 0, NULL);
    for (size_t i = 0; i < EMAILS; i++) {
        EC_CHECK_EQUAL(ec_classify(classifier, &emails[i], 0, &single[i], NULL), EC_OK);
        EC_CHECK_EQUAL(single[i].source, EC_SOURCE_MODEL);
    }
    ec_classifier_free(classifier);
    for (size_t t = 0; t < sizeof batch_tokens / sizeof *batch_tokens; t++) {
        ec_status statuses[EMAILS];
        classifier = new_classifier(model, batch_tokens[t], NULL);
        EC_CHECK_EQUAL(ec_classify_batch(classifier, emails, EMAILS, 0, batch, statuses, NULL),
                       EC_OK);
        for (size_t i = 0; i < EMAILS; i++) {
            EC_CHECK_EQUAL(statuses[i], EC_OK);
            EC_CHECK(same_answer(&single[i], &batch[i]));
        }
        ec_classifier_free(classifier);
    }
}

// scores[count] to the power of 1 / temperature, made to sum to 1.
static void normalize(float *scores, uint32_t count, float temperature) {
    float sum = 0.0f;
    for (uint32_t i = 0; i < count; i++) {
        scores[i] = powf(scores[i], 1.0f / temperature);
        sum += scores[i];
    }
    for (uint32_t i = 0; i < count; i++) {
        scores[i] /= sum;
    }
}

// The same answer as from the parts: tokenizer, windows, bare network, softmax of each window, the
// largest score of a label but the smallest of "Other". Returns the number of windows.
static uint32_t check_by_hand(const ec_model *model, ec_classifier *classifier,
                              const ec_email *email) {
    const ec_model_info *info = ec_model_get_info(model);
    static uint32_t ids[2 * LONGEST];
    const size_t total = ec_model_tokenize(model, email, ids, 2 * LONGEST);
    const ec_email subject_only = {email->subject, email->subject_length, NULL, 0};
    const size_t subject = ec_model_tokenize(model, &subject_only, NULL, 0) - 3;
    const ec_window_form form = {info->max_tokens, ec_vocab_special_ids(model->vocab), 1};
    const ec_windows windows =
        ec_windows_split(&form, ids + 1, subject, ids + 2 + subject, total - subject - 3);
    float scores[EC_MAX_LABELS] = {0};
    scores[info->default_class_id] = 1.0f;
    for (uint32_t i = 0; i < windows.count; i++) {
        uint32_t window[64];
        uint8_t types[64];
        float logits[EC_MAX_LABELS];
        ec_windows_get(&windows, i, window, types);
        EC_CHECK_EQUAL(ec_classifier_logits(classifier, window, types, ec_windows_tokens(&windows),
                                            logits, NULL),
                       EC_OK);
        for (uint32_t j = 0; j < info->label_count; j++) {
            logits[j] = expf(logits[j]);
        }
        normalize(logits, info->label_count, 1.0f);
        for (uint32_t j = 0; j < info->label_count; j++) {
            scores[j] = j == info->default_class_id ? fminf(scores[j], logits[j])
                                                    : fmaxf(scores[j], logits[j]);
        }
    }
    normalize(scores, info->label_count, info->temperature);
    ec_answer answer;
    EC_CHECK_EQUAL(ec_classify(classifier, email, 0, &answer, NULL), EC_OK);
    EC_CHECK_EQUAL(answer.windows, windows.count);
    EC_CHECK_EQUAL(answer.tokens, windows.count * ec_windows_tokens(&windows));
    EC_CHECK(!answer.truncated);
    EC_CHECK(largest_difference(answer.scores, scores, info->label_count) < 1e-4f);
    return windows.count;
}

static void test_long_emails(const ec_model *model) {
    ec_classifier *classifier = new_classifier(model, 0, NULL);
    uint32_t most = 0;
    for (size_t i = 0; i < 16; i++) {
        const uint32_t windows = check_by_hand(model, classifier, &emails[i]);
        most = windows > most ? windows : most;
    }
    EC_CHECK(most > EC_MAX_BATCH);  // more windows than one pass can hold
    ec_classifier_free(classifier);
}

static void test_nothing_is_allocated(const ec_model *model) {
    ec_cache *cache = NULL;
    ec_breaker breaker;
    static ec_answer answers[EMAILS];
    static ec_error errors[EMAILS];
    ec_status statuses[EMAILS];
    char json[2000];
    EC_CHECK_EQUAL(ec_cache_new(8, 6, &cache, NULL), EC_OK);
    ec_breaker_init(&breaker, 0, 0);
    const ec_shared shared = {.cache = cache, .breaker = &breaker};
    ec_classifier *classifier = new_classifier(model, 1000, &shared);
    const long tries = counted_alloc_tries();
    for (size_t i = 0; i < EMAILS; i++) {
        ec_classify(classifier, &emails[i], 0, &answers[i], NULL);
        ec_format_answer(&answers[i], model, 1.0, json, sizeof json);
    }
    ec_classify_batch(classifier, emails, EMAILS, 0, answers, statuses, errors);
    const ec_email bad = {"", 0, "x", 1};
    ec_classify(classifier, &bad, 0, &answers[0], &errors[0]);
    ec_cache_clear(cache);
    EC_CHECK_EQUAL(counted_alloc_tries(), tries);
    ec_classifier_free(classifier);
    ec_cache_free(cache);
}

// ------------------------------------------------------------- threads

typedef struct crew {
    const ec_model *model;
    pthread_mutex_t mutex;
    ec_shared shared;
    const ec_answer *expected;
    size_t wrong;
} crew;

static void crew_lock(void *context) { pthread_mutex_lock(&((crew *)context)->mutex); }

static void crew_unlock(void *context) { pthread_mutex_unlock(&((crew *)context)->mutex); }

static void *work(void *context) {
    crew *c = context;
    const ec_classifier_options options = {.struct_size = sizeof options, .shared = &c->shared};
    ec_classifier *classifier = NULL;
    ec_answer answer;
    size_t wrong = ec_classifier_new(c->model, &options, &classifier, NULL) != EC_OK;
    for (size_t i = 0; i < 2 * EMAILS && wrong == 0; i++) {
        const size_t at = i * 7 % EMAILS;
        wrong += ec_classify(classifier, &emails[at], 0, &answer, NULL) != EC_OK ||
                 answer.class_id != c->expected[at].class_id || answer.fallback_used ||
                 largest_difference(answer.scores, c->expected[at].scores, 6) > 0.0f;
    }
    ec_classifier_free(classifier);
    crew_lock(c);
    c->wrong += wrong;
    crew_unlock(c);
    return NULL;
}

static void test_two_threads(const ec_model *model) {
    static ec_answer expected[EMAILS];
    ec_classifier *classifier = new_classifier(model, 0, NULL);
    for (size_t i = 0; i < EMAILS; i++) {
        ec_classify(classifier, &emails[i], 0, &expected[i], NULL);
    }
    ec_classifier_free(classifier);
    ec_breaker breaker;
    ec_breaker_init(&breaker, 0, 0);
    crew c = {.model = model, .expected = expected, .mutex = PTHREAD_MUTEX_INITIALIZER};
    c.shared = (ec_shared){NULL, &breaker, crew_lock, crew_unlock, &c};
    EC_CHECK_EQUAL(ec_cache_new(EMAILS / 2, 6, &c.shared.cache, NULL), EC_OK);
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++) {
        EC_CHECK_EQUAL(pthread_create(&threads[i], NULL, work, &c), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    const ec_cache_stats stats = ec_cache_get_stats(c.shared.cache);
    EC_CHECK_EQUAL(c.wrong, 0);
    EC_CHECK_EQUAL(stats.hits + stats.misses, 2 * 2 * EMAILS);
    EC_CHECK_EQUAL(breaker.state, EC_BREAKER_CLOSED);
    ec_cache_free(c.shared.cache);
}

// ------------------------------------------------------------- arguments, tools

static void test_options(const ec_model *model) {
    ec_classifier *classifier = NULL;
    ec_cache *small = NULL;
    ec_cache_new(1, 5, &small, NULL);
    const ec_shared half_locked = {.lock = crew_lock};
    const ec_shared small_cache = {.cache = small};
    const size_t size = sizeof(ec_classifier_options);
    const ec_classifier_options bad[] = {
        {.struct_size = 0},
        {.struct_size = size - 1},
        {.struct_size = size, .policy = (ec_policy)9},
        {.struct_size = size, .review_threshold = NAN},
        {.struct_size = size, .shared = &half_locked},
        {.struct_size = size, .shared = &small_cache},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ec_error error = {0};
        EC_CHECK_EQUAL(ec_classifier_new(model, &bad[i], &classifier, &error), EC_ERROR_ARGUMENT);
        EC_CHECK_EQUAL(error.status, EC_ERROR_ARGUMENT);
    }
    EC_CHECK_EQUAL(ec_classifier_new(model, NULL, NULL, NULL), EC_ERROR_ARGUMENT);
    EC_CHECK(classifier == NULL);
    ec_cache_free(small);
    ec_classifier_free(NULL);
}

static void test_null_arguments(const ec_model *model) {
    ec_classifier *classifier = new_classifier(model, 0, NULL);
    ec_answer answer;
    ec_status status;
    const uint32_t id = 0;
    const uint8_t type = 0;
    float logits[EC_MAX_LABELS];
    EC_CHECK_EQUAL(ec_classify(NULL, emails, 0, &answer, NULL), EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(ec_classify(classifier, NULL, 0, &answer, NULL), EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(ec_classify(classifier, emails, 0, NULL, NULL), EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(ec_classify_batch(classifier, emails, 0, 0, &answer, &status, NULL),
                   EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(ec_classify_batch(classifier, emails, EMAILS + 1, 0, &answer, &status, NULL),
                   EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(ec_classify_batch(classifier, emails, 1, 0, &answer, NULL, NULL),
                   EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(ec_classifier_logits(classifier, &id, &type, 0, logits, NULL),
                   EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(ec_classifier_logits(classifier, &id, &type, 65, logits, NULL),
                   EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(ec_classifier_logits(classifier, NULL, &type, 1, logits, NULL),
                   EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(ec_classifier_logits(classifier, &id, &type, 1, logits, NULL), EC_OK);
    const uint32_t beyond = ec_model_get_info(model)->vocabulary_size;
    EC_CHECK_EQUAL(ec_classifier_logits(classifier, &beyond, &type, 1, logits, NULL),
                   EC_ERROR_ARGUMENT);
    ec_classifier_free(classifier);
}

static void test_without_model(void) {
    static const char text[] = "My car was stolen!";
    const ec_email email = {text, sizeof text - 1, text, sizeof text - 1};
    const ec_classifier_options never = {.struct_size = sizeof never, .review_threshold = -1.0f};
    ec_classifier *classifier = NULL;
    ec_answer answer;
    const uint32_t id = 0;
    const uint8_t type = 0;
    float logits[EC_MAX_LABELS];
    EC_CHECK_EQUAL(ec_classifier_new(NULL, &never, &classifier, NULL), EC_OK);
    EC_CHECK_EQUAL(ec_classify(classifier, &email, 0, &answer, NULL), EC_OK);
    EC_CHECK_STRING(answer.label, "CarTheft");
    EC_CHECK(answer.source == EC_SOURCE_RULES && answer.fallback_used && !answer.needs_review);
    EC_CHECK_EQUAL(ec_classifier_logits(classifier, &id, &type, 1, logits, NULL),
                   EC_ERROR_ARGUMENT);
    ec_classifier_free(classifier);
}

static void test_tools(const ec_model *model) {
    uint32_t all[2 * LONGEST], some[2 * LONGEST];
    const size_t total = ec_model_tokenize(model, &emails[7], all, 2 * LONGEST);
    EC_CHECK(total > 1000);
    EC_CHECK_EQUAL(ec_model_tokenize(model, &emails[7], NULL, 0), total);
    for (size_t capacity = 0; capacity < total + 2; capacity += 1 + capacity / 5) {
        const size_t written = capacity < total ? capacity : total;
        memset(some, 0xFF, sizeof some);
        EC_CHECK_EQUAL(ec_model_tokenize(model, &emails[7], some, capacity), total);
        EC_CHECK_BYTES(some, all, written * sizeof *some);
        EC_CHECK_EQUAL(some[written], UINT32_MAX);
    }
    const ec_special_ids special = ec_vocab_special_ids(model->vocab);
    EC_CHECK(all[0] == special.cls && all[total - 1] == special.sep);
    size_t length = 0;
    const char *piece = ec_model_piece(model, special.cls, &length);
    EC_CHECK(length == 5 && memcmp(piece, "[CLS]", 5) == 0);
    EC_CHECK(ec_model_piece(model, UINT32_MAX, &length) == NULL && length == 0);
    EC_CHECK(ec_model_piece(NULL, 0, &length) == NULL);
}

int main(void) {
    size_t size = 0;
    uint8_t *bundle = tiny_bundle_new(&tiny_default, 3, NULL, &size);
    ec_model *model = NULL;
    ec_error error = {0};
    fill_emails();
    if (EC_CHECK_CASE(ec_model_load(bundle, size, &model, &error) == EC_OK, error.message)) {
        test_batch_equals_single(model);
        test_long_emails(model);
        test_nothing_is_allocated(model);
        test_two_threads(model);
        test_options(model);
        test_null_arguments(model);
        test_tools(model);
    }
    test_without_model();
    ec_model_free(model);
    free(bundle);
    return ec_test_result();
}
