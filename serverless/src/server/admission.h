// SPDX-License-Identifier: Apache-2.0
// Whether a request is let in, judged by its headers before any of its body is read: method,
// framing, media type, length, token, rate.
#ifndef SERVER_ADMISSION_H
#define SERVER_ADMISSION_H

#include "exchange.h"

// What the headers say about the body.
typedef struct body_announcement {
    bool chunked;
    bool expects_continue;  // the client waits before it sends the body
    uint64_t length;
} body_announcement;

// On a refusal x->problem is set.
body_announcement admission_check(exchange *x, const char *method, const char *version);

// The methods that the path takes, for the header Allow.
const char *admission_methods(const exchange *x);

// Refuses with 413.
void admission_refuse_length(exchange *x);

// Takes `cost` emails from the client's rate limit. False: x->problem says so.
bool admission_take_rate(exchange *x, uint32_t cost);

#endif
