// SPDX-License-Identifier: Apache-2.0
#include "lambda/timed_classifier.h"

#include <string.h>
#include <time.h>

static bool add_classifier(timed_classifier *timed, const server_config *config) {
    ec_error error = {0};
    const ec_model *model = timed->file.model;
    const uint32_t labels = ec_model_get_info(model)->label_count;
    bool ok = config->cache_size == 0 ||
              ec_cache_new(config->cache_size, labels, &timed->cache, &error) == EC_OK;
    const ec_shared shared = {.cache = timed->cache, .breaker = &timed->breaker};
    const ec_classifier_options options = {
        .struct_size = sizeof options, .policy = config->policy, .shared = &shared};
    ok = ok && ec_classifier_new(model, &options, &timed->classifier, &error) == EC_OK;
    if (!ok) {
        cli_error_of("classifier", &error);
        timed_classifier_close(timed);
    }
    return ok;
}

bool timed_classifier_open(timed_classifier *timed, const server_config *config) {
    memset(timed, 0, sizeof *timed);
    ec_breaker_init(&timed->breaker, config->breaker_failures,
                    (uint64_t)config->breaker_recovery_s * 1000);
    const cli_options options = {.model = config->model};
    model_file_open(&timed->file, &options, false);
    const bool has_model = timed->file.model != NULL;
    // What this processor or its memory cannot run need not keep the rules from answering.
    return add_classifier(timed, config) || (has_model && add_classifier(timed, config));
}

void timed_classifier_close(timed_classifier *timed) {
    ec_classifier_free(timed->classifier);
    ec_cache_free(timed->cache);
    model_file_close(&timed->file);
    timed->classifier = NULL;
    timed->cache = NULL;
}

double timed_left_ms(int64_t deadline_ms) {
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)deadline_ms - (double)now.tv_sec * 1e3 - (double)now.tv_nsec / 1e6;
}

static double length_of(const ec_email *email) {
    return (double)(email->subject_length + email->message_length);
}

bool timed_has_time(const timed_classifier *timed, const ec_email *email, int64_t deadline_ms,
                    unsigned times) {
    // Twice what it took of late: processors of small functions are shared.
    const double needed = TIMED_MARGIN_MS + 2 * times * timed->ms_per_byte * length_of(email);
    return timed_left_ms(deadline_ms) > needed;
}

static void learn(timed_classifier *timed, double ms_per_byte) {
    const double faded = 0.9 * timed->ms_per_byte;
    timed->ms_per_byte = ms_per_byte > faded ? ms_per_byte : faded;
}

ec_status timed_classify(timed_classifier *timed, const ec_email *email, int64_t deadline_ms,
                         ec_answer *answer, ec_explanation *explanation, double *milliseconds,
                         ec_error *error) {
    const double start = clock_ms();
    const ec_breaker breaker = timed->breaker;
    const bool hurry = !timed_has_time(timed, email, deadline_ms, 1);
    if (hurry) {
        // An open breaker is how the core is told to leave the model alone.
        timed->breaker.state = EC_BREAKER_OPEN;
        timed->breaker.opened_at_ms = (uint64_t)start;
        timed->breaker.recovery_ms = UINT64_MAX;
    }
    const ec_status status =
        explanation == NULL
            ? ec_classify(timed->classifier, email, (uint64_t)start, answer, error)
            : ec_explain(timed->classifier, email, (uint64_t)start, answer, explanation, error);
    *milliseconds = clock_ms() - start;
    if (hurry) {
        timed->breaker = breaker;
    }
    if (status == EC_OK && answer->source == EC_SOURCE_MODEL) {
        const double times = explanation == NULL ? 1 : 1 + explanation->sentence_count;
        learn(timed, *milliseconds / times / length_of(email));
    }
    return status;
}
