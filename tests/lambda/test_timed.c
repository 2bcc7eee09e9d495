// SPDX-License-Identifier: Apache-2.0
// Deadlines against what the model took of late, which a test from outside cannot set.
#include <stdlib.h>
#include <time.h>

#include "ec_test.h"
#include "lambda/timed_classifier.h"

static const ec_email email = {"Stolen car", 10, "My car was stolen last night.", 29};

static int64_t in_ms(int64_t milliseconds) {
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + milliseconds;
}

static ec_source source_of(timed_classifier *timed, const ec_email *mail, int64_t deadline_ms) {
    ec_answer answer = {.source = EC_SOURCE_DEFAULT};
    double milliseconds = -1;
    ec_error error = {0};
    EC_CHECK_EQUAL(timed_classify(timed, mail, deadline_ms, &answer, NULL, &milliseconds, &error),
                   EC_OK);
    EC_CHECK(milliseconds >= 0);
    return answer.source;
}

static void test_deadlines(timed_classifier *timed) {
    const int64_t hour = 3600000;
    const ec_breaker before = timed->breaker;
    timed->ms_per_byte = 1000;  // 39 s for this email, and twice that to be safe
    EC_CHECK(!timed_has_time(timed, &email, in_ms(70000), 1));
    EC_CHECK(timed_has_time(timed, &email, in_ms(hour), 1));
    EC_CHECK(timed_has_time(timed, &email, INT64_MAX, 1));
    EC_CHECK_EQUAL(source_of(timed, &email, in_ms(70000)), EC_SOURCE_RULES);
    EC_CHECK_EQUAL(source_of(timed, &email, in_ms(-70000)), EC_SOURCE_RULES);
    EC_CHECK_EQUAL(timed->ms_per_byte, 1000.0);
    // The breaker was only borrowed.
    EC_CHECK_EQUAL(timed->breaker.state, before.state);
    EC_CHECK_EQUAL(timed->breaker.recovery_ms, before.recovery_ms);
    EC_CHECK_EQUAL(timed->breaker.times_opened, before.times_opened);
    EC_CHECK_EQUAL(source_of(timed, &email, in_ms(hour)), EC_SOURCE_MODEL);
    EC_CHECK(timed->ms_per_byte < 1000.0 && timed->ms_per_byte >= 900.0);
    EC_CHECK_EQUAL(source_of(timed, &email, in_ms(10)), EC_SOURCE_CACHE);
}

// What it learns of an explanation is the time of one of its passes.
static void test_explanation(timed_classifier *timed) {
    const ec_email mail = {"Stolen car", 10, "My car was stolen. It stood in the yard. Call me.",
                           49};
    ec_answer answer;
    ec_explanation explanation;
    double milliseconds = 0;
    timed->ms_per_byte = 0;
    EC_CHECK_EQUAL(
        timed_classify(timed, &mail, INT64_MAX, &answer, &explanation, &milliseconds, NULL), EC_OK);
    EC_CHECK_EQUAL(answer.source, EC_SOURCE_MODEL);
    EC_CHECK(explanation.sentence_count > 1);
    EC_CHECK(timed->ms_per_byte * 59 * (1 + explanation.sentence_count) <= 1.001 * milliseconds);
    timed->ms_per_byte = 10;
    EC_CHECK(timed_has_time(timed, &mail, in_ms(5000), 1));
    EC_CHECK(!timed_has_time(timed, &mail, in_ms(5000), 1 + EC_MAX_SENTENCES));
}

static void test_refusal(timed_classifier *timed) {
    const ec_email bad = {"", 0, "My car was stolen last night.", 29};
    ec_answer answer;
    ec_error error = {0};
    double milliseconds = 0;
    EC_CHECK_EQUAL(timed_classify(timed, &bad, INT64_MAX, &answer, NULL, &milliseconds, &error),
                   EC_ERROR_TOO_SHORT);
    EC_CHECK_STRING(error.field, "subject");
}

int main(int argc, char **argv) {
    server_config *config = calloc(1, sizeof *config);
    timed_classifier timed;
    if (argc < 2 || config == NULL) {
        return 2;
    }
    config->model = argv[1];
    config->cache_size = 10;
    if (EC_CHECK(timed_classifier_open(&timed, config)) && EC_CHECK(timed.file.model != NULL)) {
        test_deadlines(&timed);
        test_explanation(&timed);
        test_refusal(&timed);
        timed_classifier_close(&timed);
    }
    free(config);
    return ec_test_result();
}
