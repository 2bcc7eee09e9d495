// SPDX-License-Identifier: Apache-2.0
#include "lambda/handler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/request.h"
#include "api/response.h"
#include "lambda/event.h"
#include "lambda/timed_classifier.h"

struct lambda_handler {
    const server_config *config;
    log_writer *log;
    timed_classifier timed;
    api_request request;
};

lambda_handler *handler_new(const server_config *config, log_writer *log) {
    lambda_handler *h = calloc(1, sizeof *h);
    if (h == NULL) {
        cli_error("no memory");
        return NULL;
    }
    h->config = config;
    h->log = log;
    if (!timed_classifier_open(&h->timed, config)) {
        free(h);
        return NULL;
    }
    return h;
}

void handler_free(lambda_handler *handler) {
    if (handler != NULL) {
        timed_classifier_close(&handler->timed);
        free(handler);
    }
}

// ---------------------------------------------------------------------------- log

static void begin_line(lambda_handler *h, log_line *line, log_level level, const char *event,
                       const char *message, const invocation *call) {
    log_begin(line, h->log, level, event, message);
    log_text(line, "request_id", text_of(call->id));
    if (call->trace[0] != '\0') {
        log_text(line, "trace", text_of(call->trace));
    }
}

static void log_refusal(lambda_handler *h, const invocation *call, const api_problem *problem) {
    log_line line;
    begin_line(h, &line, LOG_WARNING, "request_refused", problem->detail, call);
    log_number(&line, "status", problem->status, 0);
    log_end(&line);
}

// `message_id` is that of a message of SQS, else empty.
static void log_answer(lambda_handler *h, const invocation *call, text message_id,
                       const ec_email *email, const ec_answer *answer, double milliseconds) {
    log_line line;
    begin_line(h, &line, LOG_INFO, "email_classification", "email classified", call);
    if (message_id.length > 0) {
        log_text(&line, "message_id", message_id);
    }
    log_classification(&line, email, answer, h->timed.file.model, milliseconds);
    log_end(&line);
}

// ---------------------------------------------------------------------------- emails

// Adds the answer to one email. False: *problem says why there is none.
static bool add_answer(lambda_handler *h, const invocation *call, const ec_email *email, bool batch,
                       text_buffer *out, api_problem *problem) {
    ec_answer answer;
    ec_explanation parts;
    ec_error error;
    double milliseconds = 0;
    if (timed_left_ms(call->deadline_ms) <= 0) {
        api_problem_set(problem, 504, "There was no time left before the function's deadline.");
        return false;
    }
    const bool explain = h->request.explain &&
                         timed_has_time(&h->timed, email, call->deadline_ms, 1 + EC_MAX_SENTENCES);
    ec_explanation *const explanation = explain ? &parts : NULL;
    if (timed_classify(&h->timed, email, call->deadline_ms, &answer, explanation, &milliseconds,
                       &error) != EC_OK) {
        api_problem_set(problem, 500, "%s", error.message);
        return false;
    }
    const ec_model *model = h->timed.file.model;
    if (batch) {
        api_results_add_answer(out, &answer, model, milliseconds);
    } else {
        buffer_add_answer(out, &answer, explanation, model, milliseconds);
    }
    log_answer(h, call, (text){"", 0}, email, &answer, milliseconds);
    return true;
}

static bool add_batch(lambda_handler *h, const invocation *call, text_buffer *out,
                      api_problem *problem) {
    bool ok = true;
    api_results_open(out);
    for (size_t i = 0; i < h->request.count && ok; i++) {
        const api_email *email = &h->request.emails[i];
        if (email->error_count > 0) {
            api_results_add_error(out, &email->errors[0]);
        } else {
            ok = add_answer(h, call, &email->email, true, out, problem);
        }
    }
    api_results_close(out);
    return ok;
}

// Reads a body and writes what answers it. False: *out is empty and *problem says why.
static bool classify(lambda_handler *h, const invocation *call, text body, bool batch,
                     text_buffer *out, api_problem *problem) {
    const ec_policy policy = h->config->policy;
    bool ok = batch ? api_read_batch(body, policy, &h->request, problem)
                    : api_read_single(body, policy, &h->request, problem);
    if (ok) {
        ok = batch ? add_batch(h, call, out, problem)
                   : add_answer(h, call, &h->request.emails[0].email, false, out, problem);
        api_request_free(&h->request);
    }
    if (ok && out->failed) {
        api_problem_set(problem, 500, "There is no memory for the answer.");
        ok = false;
    }
    if (!ok) {
        buffer_clear(out);
    }
    return ok;
}

// ---------------------------------------------------------------------------- over HTTP

