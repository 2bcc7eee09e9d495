// SPDX-License-Identifier: Apache-2.0
// A classifier that keeps to a deadline: when there is no time for the model, the rules answer.
#ifndef LAMBDA_TIMED_CLASSIFIER_H
#define LAMBDA_TIMED_CLASSIFIER_H

#include "model_file.h"
#include "server/config.h"

// What is left for posting the answer, and for the rules.
enum { TIMED_MARGIN_MS = 50 };

typedef struct timed_classifier {
    model_file file;
    ec_cache *cache;
    ec_breaker breaker;
    ec_classifier *classifier;
    double ms_per_byte;  // what the model took of late
} timed_classifier;

// Loads the model; without a usable one, said on stderr, the rules answer. False without memory.
// Points into itself: not to be copied or moved.
bool timed_classifier_open(timed_classifier *timed, const server_config *config);
void timed_classifier_close(timed_classifier *timed);

// Milliseconds until the deadline, which is in milliseconds since 1970.
double timed_left_ms(int64_t deadline_ms);

// Whether the model would be done with this email in time, so many times.
bool timed_has_time(const timed_classifier *timed, const ec_email *email, int64_t deadline_ms,
                    unsigned times);

// As ec_classify, or as ec_explain unless explanation is NULL. *milliseconds is what it took.
ec_status timed_classify(timed_classifier *timed, const ec_email *email, int64_t deadline_ms,
                         ec_answer *answer, ec_explanation *explanation, double *milliseconds,
                         ec_error *error);

#endif
