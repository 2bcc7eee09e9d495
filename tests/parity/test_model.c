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

static double calibration_error(const tally *t) {
    double error = 0;
    for (int i = 0; i < BINS; i++) {
        error += fabs(t->bin_confidence[i] - t->bin_correct[i]) / (double)t->emails;
    }
    return error;
}

static double least_f1(const tally *t) {
    double least = 1;
    for (int i = 0; i < LABELS; i++) {
        const double f1 = 2.0 * (double)t->hits[i] / (double)(t->predicted[i] + t->actual[i]);
        least = fmin(least, f1);
    }
    return least;
}

// One file of validation mail and the least that the model must reach on it: accuracy and F1 of
// each class, the share that int8 labels as float does, and the mean difference in confidence.
typedef struct part {
    const char *path;
    size_t emails;
    double accuracy, f1, agreement, apart;
} part;

static const part parts[] = {
    {VALIDATION_DIR "/validation.jsonl", 480, 0.985, 0.97, 0.995, 0.01},
    {VALIDATION_DIR "/validation-hard.jsonl", 240, 0.92, 0.90, 0.985, 0.01},
};

static void add_bins(tally *sum, const tally *t) {
    sum->emails += t->emails;
    for (int i = 0; i < BINS; i++) {
        sum->bin_confidence[i] += t->bin_confidence[i];
        sum->bin_correct[i] += t->bin_correct[i];
    }
}

static void check_accuracy(const part *bars, const tally *t) {
    EC_CHECK(t->emails >= bars->emails);
    EC_CHECK((double)t->correct >= bars->accuracy * (double)t->emails);
    EC_CHECK(least_f1(t) >= bars->f1);
}

// Every step-th email.
static void check_part(const part *bars, size_t step, ec_classifier *classifier,
                       const ec_model_info *info, const char **goldens, tally *all) {
    size_t size = 0;
    char *emails = read_file(bars->path, &size);
    const char *at = emails;
    tally t = {0};
    size_t i = 0;
    for (cJSON *email; (email = next_object(&at)) != NULL; cJSON_Delete(email), i++) {
        cJSON *golden = next_object(goldens);
        if (i % step == 0) {
            classify_line(&t, classifier, info, email, golden);
        }
        cJSON_Delete(golden);
    }
    free(emails);
    const double count = (double)t.emails;
    printf("%s: %zu emails, accuracy %.4f, least F1 %.4f, calibration error %.4f, "
           "label as float %.4f, confidence apart %.4f\n",
           bars->path, t.emails, (double)t.correct / count, least_f1(&t), calibration_error(&t),
           (double)t.agreeing / count, t.confidence_apart / count);
    EC_CHECK(t.emails > 0);
    EC_CHECK((double)t.agreeing >= bars->agreement * count);
    EC_CHECK(t.confidence_apart < bars->apart * count);
    if (step == 1) {
        check_accuracy(bars, &t);
    }
    add_bins(all, &t);
}

// test_model [STEP]: with STEP, only every STEP-th email, against the float network alone.
int main(int argc, char **argv) {
    const size_t step = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 1;
    size_t model_size = 0;
    size_t size = 0;
    char *image = read_file(MODEL_FILE, &model_size);
    char *goldens = read_file(VALIDATION_DIR "/validation_float_scores.jsonl", &size);
    ec_model *model = NULL;
    ec_classifier *classifier = NULL;
    EC_CHECK(ec_model_load(image, model_size, &model, NULL) == EC_OK);
    const ec_classifier_options options = {.struct_size = sizeof options};
    EC_CHECK(ec_classifier_new(model, &options, &classifier, NULL) == EC_OK);
    const ec_model_info *info = ec_model_get_info(model);
    EC_CHECK_EQUAL(info->label_count, LABELS);
    const char *golden_at = goldens;
    tally all = {0};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        check_part(&parts[i], step, classifier, info, &golden_at, &all);
    }
    printf("all %zu emails: calibration error %.4f\n", all.emails, calibration_error(&all));
    EC_CHECK(step > 1 || calibration_error(&all) < 0.02);
    ec_classifier_free(classifier);
    ec_model_free(model);
    free(image);
    free(goldens);
    return ec_test_result();
}
