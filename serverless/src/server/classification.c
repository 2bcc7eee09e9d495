// SPDX-License-Identifier: Apache-2.0
#include "classification.h"

#include <stdio.h>
#include <stdlib.h>

#include "admission.h"
#include "api/request.h"

// What came of one email, as JSON.
typedef struct result {
    text_buffer json;
    int problem_status;  // of a single email that the core refused; 0: answered
} result;

// The emails of a request, while they are with the engine.
struct classification {
    engine_job job;  // first: the engine's pointer to it is one to the whole
    exchange *exchange;
    api_request request;
    ec_email emails[EC_MAX_BATCH];
    size_t places[EC_MAX_BATCH];  // of emails[i] in the request
    result results[EC_MAX_BATCH];  // as in the request
    bool batch;
    bool finished;
    double parse_ms;
    double infer_ms;  // the longest pass
};

void classification_free(classification *c) {
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < EC_MAX_BATCH; i++) {
        buffer_free(&c->results[i].json);
    }
    api_request_free(&c->request);
    free(c);
}

// ---------------------------------------------------------------------------- workers' threads

static void log_answer(const exchange *x, const ec_email *email, const engine_outcome *outcome) {
    log_writer *log = x->server->log;
    if (!log_wants(log, LOG_INFO)) {
        return;
    }
    const ec_answer *answer = outcome->answer;
    log_line line;
    log_begin(&line, log, LOG_INFO, "email_classification", "email classified");
    log_text(&line, "request_id", text_of(x->request_id));
    if (x->trace_id[0] != '\0') {
        log_text(&line, "trace", text_of(x->trace_id));
    }
    if (x->trace_id[0] != '\0' && x->server->config.google_project != NULL) {
        char name[256];
        snprintf(name, sizeof name, "projects/%s/traces/%s", x->server->config.google_project,
                 x->trace_id);
        log_text(&line, "logging.googleapis.com/trace", text_of(name));
    }
    log_number(&line, "email_length", (double)(email->subject_length + email->message_length), 0);
    log_text(&line, "prediction", text_of(answer->label));
    log_number(&line, "confidence", (double)answer->confidence, 4);
    log_text(&line, "source", text_of(ec_source_name(answer->source)));
    log_number(&line, "processing_time_ms", outcome->milliseconds, 3);
    log_text(&line, "model_version", text_of(ec_model_get_info(outcome->model)->version));
    log_end(&line);
}

// The core accepted this email when the request was read, so a refusal now is its own failure.
static void answered(engine_job *job, size_t index, const engine_outcome *outcome) {
    classification *c = (classification *)job;
    result *r = &c->results[c->places[index]];
    if (outcome->answer == NULL) {
        r->problem_status = MHD_HTTP_INTERNAL_SERVER_ERROR;
        return;
    }
    buffer_add_answer(&r->json, outcome->answer, outcome->model, outcome->milliseconds);
    telemetry_prediction(c->exchange->server->telemetry, outcome->answer,
                         outcome->milliseconds / 1e3);
    log_answer(c->exchange, &job->emails[index], outcome);
}

static void done(engine_job *job) {
    classification *c = (classification *)job;
    c->finished = true;
    MHD_resume_connection(c->exchange->connection);
}