typedef enum path { PATH_NONE, PATH_CLASSIFY, PATH_BATCH, PATH_HEALTH } path;

// The last part of the path decides: before it may stand a stage, or what a gateway maps here.
static path find_path(text whole) {
    size_t start = whole.length;
    while (start > 0 && whole.data[start - 1] != '/') {
        start--;
    }
    const text last = {whole.data + start, whole.length - start};
    return text_equals(last, text_of("classify"))         ? PATH_CLASSIFY
           : text_equals(last, text_of("classify-batch")) ? PATH_BATCH
           : text_equals(last, text_of("health"))         ? PATH_HEALTH
                                                          : PATH_NONE;
}

static void write_health(const lambda_handler *h, text_buffer *out) {
    char now[LOG_TIME_BYTES];
    log_format_time(now);
    const ec_model *model = h->timed.file.model;
    const ec_breaker *breaker = &h->timed.breaker;
    const bool has_model = model != NULL;
    const bool closed = breaker->state == EC_BREAKER_CLOSED;
    buffer_printf(out,
                  "{\"status\":\"%s\",\"timestamp\":\"%s\",\"version\":\"" EC_VERSION
                  "\",\"checks\":{\"model\":{\"status\":\"%s\",\"loaded\":%s,\"version\":",
                  has_model && closed ? "healthy" : "degraded", now,
                  has_model ? "healthy" : "degraded", has_model ? "true" : "false");
    buffer_add_json_string(out, text_of(ec_model_get_info(model)->version));
    buffer_printf(out,
                  "},\"circuit_breaker\":{\"status\":\"%s\",\"state\":\"%s\",\"failures\":%u}}}",
                  closed ? "healthy" : "degraded", ec_breaker_state_name(breaker->state),
                  (unsigned)breaker->failures);
}

static bool refuse(api_problem *problem, int status, const char *detail) {
    api_problem_set(problem, status, "%s", detail);
    return false;
}

// Whether the request may be classified.
static bool admit(const lambda_handler *h, const lambda_event *event, event_answer *answer,
                  api_problem *problem) {
    if (!api_is_json_type(event->content_type)) {
        return refuse(problem, 415, "The Content-Type must be application/json in UTF-8.");
    }
    if (!config_wants_tokens(h->config)) {
        return true;
    }
    jwt_subject subject;
    const jwt_result result =
        jwt_check(&h->config->jwt, event->authorization, (int64_t)time(NULL), &subject);
    if (result != JWT_OK) {
        event_add_header(answer, "www-authenticate", jwt_challenge(result));
        return refuse(problem, jwt_status(result), jwt_detail(result));
    }
    return true;
}

// REST APIs and load balancers leave it to the function to tell pages of other origins what they
// may do.
static void add_cors(const lambda_handler *h, const lambda_event *event, const char *methods,
                     event_answer *answer) {
    const cors_origins *allowed = &h->config->origins;
    if (allowed->count > 0 && !allowed->any) {
        event_add_header(answer, "vary", "Origin");
    }
    if (!cors_allows(allowed, event->origin)) {
        return;
    }
    event_add_header(answer, "access-control-allow-origin",
                     allowed->any ? "*" : event->origin.data);
    if (text_equals(event->method, text_of("OPTIONS"))) {
        event_add_header(answer, "access-control-allow-methods", methods);
        event_add_header(answer, "access-control-allow-headers", "Authorization, Content-Type");
        event_add_header(answer, "access-control-max-age", "7200");
    }
}

static bool answer_request(lambda_handler *h, const invocation *call, const lambda_event *event,
                           event_answer *answer, text_buffer *body, api_problem *problem) {
    const path at = find_path(event->path);
    const bool reads = at == PATH_HEALTH;
    add_cors(h, event, reads ? "GET" : "POST", answer);
    if (at == PATH_NONE) {
        return refuse(problem, 404, "There is /classify, /classify-batch and /health here.");
    }
    if (text_equals(event->method, text_of("OPTIONS"))) {
        answer->status = 204;
        event_add_header(answer, "allow", reads ? "GET, OPTIONS" : "POST, OPTIONS");
        return true;
    }
    if (!text_equals(event->method, text_of(reads ? "GET" : "POST"))) {
        event_add_header(answer, "allow", reads ? "GET, OPTIONS" : "POST, OPTIONS");
        return refuse(problem, 405, "This path does not take this method.");
    }
    if (reads) {
        write_health(h, body);
        return true;
    }
    return admit(h, event, answer, problem) &&
           classify(h, call, event->body, at == PATH_BATCH, body, problem);
}

