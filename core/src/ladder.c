// SPDX-License-Identifier: Apache-2.0
#include "ladder.h"

#include <math.h>

#include "cache.h"
#include "clean.h"
#include "rules.h"
#include "scores.h"

// ------------------------------------------------------------- sharing

static void lock(const ec_shared *shared) {
    if (shared->lock != NULL) {
        shared->lock(shared->context);
    }
}

static void unlock(const ec_shared *shared) {
    if (shared->unlock != NULL) {
        shared->unlock(shared->context);
    }
}

// ------------------------------------------------------------- answers

// What every answer has, whoever gave it; its scores are set.
static void complete(const ec_ladder *ladder, ec_source source, bool fallback, ec_reading reading,
                     ec_answer *answer) {
    answer->label = ladder->info->labels[answer->class_id];
    answer->source = source;
    answer->fallback_used = fallback;
    answer->needs_review = answer->confidence < ladder->review_threshold;
    answer->truncated = false;
    answer->tokens = reading.tokens;
    answer->windows = reading.windows;
}

static void answer_from_model(const ec_ladder *ladder, size_t pending, ec_answer *answer) {
    const ec_model_info *info = ladder->info;
    ec_scores_from_logits(ladder->logits + pending * info->label_count, info->label_count,
                          info->temperature, answer);
    complete(ladder, EC_SOURCE_MODEL, false, ladder->readings[pending], answer);
}

static void answer_without_model(const ec_ladder *ladder, const ec_email *email,
                                 ec_answer *answer) {
    const ec_model_info *info = ladder->info;
    const ec_email read =
        ladder->cleaned != NULL ? ec_cleaned_email(email, ladder->cleaned) : *email;
    const ec_rule *rule = ec_rules_match(ladder->rules, &read);
    if (rule != NULL) {
        ec_scores_from_rule(rule->class_id, rule->confidence, info->label_count, answer);
    } else {
        ec_scores_of_default(info->default_class_id, info->label_count, answer);
    }
    complete(ladder, rule != NULL ? EC_SOURCE_RULES : EC_SOURCE_DEFAULT, true, (ec_reading){0, 0},
             answer);
}

// ------------------------------------------------------------- steps

// Leaves the permitted emails pending, with their keys.
static void validate(ec_ladder *ladder, const ec_email *emails, size_t count, ec_status *statuses,
                     ec_error *errors) {
    const bool keyed = ladder->shared.cache != NULL && ladder->model_digest != NULL;
    ladder->pending_count = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t at = ladder->pending_count;
        ec_error *error = errors != NULL ? &errors[i] : NULL;
        statuses[i] = ec_email_trim(&emails[i], ladder->policy, &ladder->emails[at], error);
        if (statuses[i] != EC_OK) {
            continue;
        }
        ladder->pending[at].index = i;
        if (keyed) {
            ladder->pending[at].key = ec_email_hash(&ladder->emails[at], ladder->model_digest);
        }
        ladder->pending_count++;
    }
}

// Answers what the cache can and leaves the others pending.
static void ask_cache(ec_ladder *ladder, ec_answer *answers) {
    const ec_shared *shared = &ladder->shared;
    // A half-open breaker is still open to everyone but its one trial.
    const bool open = shared->breaker != NULL && shared->breaker->state != EC_BREAKER_CLOSED;
    size_t kept = 0;
    for (size_t i = 0; i < ladder->pending_count; i++) {
        ec_answer *answer = &answers[ladder->pending[i].index];
        if (ec_cache_get(shared->cache, &ladder->pending[i].key, answer)) {
            const ec_reading reading = {answer->tokens, answer->windows};
            complete(ladder, EC_SOURCE_CACHE, open, reading, answer);
        } else {
            ladder->pending[kept] = ladder->pending[i];
            ladder->emails[kept++] = ladder->emails[i];
        }
    }
    ladder->pending_count = kept;
}

// Asks cache and breaker. Returns whether the model may be asked for what is still pending.
static bool ask_shared(ec_ladder *ladder, uint64_t now_ms, ec_answer *answers) {
    const ec_shared *shared = &ladder->shared;
    lock(shared);
    if (shared->cache != NULL) {
        ask_cache(ladder, answers);
    }
    const bool allowed = ladder->pending_count > 0 &&
                         (shared->breaker == NULL || ec_breaker_allow(shared->breaker, now_ms));
    unlock(shared);
    return allowed;
}

static bool predict(ec_ladder *ladder) {
    const ec_predictor *predictor = &ladder->predictor;
    const size_t count = ladder->pending_count;
    bool ok = predictor->predict(predictor->context, ladder->emails, count, ladder->logits,
                                 ladder->readings);
    for (size_t i = 0; i < count * ladder->info->label_count && ok; i++) {
        ok = isfinite(ladder->logits[i]) != 0;
    }
    return ok;
}

// Tells the breaker how the prediction went, and the cache what it said.
static void report(const ec_ladder *ladder, bool ok, uint64_t now_ms, const ec_answer *answers) {
    const ec_shared *shared = &ladder->shared;
    lock(shared);
    if (shared->breaker != NULL && ok) {
        ec_breaker_success(shared->breaker);
    }
    if (shared->breaker != NULL && !ok) {
        ec_breaker_failure(shared->breaker, now_ms);
    }
    for (size_t i = 0; i < ladder->pending_count && ok && shared->cache != NULL; i++) {
        ec_cache_put(shared->cache, &ladder->pending[i].key, &answers[ladder->pending[i].index]);
    }
    unlock(shared);
}

// Whether the model answered all that is pending.
static bool ask_model(ec_ladder *ladder, uint64_t now_ms, ec_answer *answers) {
    const bool ok = predict(ladder);
    for (size_t i = 0; i < ladder->pending_count && ok; i++) {
        answer_from_model(ladder, i, &answers[ladder->pending[i].index]);
    }
    report(ladder, ok, now_ms, answers);
    return ok;
}

// ------------------------------------------------------------- the ladder

void ec_ladder_answer(ec_ladder *ladder, const ec_email *emails, size_t count, uint64_t now_ms,
                      ec_answer *answers, ec_status *statuses, ec_error *errors) {
    validate(ladder, emails, count, statuses, errors);
    const bool has_model = ladder->predictor.predict != NULL;
    if (has_model && ladder->pending_count > 0 && ask_shared(ladder, now_ms, answers) &&
        ask_model(ladder, now_ms, answers)) {
        return;
    }
    for (size_t i = 0; i < ladder->pending_count; i++) {
        answer_without_model(ladder, &ladder->emails[i], &answers[ladder->pending[i].index]);
    }
}
