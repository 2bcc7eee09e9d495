// SPDX-License-Identifier: Apache-2.0
// The decision ladder. The only place that knows the order:
//
//     validate -> cache -> model, unless the breaker is open -> rules -> default
//
// The cache knows emails as they came; model and rules read them cleaned.
#ifndef EC_LADDER_H
#define EC_LADDER_H

#include "email.h"
#include "model.h"

// How much of an email the network read.
typedef struct ec_reading {
    uint32_t tokens, windows;
} ec_reading;

// The model as the ladder sees it.
typedef struct ec_predictor {
    // Fills logits[count, label_count] and readings[count] for count (1 to EC_MAX_BATCH) trimmed
    // emails, or returns false. NULL: there is no model.
    bool (*predict)(void *context, const ec_email *emails, size_t count, float *logits,
                    ec_reading *readings);
    void *context;
} ec_predictor;

// An email of a batch that the cache could not answer.
typedef struct ec_pending {
    size_t index;  // in the batch
    ec_email_key key;
} ec_pending;

// Zero it, then fill the first part. One thread at a time; what `shared` points to is borrowed.
typedef struct ec_ladder {
    const ec_model_info *info;
    const ec_rules *rules;
    const uint8_t *model_digest;  // [32]; NULL without a model
    ec_predictor predictor;
    ec_shared shared;
    ec_policy policy;
    float review_threshold;  // below it an answer needs review
    ec_cleaned *cleaned;     // scratch; NULL: emails are read as they came

    // Scratch of one batch; entries of one index belong together.
    size_t pending_count;
    ec_pending pending[EC_MAX_BATCH];
    ec_email emails[EC_MAX_BATCH];  // pending ones, trimmed
    ec_reading readings[EC_MAX_BATCH];
    float logits[EC_MAX_BATCH * EC_MAX_LABELS];
} ec_ladder;

// Answers count (1 to EC_MAX_BATCH) emails as ec_classify_batch says; errors may be NULL.
// An answer is model when the network gave it now and is then kept in the cache; those of rules
// and default never are. The emails that the cache lacks make one predict call, which counts as one
// success or failure for the breaker; logits that are not finite make it a failure.
void ec_ladder_answer(ec_ladder *ladder, const ec_email *emails, size_t count, uint64_t now_ms,
                      ec_answer *answers, ec_status *statuses, ec_error *errors);

#endif
