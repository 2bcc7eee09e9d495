// SPDX-License-Identifier: Apache-2.0
// What a classifier is made of.
#ifndef EC_CLASSIFIER_H
#define EC_CLASSIFIER_H

#include "ladder.h"
#include "predictor.h"

struct ec_classifier {
    ec_ladder ladder;
    ec_reader *reader;  // NULL without a model
    uint32_t max_tokens;
    ec_cleaned cleaned;  // scratch of ladder and reader
};

#endif
