// SPDX-License-Identifier: Apache-2.0
// Scores of an answer: class_id, confidence, score_count and scores together.
#ifndef EC_SCORES_H
#define EC_SCORES_H

#include "email_classifier.h"

// The softmax of logits[label_count] / temperature; the most probable label wins, the first of
// equals. label_count is 1 to EC_MAX_LABELS, all logits are finite, temperature is above 0.
void ec_scores_from_logits(const float *logits, uint32_t label_count, float temperature,
                           ec_answer *answer);

// `confidence` for class_id, the rest spread evenly over the other labels.
void ec_scores_from_rule(uint32_t class_id, float confidence, uint32_t label_count,
                         ec_answer *answer);

// class_id with confidence 0 and no score above 0.
void ec_scores_of_default(uint32_t class_id, uint32_t label_count, ec_answer *answer);

#endif
