// SPDX-License-Identifier: Apache-2.0
// The shipped model on the validation emails: how good it is, and how close int8 stays to the
// float scores that models/float_scores.py had from PyTorch.
#include <cJSON.h>
#include <math.h>
#include <stdlib.h>

#include "ec_test.h"
#include "email_classifier.h"
#include "tokenizer/read_file.h"

enum { LABELS = 6, BINS = 15 };

typedef struct tally {
    size_t emails, correct, agreeing;
    size_t hits[LABELS], predicted[LABELS], actual[LABELS];
    double confidence_apart;
    size_t bin_count[BINS];
    double bin_confidence[BINS], bin_correct[BINS];
} tally;

static const char *text_of(const cJSON *object, const char *key) {
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    EC_CHECK_CASE(text != NULL, key);
    return text == NULL ? "" : text;
}

static uint32_t class_of(const ec_model_info *info, const char *label) {
    uint32_t i = 0;
    while (i < info->label_count && strcmp(info->labels[i], label) != 0) {
        i++;
    }
    EC_CHECK_CASE(i < LABELS, label);
    return i < LABELS ? i : 0;
}

// Compares with the float scores of the same email.
static void compare_scores(tally *t, const ec_answer *answer, const cJSON *golden) {
    const cJSON *scores = cJSON_GetObjectItemCaseSensitive(golden, "scores");
    uint32_t best = 0;
    double highest = -1;
    for (int i = 0; i < LABELS; i++) {
        const double score = cJSON_GetNumberValue(cJSON_GetArrayItem(scores, i));
        if (score > highest) {
            highest = score;
            best = (uint32_t)i;
        }
    }
    t->agreeing += best == answer->class_id;
    t->confidence_apart += fabs(highest - answer->confidence);
}

static void count_answer(tally *t, const ec_answer *answer, uint32_t actual) {
    const bool correct = answer->class_id == actual;
    const int bin = answer->confidence >= 1 ? BINS - 1 : (int)(answer->confidence * BINS);
    t->emails++;
    t->correct += correct;
    t->hits[actual] += correct;
    t->predicted[answer->class_id]++;
    t->actual[actual]++;
    t->bin_count[bin]++;
    t->bin_confidence[bin] += answer->confidence;
    t->bin_correct[bin] += correct;
}

static void classify_line(tally *t, ec_classifier *classifier, const ec_model_info *info,
                          const cJSON *email, const cJSON *golden) {
    const char *subject = text_of(email, "subject");
    const char *message = text_of(email, "message");
    EC_CHECK_STRING(text_of(email, "id"), text_of(golden, "id"));
    const ec_email input = {subject, strlen(subject), message, strlen(message)};
    ec_answer answer;
    ec_error error;
    if (EC_CHECK(ec_classify(classifier, &input, 0, &answer, &error) == EC_OK)) {
        EC_CHECK_EQUAL(answer.source, EC_SOURCE_MODEL);
        count_answer(t, &answer, class_of(info, text_of(email, "label")));
        compare_scores(t, &answer, golden);
    }
}

// One object of a .jsonl file; *at moves to the next line.
static cJSON *next_object(const char **at) {
    const char *end = strchr(*at, '\n');
    const size_t length = end == NULL ? strlen(*at) : (size_t)(end - *at);
    cJSON *object = length == 0 ? NULL : cJSON_ParseWithLength(*at, length);
    *at += end == NULL ? length : length + 1;
    return object;
}

static void check_bars(const tally *t) {
    const double emails = (double)t->emails;
    double error = 0;
    for (int i = 0; i < BINS; i++) {
        error += fabs(t->bin_confidence[i] - t->bin_correct[i]) / emails;
    }
    printf("%zu emails, accuracy %.4f, calibration error %.4f, label as float %.4f, "
           "confidence apart %.4f\n",
           t->emails, (double)t->correct / emails, error, (double)t->agreeing / emails,
           t->confidence_apart / emails);
    EC_CHECK(t->emails >= 480);
    EC_CHECK((double)t->correct >= 0.97 * emails);
    EC_CHECK((double)t->agreeing >= 0.995 * emails);
    EC_CHECK(t->confidence_apart < 0.01 * emails);
    EC_CHECK(error < 0.03);
    for (int i = 0; i < LABELS; i++) {
        const double f1 = 2.0 * (double)t->hits[i] / (double)(t->predicted[i] + t->actual[i]);
        printf("class %d: F1 %.4f\n", i, f1);
        EC_CHECK(f1 >= 0.95);
    }
}

int main(void) {
    size_t model_size = 0;
    size_t size = 0;
    char *image = read_file(MODEL_FILE, &model_size);
    char *emails = read_file(VALIDATION_FILE, &size);
    char *goldens = read_file(SCORES_FILE, &size);
    ec_model *model = NULL;
    ec_classifier *classifier = NULL;
    EC_CHECK(ec_model_load(image, model_size, &model, NULL) == EC_OK);
    EC_CHECK(ec_classifier_new(model, NULL, &classifier, NULL) == EC_OK);
    const ec_model_info *info = ec_model_get_info(model);
    EC_CHECK_EQUAL(info->label_count, LABELS);
    tally t = {0};
    const char *email_at = emails;
    const char *golden_at = goldens;
    for (cJSON *email; (email = next_object(&email_at)) != NULL; cJSON_Delete(email)) {
        cJSON *golden = next_object(&golden_at);
        classify_line(&t, classifier, info, email, golden);
        cJSON_Delete(golden);
    }
    check_bars(&t);
    ec_classifier_free(classifier);
    ec_model_free(model);
    free(image);
    free(emails);
    free(goldens);
    return ec_test_result();
}
