// SPDX-License-Identifier: Apache-2.0
// The decision ladder with a clock and a model of our own: every rung and every way between them.
#include "ladder.h"

#include <math.h>
#include <stdlib.h>

#include "ec_test.h"

#define MESSAGE "The weather is nice today."
#define RULE_MESSAGE "Somebody stole it, a theft."

// ------------------------------------------------------------- a model that does as told

typedef enum fake_mode { WORKS, REFUSES, SAYS_NAN, SAYS_INFINITY } fake_mode;

typedef struct fake {
    fake_mode mode;
    int calls;
    size_t last_count;
    size_t last_length[EC_MAX_BATCH];  // of each message
    int locked, locks;
    bool predicted_while_locked;
} fake;

// The class of an email is the length of its message modulo the number of labels.
static bool fake_predict(void *context, const ec_email *emails, size_t count, float *logits,
                         ec_reading *readings) {
    fake *self = context;
    const uint32_t labels = ec_builtin_info.label_count;
    self->calls++;
    self->last_count = count;
    self->predicted_while_locked |= self->locked != 0;
    for (size_t i = 0; i < count; i++) {
        self->last_length[i] = emails[i].message_length;
        readings[i] = (ec_reading){(uint32_t)emails[i].message_length, 2};
        for (uint32_t j = 0; j < labels; j++) {
            logits[i * labels + j] = j == emails[i].message_length % labels ? 9.0f : 0.0f;
        }
    }
    // Only the last value of the last email is bad.
    float *last = &logits[count * labels - 1];
    *last = self->mode == SAYS_NAN ? NAN : self->mode == SAYS_INFINITY ? -INFINITY : *last;
    return self->mode != REFUSES;
}

static void fake_lock(void *context) {
    fake *self = context;
    EC_CHECK_EQUAL(self->locked, 0);
    self->locked = 1;
    self->locks++;
}

static void fake_unlock(void *context) {
    fake *self = context;
    EC_CHECK_EQUAL(self->locked, 1);
    self->locked = 0;
}

// ------------------------------------------------------------- a ladder to climb

static const uint8_t DIGEST[32] = {42};

typedef struct house {
    fake fake;
    ec_cache *cache;
    ec_breaker breaker;
    ec_ladder ladder;
} house;

static house *house_new(bool with_cache) {
    house *h = calloc(1, sizeof *h);
    ec_breaker_init(&h->breaker, 3, 1000);
    if (with_cache) {
        ec_cache_new(10, ec_builtin_info.label_count, &h->cache, NULL);
    }
    h->ladder = (ec_ladder){
        .info = &ec_builtin_info,
        .rules = &ec_builtin_rules,
        .model_digest = DIGEST,
        .predictor = {fake_predict, &h->fake},
        .shared = {h->cache, &h->breaker, fake_lock, fake_unlock, &h->fake},
        .review_threshold = 0.9f,
    };
    return h;
}

static void house_free(house *h) {
    EC_CHECK_EQUAL(h->fake.locked, 0);
    EC_CHECK(!h->fake.predicted_while_locked);
    ec_cache_free(h->cache);
    free(h);
}

static ec_email email_of(const char *subject, const char *message) {
    return (ec_email){subject, strlen(subject), message, strlen(message)};
}

static ec_answer ask(house *h, const char *message, uint64_t now) {
    const ec_email email = email_of("Hello", message);
    ec_answer answer;
    ec_status status = EC_ERROR_INFERENCE;
    memset(&answer, 0xEE, sizeof answer);
    ec_ladder_answer(&h->ladder, &email, 1, now, &answer, &status, NULL);
    EC_CHECK_EQUAL(status, EC_OK);
    EC_CHECK_STRING(answer.label, ec_builtin_info.labels[answer.class_id]);
    EC_CHECK_EQUAL(answer.score_count, ec_builtin_info.label_count);
    EC_CHECK(!answer.truncated);
    EC_CHECK_EQUAL(answer.needs_review, answer.confidence < 0.9f);
    return answer;
}

static void open_breaker(house *h, uint64_t now) {
    h->fake.mode = REFUSES;
    for (int i = 0; i < 3; i++) {
        ask(h, "Nothing that anybody has asked before.", now);
    }
    EC_CHECK_EQUAL(h->breaker.state, EC_BREAKER_OPEN);
}