static void reply_to_request(lambda_handler *h, const invocation *call, const lambda_event *event,
                             lambda_reply *reply) {
    text_buffer body = {0};
    api_problem problem = {0};
    event_answer answer = {.status = 200};
    event_add_header(&answer, "cache-control", "no-store");
    event_add_header(&answer, "x-content-type-options", "nosniff");
    event_add_header(&answer, "x-request-id", call->id);
    if (!answer_request(h, call, event, &answer, &body, &problem)) {
        answer.status = problem.status;
        log_refusal(h, call, &problem);
        api_write_problem(&body, &problem, text_of(call->id));
        event_add_header(&answer, "content-type", API_PROBLEM_TYPE);
    } else if (body.length > 0) {
        event_add_header(&answer, "content-type", API_JSON_TYPE);
    }
    answer.body = body.length > 0 ? (text){body.data, body.length} : text_of("");
    event_write_answer(&reply->body, event, &answer);
    reply->body.failed |= body.failed;
    buffer_free(&body);
}

// ---------------------------------------------------------------------------- other events

static void fail(lambda_reply *reply, const char *type, const char *error) {
    reply->error_type = type;
    snprintf(reply->error, sizeof reply->error, "%s", error);
}

static void reply_to_email(lambda_handler *h, const invocation *call, const lambda_event *event,
                           lambda_reply *reply) {
    const bool batch = cJSON_IsArray(event->tree) ||
                       cJSON_GetObjectItemCaseSensitive(event->tree, "emails") != NULL;
    api_problem problem = {0};
    if (!classify(h, call, call->event, batch, &reply->body, &problem)) {
        log_refusal(h, call, &problem);
        fail(reply, problem.status < 500 ? "Request.Invalid" : "Request.Failed", problem.detail);
    }
}

static void log_message(lambda_handler *h, const invocation *call, const char *event,
                        const char *message, text id) {
    log_line line;
    begin_line(h, &line, LOG_WARNING, event, message, call);
    log_text(&line, "message_id", id);
    log_end(&line);
}

// Whether the message is dealt with. One that is not comes again, later, and ends in the queue's
// dead-letter queue.
static bool classify_message(lambda_handler *h, const invocation *call, text id, text body) {
    api_problem problem = {0};
    if (!api_read_single(body, h->config->policy, &h->request, &problem)) {
        log_message(h, call, "message_refused", problem.detail, id);
        return false;
    }
    const ec_email *email = &h->request.emails[0].email;
    ec_answer answer;
    double milliseconds = 0;
    // Better later by the model than now by the rules.
    const bool ok = timed_has_time(&h->timed, email, call->deadline_ms, 1) &&
                    timed_classify(&h->timed, email, call->deadline_ms, &answer, NULL,
                                   &milliseconds, NULL) == EC_OK;
    if (ok) {
        log_answer(h, call, id, email, &answer, milliseconds);
    } else {
        log_message(h, call, "message_left", "no time left for it; it comes again", id);
    }
    api_request_free(&h->request);
    return ok;
}

static void reply_to_messages(lambda_handler *h, const invocation *call, const lambda_event *event,
                              lambda_reply *reply) {
    bool any_failed = false;
    buffer_add_string(&reply->body, "{\"batchItemFailures\":[");
    const cJSON *record = NULL;
    cJSON_ArrayForEach(record, event->records) {
        text id, body;
        event_message(record, &id, &body);
        if (!classify_message(h, call, id, body)) {
            buffer_add_string(&reply->body,
                              any_failed ? ",{\"itemIdentifier\":" : "{\"itemIdentifier\":");
            buffer_add_json_string(&reply->body, id);
            buffer_add_string(&reply->body, "}");
            any_failed = true;
        }
    }
    buffer_add_string(&reply->body, "]}");
}

void handler_reply(lambda_handler *h, const invocation *call, lambda_reply *reply) {
    lambda_event event;
    buffer_clear(&reply->body);
    reply->error_type = NULL;
    event_read(call->event, &event);
    switch (event.kind) {
    case EVENT_REST:
    case EVENT_HTTP:
    case EVENT_LOAD_BALANCER:
        reply_to_request(h, call, &event, reply);
        break;
    case EVENT_SQS:
        reply_to_messages(h, call, &event, reply);
        break;
    case EVENT_DIRECT:
        reply_to_email(h, call, &event, reply);
        break;
    case EVENT_UNSUPPORTED:
        fail(reply, "Event.Unsupported", event.problem);
        break;
    }
    event_free(&event);
    if (reply->body.failed) {
        buffer_free(&reply->body);
        fail(reply, "Request.Failed", "There is no memory for the answer.");
    }
}
