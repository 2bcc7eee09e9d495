// SPDX-License-Identifier: Apache-2.0
// The events that Lambda hands over, and the answers their senders expect. Pure.
//
//     API Gateway REST (v1), HTTP API (v2), Function URL, Application Load Balancer:
//                       a request over HTTP; {"statusCode":...,"headers":...,"body":...}
//     SQS:              messages whose bodies are emails; {"batchItemFailures":[...]}
//     anything else that is an email or a batch of them: the answer itself
#ifndef LAMBDA_EVENT_H
#define LAMBDA_EVENT_H

#include <cJSON.h>

#include "buffer.h"

typedef enum event_kind {
    EVENT_UNSUPPORTED,
    EVENT_REST,           // API Gateway v1
    EVENT_HTTP,           // API Gateway v2, Function URL
    EVENT_LOAD_BALANCER,  // ALB
    EVENT_SQS,
    EVENT_DIRECT
} event_kind;

// Texts belong to the event; length 0 when the event has none.
typedef struct lambda_event {
    event_kind kind;
    cJSON *tree;
    text method, path;  // over HTTP
    text body;
    text content_type, authorization, origin;  // headers; each ends in NUL
    bool multi_value;                          // the answer must have multiValueHeaders
    const cJSON *records;                      // SQS: the array of messages
    text_buffer decoded;                       // the body, when it was base64
    const char *problem;                       // UNSUPPORTED: why; static storage
} lambda_event;

// Reads an event; json[0..length) is not needed afterwards. Free it also when it is UNSUPPORTED.
void event_read(text json, lambda_event *event);
void event_free(lambda_event *event);

// The id and body of a message of SQS. False when it has no id, and so cannot be reported.
bool event_message(const cJSON *record, text *id, text *body);

enum { EVENT_MAX_HEADERS = 12 };

// The answer to a request over HTTP. All zero but the status is an answer without anything.
typedef struct event_answer {
    int status;
    struct {
        const char *name, *value;
    } headers[EVENT_MAX_HEADERS];
    size_t header_count;
    text body;
} event_answer;

// Adds a header; name and value are borrowed. At most EVENT_MAX_HEADERS are kept.
void event_add_header(event_answer *answer, const char *name, const char *value);

// Writes the answer in the form that the event's sender expects.
void event_write_answer(text_buffer *out, const lambda_event *event, const event_answer *answer);

#endif