// ------------------------------------------------------------- rungs

static void test_validation_comes_first(void) {
    house *h = house_new(true);
    const ec_email bad = email_of("Hello", "short");
    ec_answer answer = {.tokens = 77};
    ec_status status = EC_OK;
    ec_error error;
    ec_ladder_answer(&h->ladder, &bad, 1, 0, &answer, &status, &error);
    EC_CHECK_EQUAL(status, EC_ERROR_TOO_SHORT);
    EC_CHECK_STRING(error.field, "message");
    EC_CHECK_EQUAL(answer.tokens, 77);
    EC_CHECK_EQUAL(h->fake.calls, 0);
    EC_CHECK_EQUAL(ec_cache_get_stats(h->cache).misses, 0);
    h->ladder.policy = EC_POLICY_STRICT;
    const ec_email loose = email_of("Hello (again)", MESSAGE);
    ec_ladder_answer(&h->ladder, &loose, 1, 0, &answer, &status, NULL);
    EC_CHECK_EQUAL(status, EC_ERROR_CHARACTER);
    house_free(h);
}

static void test_model_then_cache(void) {
    house *h = house_new(true);
    const ec_answer first = ask(h, MESSAGE, 0);
    EC_CHECK_EQUAL(first.source, EC_SOURCE_MODEL);
    EC_CHECK_EQUAL(first.class_id, (sizeof MESSAGE - 1) % 6);
    EC_CHECK_EQUAL(first.tokens, sizeof MESSAGE - 1);
    EC_CHECK_EQUAL(first.windows, 2);
    EC_CHECK(!first.fallback_used);
    const ec_answer second = ask(h, "  " MESSAGE "\r\n", 0);
    EC_CHECK_EQUAL(second.source, EC_SOURCE_CACHE);
    EC_CHECK(!second.fallback_used);
    EC_CHECK_EQUAL(second.class_id, first.class_id);
    EC_CHECK_EQUAL(second.tokens, first.tokens);
    EC_CHECK_EQUAL(second.windows, first.windows);
    EC_CHECK_BYTES(second.scores, first.scores, first.score_count * sizeof(float));
    EC_CHECK_EQUAL(h->fake.calls, 1);
    ask(h, MESSAGE " Really.", 0);
    EC_CHECK_EQUAL(h->fake.calls, 2);
    house_free(h);
}

// A classifier with another threshold reads the same cache.
static void test_review_of_cached_answers(void) {
    house *h = house_new(true);
    EC_CHECK(!ask(h, MESSAGE, 0).needs_review);
    h->ladder.review_threshold = 2.0f;
    const ec_email email = email_of("Hello", MESSAGE);
    ec_answer answer;
    ec_status status;
    ec_ladder_answer(&h->ladder, &email, 1, 0, &answer, &status, NULL);
    EC_CHECK(answer.source == EC_SOURCE_CACHE && answer.needs_review);
    house_free(h);
}

static void test_failures_fall_to_rules_and_default(fake_mode mode) {
    house *h = house_new(true);
    h->fake.mode = mode;
    const ec_answer rules = ask(h, RULE_MESSAGE, 0);
    EC_CHECK_EQUAL(rules.source, EC_SOURCE_RULES);
    EC_CHECK(rules.fallback_used && rules.needs_review);
    EC_CHECK_STRING(rules.label, "CarTheft");
    EC_CHECK_EQUAL(rules.tokens, 0);
    EC_CHECK_EQUAL(rules.windows, 0);
    const ec_answer none = ask(h, MESSAGE, 0);
    EC_CHECK_EQUAL(none.source, EC_SOURCE_DEFAULT);
    EC_CHECK(none.fallback_used && none.needs_review);
    EC_CHECK_EQUAL(none.class_id, ec_builtin_info.default_class_id);
    EC_CHECK(none.confidence <= 0.0f && none.scores[none.class_id] <= 0.0f);
    EC_CHECK_EQUAL(h->breaker.failures, 2);
    EC_CHECK_EQUAL(ec_cache_get_stats(h->cache).entries, 0);
    // Fallback answers are not kept: a model that works again is asked.
    h->fake.mode = WORKS;
    EC_CHECK_EQUAL(ask(h, RULE_MESSAGE, 0).source, EC_SOURCE_MODEL);
    EC_CHECK_EQUAL(h->breaker.failures, 0);
    house_free(h);
}

