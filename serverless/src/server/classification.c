// SPDX-License-Identifier: Apache-2.0
#include "classification.h"

#include <stdio.h>
#include <stdlib.h>

#include "admission.h"
#include "api/request.h"

// What came of one email, as JSON.
typedef struct result {
    text_buffer json;
    bool failed;
} result;

// The emails of a request, while they are with the engine.
struct classification {
    engine_job job;  // first: the engine's pointer to it is one to the whole
    exchange *exchange;
    api_request request;
    ec_email emails[EC_MAX_BATCH];
    size_t places[EC_MAX_BATCH];   // of emails[i] in the request
    result results[EC_MAX_BATCH];  // as in the request
    bool batch;
    double parse_ms;
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
    log_classification(&line, email, outcome->answer, outcome->model, outcome->milliseconds);
    log_end(&line);
}

// The core accepted this email when the request was read, so a refusal now is its own failure.
static void answered(engine_job *job, size_t index, const engine_outcome *outcome) {
    classification *c = (classification *)job;
    result *r = &c->results[c->places[index]];
    if (outcome->answer == NULL) {
        r->failed = true;
        return;
    }
    buffer_add_answer(&r->json, outcome->answer, outcome->explanation, outcome->model,
                      outcome->milliseconds);
    telemetry_prediction(c->exchange->server->telemetry, outcome->answer,
                         outcome->milliseconds / 1e3);
    log_answer(c->exchange, &job->emails[index], outcome);
}

static void done(engine_job *job) {
    const classification *c = (const classification *)job;
    MHD_resume_connection(c->exchange->connection);
}

// ---------------------------------------------------------------------------- libmicrohttpd's

static enum MHD_Result refuse_full(exchange *x) {
    telemetry_refused(x->server->telemetry, REFUSED_QUEUE);
    x->retry_after_s = 1;
    api_problem_set(&x->problem, MHD_HTTP_TOO_MANY_REQUESTS,
                    "The server is busy: its queue is full.");
    return exchange_send_problem(x);
}

static bool read_request(exchange *x, classification *c) {
    const text body = {x->body.data != NULL ? x->body.data : "", x->body.length};
    const double start = clock_ms();
    const ec_policy policy = x->server->config.policy;
    const bool ok = c->batch ? api_read_batch(body, policy, &c->request, &x->problem)
                             : api_read_single(body, policy, &c->request, &x->problem);
    c->parse_ms = clock_ms() - start;
    exchange_drop_body(x);
    return ok;
}

// The emails without errors become the job.
static void fill_job(exchange *x, classification *c) {
    c->exchange = x;
    c->job = (engine_job){
        .emails = c->emails, .explain = c->request.explain, .answered = answered, .done = done};
    for (size_t i = 0; i < c->request.count; i++) {
        if (c->request.emails[i].error_count == 0) {
            c->places[c->job.count] = i;
            c->emails[c->job.count++] = c->request.emails[i].email;
        }
    }
}

static enum MHD_Result answer_batch(exchange *x, classification *c) {
    text_buffer body = {0};
    api_results_open(&body);
    for (size_t i = 0; i < c->request.count; i++) {
        const api_email *email = &c->request.emails[i];
        if (email->error_count > 0) {
            api_results_add_error(&body, &email->errors[0]);
        } else {
            api_results_add_json(&body, (text){c->results[i].json.data, c->results[i].json.length});
        }
    }
    api_results_close(&body);
    return exchange_send(x, MHD_HTTP_OK, API_JSON_TYPE, &body);
}

// The engine has finished.
static enum MHD_Result answer(exchange *x, classification *c) {
    const engine_job *job = &c->job;
    snprintf(x->server_timing, sizeof x->server_timing,
             "parse;dur=%.3f, tokenize;dur=%.3f, queue;dur=%.3f, infer;dur=%.3f", c->parse_ms,
             job->tokenize_ms, job->queue_ms, job->infer_ms);
    for (size_t i = 0; i < job->count; i++) {
        const result *r = &c->results[c->places[i]];
        if (r->failed || r->json.failed) {
            api_problem_set(&x->problem, MHD_HTTP_INTERNAL_SERVER_ERROR,
                            "The email could not be classified.");
            return exchange_send_problem(x);
        }
    }
    return c->batch ? answer_batch(x, c)
                    : exchange_send(x, MHD_HTTP_OK, API_JSON_TYPE, &c->results[0].json);
}

// Reads the emails and hands them to the engine.
static enum MHD_Result start(exchange *x, bool batch) {
    engine *e = x->server->engine;
    if (engine_is_full(e)) {
        return refuse_full(x);
    }
    classification *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return MHD_NO;
    }
    x->classification = c;
    c->batch = batch;
    if (!read_request(x, c)) {
        return exchange_send_problem(x);
    }
    const uint32_t more = (uint32_t)c->request.count - 1;
    if (more > 0 && !admission_take_rate(x, more)) {
        return exchange_send_problem(x);
    }
    fill_job(x, c);
    if (c->job.count == 0) {
        return answer(x, c);
    }
    if (!engine_reserve(e, c->job.count)) {
        return refuse_full(x);
    }
    MHD_suspend_connection(x->connection);
    engine_submit(e, &c->job);
    return MHD_YES;
}

static enum MHD_Result classify(exchange *x, bool batch) {
    return x->classification == NULL ? start(x, batch) : answer(x, x->classification);
}

enum MHD_Result classify_single(exchange *x) { return classify(x, false); }
enum MHD_Result classify_batch(exchange *x) { return classify(x, true); }
