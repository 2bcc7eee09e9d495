// SPDX-License-Identifier: Apache-2.0
// The Lambda Runtime API, version 2018-06-01: take the next invocation, answer it, report errors.
#ifndef LAMBDA_RUNTIME_API_H
#define LAMBDA_RUNTIME_API_H

#include "lambda/http_client.h"

enum { INVOCATION_ID_BYTES = 129, INVOCATION_TRACE_BYTES = 257 };

typedef struct invocation {
    char id[INVOCATION_ID_BYTES];
    char trace[INVOCATION_TRACE_BYTES];  // empty when there is none that can be logged
    int64_t deadline_ms;                 // since 1970; INT64_MAX when there is none
    text event;                          // the client's, until the next exchange
} invocation;

typedef enum runtime_result {
    RUNTIME_OK,
    RUNTIME_STOPPED,  // a signal came while waiting
    RUNTIME_FAILED  // the Runtime API is lost, which has been said on stderr; the process must end
} runtime_result;

// Waits for the next invocation, however long. Tries again when the connection is lost meanwhile.
runtime_result runtime_next(http_client *client, invocation *next);

// Posts the answer of an invocation; when that is refused, an error instead.
runtime_result runtime_respond(http_client *client, const char *id, text answer);

// Posts that an invocation failed. `type` is like "Event.Unsupported". `message` is for whoever
// invoked the function.
runtime_result runtime_fail(http_client *client, const char *id, const char *type,
                            const char *message);

// Posts that the process cannot start.
void runtime_fail_init(http_client *client, const char *type, const char *message);

#endif
