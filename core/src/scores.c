// SPDX-License-Identifier: Apache-2.0
#include "scores.h"

#include <math.h>

static uint32_t largest(const float *values, uint32_t count) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < count; i++) {
        best = values[i] > values[best] ? i : best;
    }
    return best;
}

// Subtracting the largest logit first keeps every power at most 1.
void ec_scores_from_logits(const float *logits, uint32_t label_count, float temperature,
                           ec_answer *answer) {
    const uint32_t best = largest(logits, label_count);
    double sum = 0;
    for (uint32_t i = 0; i < label_count; i++) {
        sum += exp(((double)logits[i] - (double)logits[best]) / (double)temperature);
    }
    for (uint32_t i = 0; i < label_count; i++) {
        const double power = exp(((double)logits[i] - (double)logits[best]) / (double)temperature);
        answer->scores[i] = (float)(power / sum);
    }
    answer->class_id = best;
    answer->confidence = answer->scores[best];
    answer->score_count = label_count;
}

void ec_scores_from_rule(uint32_t class_id, float confidence, uint32_t label_count,
                         ec_answer *answer) {
    const float rest = label_count > 1 ? (1.0f - confidence) / (float)(label_count - 1) : 0.0f;
    for (uint32_t i = 0; i < label_count; i++) {
        answer->scores[i] = i == class_id ? confidence : rest;
    }
    answer->class_id = class_id;
    answer->confidence = confidence;
    answer->score_count = label_count;
}

void ec_scores_of_default(uint32_t class_id, uint32_t label_count, ec_answer *answer) {
    for (uint32_t i = 0; i < label_count; i++) {
        answer->scores[i] = 0.0f;
    }
    answer->class_id = class_id;
    answer->confidence = 0.0f;
    answer->score_count = label_count;
}
