// SPDX-License-Identifier: Apache-2.0
// How well predictions fit the truth.
#ifndef METRICS_H
#define METRICS_H

#include "cli.h"

enum { METRICS_BINS = 15 };

// All zero but `labels` to begin with.
typedef struct metrics {
    size_t labels;
    size_t *confusion;  // [labels, labels]: truth, prediction; belongs to the caller
    size_t count, right;
    size_t sure, sure_right;  // at or above the review threshold
    double tokens;
    size_t bin_count[METRICS_BINS];
    size_t bin_right[METRICS_BINS];
    double bin_confidence[METRICS_BINS];
} metrics;

typedef struct class_metrics {
    double precision, recall, f1;  // 0 where they are not defined
    size_t support;
} class_metrics;

void metrics_add(metrics *metrics, size_t truth, const ec_answer *answer);

class_metrics metrics_of_class(const metrics *metrics, size_t label);

double metrics_accuracy(const metrics *metrics);

// Mean F1 of the classes that occur, in the truth or among the predictions.
double metrics_macro_f1(const metrics *metrics);

// Mean distance between confidence and accuracy over METRICS_BINS equal bins of confidence.
double metrics_calibration_error(const metrics *metrics);

#endif