static void test_breaker_opens_and_recovers(void) {
    house *h = house_new(true);
    open_breaker(h, 500);
    EC_CHECK_EQUAL(h->fake.calls, 3);
    EC_CHECK_EQUAL(ask(h, RULE_MESSAGE, 1499).source, EC_SOURCE_RULES);
    EC_CHECK_EQUAL(h->fake.calls, 3);
    // One trial, which fails: open for as long again.
    EC_CHECK_EQUAL(ask(h, RULE_MESSAGE, 1500).source, EC_SOURCE_RULES);
    EC_CHECK_EQUAL(h->fake.calls, 4);
    EC_CHECK_EQUAL(h->breaker.state, EC_BREAKER_OPEN);
    EC_CHECK_EQUAL(ask(h, RULE_MESSAGE, 2499).source, EC_SOURCE_RULES);
    EC_CHECK_EQUAL(h->fake.calls, 4);
    // The next one succeeds.
    h->fake.mode = WORKS;
    const ec_answer trial = ask(h, RULE_MESSAGE, 2500);
    EC_CHECK(trial.source == EC_SOURCE_MODEL && !trial.fallback_used);
    EC_CHECK_EQUAL(h->breaker.state, EC_BREAKER_CLOSED);
    EC_CHECK_EQUAL(ask(h, MESSAGE, 2500).source, EC_SOURCE_MODEL);
    house_free(h);
}

static void test_half_open_lets_nobody_else_through(void) {
    house *h = house_new(true);
    ask(h, MESSAGE, 0);
    open_breaker(h, 0);
    EC_CHECK(ec_breaker_allow(&h->breaker, 1000));  // another classifier's trial
    h->fake.mode = WORKS;
    const int calls = h->fake.calls;
    EC_CHECK_EQUAL(ask(h, RULE_MESSAGE, 1000).source, EC_SOURCE_RULES);
    EC_CHECK_EQUAL(h->fake.calls, calls);
    EC_CHECK(ask(h, MESSAGE, 1000).fallback_used);
    ec_breaker_success(&h->breaker);
    EC_CHECK_EQUAL(ask(h, RULE_MESSAGE, 1000).source, EC_SOURCE_MODEL);
    EC_CHECK(!ask(h, MESSAGE, 1000).fallback_used);
    house_free(h);
}

static void test_cache_answers_while_open(void) {
    house *h = house_new(true);
    ask(h, MESSAGE, 0);
    open_breaker(h, 0);
    const ec_answer cached = ask(h, MESSAGE, 10);
    EC_CHECK_EQUAL(cached.source, EC_SOURCE_CACHE);
    EC_CHECK(cached.fallback_used);
    // A hit needs no model, so it is no trial either.
    EC_CHECK_EQUAL(ask(h, MESSAGE, 5000).source, EC_SOURCE_CACHE);
    EC_CHECK_EQUAL(h->breaker.state, EC_BREAKER_OPEN);
    house_free(h);
}

// ------------------------------------------------------------- batches, missing parts

