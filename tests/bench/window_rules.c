// SPDX-License-Identifier: Apache-2.0
// How best to combine the windows of a long email: classifies labelled emails (.jsonl) of more
// than one window under several rules and prints the accuracy of each.
//
//   window_rules MODEL EMAILS.jsonl
#include <cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "email_classifier.h"
#include "model.h"
#include "tests/tokenizer/read_file.h"
#include "windows.h"

enum { MAX_IDS = 40000, MAX_WINDOWS = 64, MAX_LABELS = 16 };

typedef enum rule { FIRST, MEAN_LOGITS, MEAN_SCORES, MAX_SCORE, SUREST, RULES } rule;

static const char *const rule_names[RULES] = {
    "first window only (truncation)", "mean of the logits", "mean of the scores",
    "most confident window", "surest, Other least sure (built in)"};

typedef struct logit_table {
    float rows[MAX_WINDOWS][MAX_LABELS];
    uint32_t windows, labels, other;
} logit_table;

static void softmax(const float *logits, uint32_t labels, float *scores) {
    float highest = logits[0], total = 0;
    for (uint32_t i = 1; i < labels; i++) {
        highest = fmaxf(highest, logits[i]);
    }
    for (uint32_t i = 0; i < labels; i++) {
        scores[i] = expf(logits[i] - highest);
        total += scores[i];
    }
    for (uint32_t i = 0; i < labels; i++) {
        scores[i] /= total;
    }
}

static uint32_t best_of(const float *values, uint32_t labels) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < labels; i++) {
        best = values[i] > values[best] ? i : best;
    }
    return best;
}

static uint32_t decide(const logit_table *t, rule r) {
    float sum[MAX_LABELS] = {0}, highest[MAX_LABELS] = {0}, scores[MAX_LABELS], least = 1;
    for (uint32_t w = 0; w < (r == FIRST ? 1 : t->windows); w++) {
        softmax(t->rows[w], t->labels, scores);
        for (uint32_t i = 0; i < t->labels; i++) {
            sum[i] += r == MEAN_SCORES ? scores[i] : t->rows[w][i];
            highest[i] = fmaxf(highest[i], scores[i]);
        }
        least = fminf(least, scores[t->other]);
    }
    if (r == SUREST) {
        highest[t->other] = least;
    }
    return best_of(r == SUREST || r == MAX_SCORE ? highest : sum, t->labels);
}

static logit_table run_windows(const ec_model *model, ec_classifier *classifier, const cJSON *email,
                               uint32_t *subject_ids, uint32_t *message_ids) {
    const char *subject = cJSON_GetStringValue(cJSON_GetObjectItem(email, "subject"));
    const char *message = cJSON_GetStringValue(cJSON_GetObjectItem(email, "message"));
    const size_t subjects =
        ec_tokenize(model->vocab, subject, strlen(subject), subject_ids, MAX_IDS);
    const size_t messages =
        ec_tokenize(model->vocab, message, strlen(message), message_ids, MAX_IDS);
    const ec_window_form form = {model->info.max_tokens, ec_vocab_special_ids(model->vocab), 1};
    const ec_windows windows =
        ec_windows_split(&form, subject_ids, subjects, message_ids, messages);
    logit_table t = {.windows = windows.count,
                     .labels = model->info.label_count,
                     .other = model->info.default_class_id};
    uint32_t ids[512];
    uint8_t types[512];
    for (uint32_t w = 0; w < t.windows && w < MAX_WINDOWS && t.windows > 1; w++) {
        ec_windows_get(&windows, w, ids, types);
        ec_classifier_logits(classifier, ids, types, ec_windows_tokens(&windows), t.rows[w], NULL);
    }
    return t;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: window_rules MODEL EMAILS.jsonl\n");
        return 2;
    }
    size_t size = 0;
    char *image = read_file(argv[1], &size);
    ec_model *model = NULL;
    ec_classifier *classifier = NULL;
    if (ec_model_load(image, size, &model, NULL) != EC_OK || model->info.max_tokens > 512 ||
        ec_classifier_new(model, NULL, &classifier, NULL) != EC_OK) {
        fprintf(stderr, "%s: cannot be used\n", argv[1]);
        return 1;
    }
    char *text = read_file(argv[2], &size);
    text[size] = '\0';
    uint32_t *ids = calloc(2 * MAX_IDS, sizeof *ids);
    unsigned emails = 0, right[RULES] = {0};
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        cJSON *email = cJSON_Parse(line);
        const logit_table t = run_windows(model, classifier, email, ids, ids + MAX_IDS);
        const char *label = cJSON_GetStringValue(cJSON_GetObjectItem(email, "label"));
        for (int r = 0; r < RULES && t.windows > 1; r++) {
            right[r] += strcmp(model->info.labels[decide(&t, r)], label) == 0;
        }
        emails += t.windows > 1;
        cJSON_Delete(email);
    }
    printf("%u emails of several windows\n", emails);
    for (int r = 0; r < RULES && emails > 0; r++) {
        printf("%-36s %.1f %%\n", rule_names[r], 100.0 * right[r] / emails);
    }
    free(ids);
    free(text);
    ec_classifier_free(classifier);
    ec_model_free(model);
    free(image);
    return 0;
}
