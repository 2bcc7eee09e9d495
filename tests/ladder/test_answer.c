// SPDX-License-Identifier: Apache-2.0
// Answers as JSON, read back with cJSON.
#include "model.h"

#include <cJSON.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "ec_test.h"

static const char *const LABELS[3] = {"Plain", "Quo\"te\\ \n\x01", "caf\xC3\xA9"};

static ec_model model = {
    .info = {.version = "2.0 \"beta\"", .labels = LABELS, .label_count = 3},
};

static ec_answer sample(void) {
    ec_answer answer = {.label = LABELS[1],
                        .class_id = 1,
                        .confidence = 0.97304f,
                        .source = EC_SOURCE_CACHE,
                        .fallback_used = true,
                        .needs_review = false,
                        .tokens = 1234,
                        .windows = 3,
                        .score_count = 3};
    answer.scores[0] = 0.00004f;
    answer.scores[1] = 0.97304f;
    answer.scores[2] = 1.0f;
    return answer;
}

static bool number_is(const cJSON *object, const char *key, double value) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) && fabs(item->valuedouble - value) < 1e-9;
}

static bool string_is(const cJSON *object, const char *key, const char *value) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(item) && strcmp(item->valuestring, value) == 0;
}

static void test_members(void) {
    const ec_answer answer = sample();
    char text[1000];
    const size_t length = ec_format_answer(&answer, &model, 4.126, text, sizeof text);
    EC_CHECK_EQUAL(length, strlen(text));
    cJSON *json = cJSON_ParseWithOpts(text, NULL, true);
    EC_CHECK(string_is(json, "label", LABELS[1]));
    EC_CHECK(number_is(json, "confidence", 0.9730));
    EC_CHECK(number_is(json, "class_id", 1));
    EC_CHECK(string_is(json, "source", "cache"));
    EC_CHECK(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "fallback_used")));
    EC_CHECK(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(json, "needs_review")));
    EC_CHECK(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(json, "truncated")));
    EC_CHECK(string_is(json, "model_version", "2.0 \"beta\""));
    EC_CHECK(number_is(json, "tokens", 1234));
    EC_CHECK(number_is(json, "windows", 3));
    EC_CHECK(number_is(json, "processing_time_ms", 4.13));
    const cJSON *scores = cJSON_GetObjectItemCaseSensitive(json, "scores");
    EC_CHECK_EQUAL(cJSON_GetArraySize(scores), 3);
    EC_CHECK(number_is(scores, LABELS[0], 0.0));
    EC_CHECK(number_is(scores, LABELS[1], 0.9730));
    EC_CHECK(number_is(scores, LABELS[2], 1.0));
    EC_CHECK_EQUAL(cJSON_GetArraySize(json), 12);
    EC_CHECK(strchr(text, '\n') == NULL);
    cJSON_Delete(json);
}

static void test_text(void) {
    ec_answer answer = sample();
    answer.label = LABELS[0];
    answer.score_count = 1;
    char text[400];
    ec_format_answer(&answer, &model, -1.0, text, sizeof text);
    EC_CHECK_STRING(text,
                    "{\"label\":\"Plain\",\"confidence\":0.9730,\"class_id\":1,"
                    "\"scores\":{\"Plain\":0.0000},\"source\":\"cache\",\"fallback_used\":true,"
                    "\"needs_review\":false,\"model_version\":\"2.0 \\\"beta\\\"\","
                    "\"tokens\":1234,\"windows\":3,\"truncated\":false}");
}

// Every capacity: the same beginning, a NUL, nothing written behind it, the same full length.
static void test_capacities(void) {
    const ec_answer answer = sample();
    char full[1000];
    const size_t length = ec_format_answer(&answer, &model, 0.0, full, sizeof full);
    EC_CHECK_EQUAL(ec_format_answer(&answer, &model, 0.0, NULL, 0), length);
    EC_CHECK_EQUAL(ec_format_answer(&answer, &model, 0.0, NULL, 50), length);
    for (size_t capacity = 0; capacity <= length + 2; capacity++) {
        char *text = malloc(capacity + 1);
        memset(text, '#', capacity + 1);
        const size_t written = capacity == 0 ? 0 : capacity <= length ? capacity - 1 : length;
        EC_CHECK_EQUAL(ec_format_answer(&answer, &model, 0.0, text, capacity), length);
        EC_CHECK_BYTES(text, full, written);
        EC_CHECK(capacity == 0 || text[written] == '\0');
        EC_CHECK_EQUAL(text[capacity], '#');
        free(text);
    }
}

static void test_times(void) {
    const ec_answer answer = sample();
    char text[1000];
    static const struct {
        double time;
        const char *written;
    } cases[] = {{0.0, ":0.00}"},         {0.005, ":0.01}"},
                 {0.994, ":0.99}"},       {0.995001, ":1.00}"},
                 {60000.5, ":60000.50}"}, {(double)INFINITY, ":90000000000000000.00}"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ec_format_answer(&answer, &model, cases[i].time, text, sizeof text);
        EC_CHECK_CASE(strstr(text, cases[i].written) != NULL, cases[i].written);
    }
    ec_format_answer(&answer, &model, (double)NAN, text, sizeof text);
    EC_CHECK(strstr(text, "processing_time_ms") == NULL);
}

static void test_builtin(void) {
    ec_answer answer = {.label = ec_builtin_info.labels[0],
                        .source = EC_SOURCE_DEFAULT,
                        .score_count = ec_builtin_info.label_count};
    char text[1000];
    ec_format_answer(&answer, NULL, -1, text, sizeof text);
    cJSON *json = cJSON_Parse(text);
    EC_CHECK(string_is(json, "source", "default"));
    EC_CHECK(string_is(json, "model_version", ec_builtin_info.version));
    EC_CHECK_EQUAL(cJSON_GetArraySize(cJSON_GetObjectItem(json, "scores")),
                   (int)ec_builtin_info.label_count);
    cJSON_Delete(json);
    EC_CHECK_STRING(ec_source_name(EC_SOURCE_MODEL), "model");
    EC_CHECK_STRING(ec_source_name(EC_SOURCE_RULES), "rules");
}

int main(void) {
    // A locale with a decimal comma, where there is one, changes nothing.
    setlocale(LC_ALL, "de_DE.UTF-8");
    test_text();
    setlocale(LC_ALL, "C");
    test_text();
    test_members();
    test_capacities();
    test_times();
    test_builtin();
    return ec_test_result();
}