static void test_batch(void) {
    house *h = house_new(true);
    ask(h, MESSAGE, 0);
    const ec_email emails[5] = {
        email_of("Hello", MESSAGE),
        email_of("", MESSAGE),
        email_of("Hello", " Another message."),
        email_of("Hello", RULE_MESSAGE),
        email_of("Hello", "\xFF"),
    };
    ec_answer answers[5];
    ec_status statuses[5];
    ec_error errors[5];
    ec_ladder_answer(&h->ladder, emails, 5, 0, answers, statuses, errors);
    EC_CHECK_EQUAL(statuses[0], EC_OK);
    EC_CHECK_EQUAL(statuses[1], EC_ERROR_TOO_SHORT);
    EC_CHECK_EQUAL(statuses[2], EC_OK);
    EC_CHECK_EQUAL(statuses[3], EC_OK);
    EC_CHECK_EQUAL(statuses[4], EC_ERROR_UTF8);
    EC_CHECK_STRING(errors[1].field, "subject");
    EC_CHECK_STRING(errors[4].field, "message");
    EC_CHECK_EQUAL(answers[0].source, EC_SOURCE_CACHE);
    EC_CHECK_EQUAL(answers[2].source, EC_SOURCE_MODEL);
    EC_CHECK_EQUAL(answers[2].class_id, 16 % 6);
    EC_CHECK_EQUAL(answers[3].class_id, (sizeof RULE_MESSAGE - 1) % 6);
    EC_CHECK_EQUAL(h->fake.calls, 2);
    EC_CHECK_EQUAL(h->fake.last_count, 2);
    EC_CHECK_EQUAL(h->fake.last_length[0], 16);
    EC_CHECK_EQUAL(ec_cache_get_stats(h->cache).entries, 3);
    house_free(h);
}

// However many emails it holds, a batch counts once.
static void test_batch_is_one_failure(void) {
    house *h = house_new(false);
    const ec_email emails[4] = {email_of("Hello", MESSAGE), email_of("Hello", RULE_MESSAGE),
                                email_of("Hello", MESSAGE), email_of("crash", MESSAGE)};
    ec_answer answers[4];
    ec_status statuses[4];
    h->fake.mode = SAYS_NAN;
    ec_ladder_answer(&h->ladder, emails, 4, 0, answers, statuses, NULL);
    EC_CHECK_EQUAL(h->breaker.failures, 1);
    EC_CHECK_EQUAL(h->fake.calls, 1);
    EC_CHECK_EQUAL(answers[0].source, EC_SOURCE_DEFAULT);
    EC_CHECK_STRING(answers[1].label, "CarTheft");
    EC_CHECK_EQUAL(answers[2].source, EC_SOURCE_DEFAULT);
    EC_CHECK_STRING(answers[3].label, "CarCrash");
    house_free(h);
}

static void test_nothing_permitted_asks_nobody(void) {
    house *h = house_new(true);
    open_breaker(h, 0);
    const int locks = h->fake.locks;
    const ec_email bad = email_of("", "");
    ec_answer answer;
    ec_status status;
    ec_ladder_answer(&h->ladder, &bad, 1, 99999, &answer, &status, NULL);
    EC_CHECK_EQUAL(h->breaker.state, EC_BREAKER_OPEN);
    EC_CHECK_EQUAL(h->fake.locks, locks);
    house_free(h);
}

static void test_nothing_shared(void) {
    house *h = house_new(false);
    h->ladder.shared = (ec_shared){0};
    EC_CHECK_EQUAL(ask(h, MESSAGE, 0).source, EC_SOURCE_MODEL);
    h->fake.mode = REFUSES;
    for (int i = 0; i < 20; i++) {
        ask(h, MESSAGE, 0);
    }
    EC_CHECK_EQUAL(h->fake.calls, 21);
    house_free(h);
}

static void test_no_model(void) {
    house *h = house_new(true);
    h->ladder.predictor = (ec_predictor){0};
    h->ladder.model_digest = NULL;
    EC_CHECK_EQUAL(ask(h, RULE_MESSAGE, 0).source, EC_SOURCE_RULES);
    EC_CHECK_EQUAL(ask(h, MESSAGE, 0).source, EC_SOURCE_DEFAULT);
    EC_CHECK_EQUAL(h->breaker.failures, 0);
    EC_CHECK_EQUAL(ec_cache_get_stats(h->cache).entries, 0);
    house_free(h);
}

int main(void) {
    test_validation_comes_first();
    test_model_then_cache();
    test_review_of_cached_answers();
    test_failures_fall_to_rules_and_default(REFUSES);
    test_failures_fall_to_rules_and_default(SAYS_NAN);
    test_failures_fall_to_rules_and_default(SAYS_INFINITY);
    test_breaker_opens_and_recovers();
    test_half_open_lets_nobody_else_through();
    test_cache_answers_while_open();
    test_batch();
    test_batch_is_one_failure();
    test_nothing_permitted_asks_nobody();
    test_nothing_shared();
    test_no_model();
    return ec_test_result();
}
