// SPDX-License-Identifier: Apache-2.0
#include "answer_headers.h"

#include <stdio.h>

typedef struct header {
    const char *name, *value;
} header;

// On every answer. The first two are for pages that use threads (SharedArrayBuffer).
static const header fixed[] = {
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Embedder-Policy", "require-corp"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
};

// On answers that are no pages or files of them, which set their own.
static const header otherwise[] = {
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"Cache-Control", "no-store"},
};

static bool add(struct MHD_Response *response, const char *name, const char *value) {
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_security(struct MHD_Response *response) {
    bool ok = true;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed && ok; i++) {
        ok = add(response, fixed[i].name, fixed[i].value);
    }
    for (size_t i = 0; i < sizeof otherwise / sizeof *otherwise && ok; i++) {
        ok = MHD_get_response_header(response, otherwise[i].name) != NULL ||
             add(response, otherwise[i].name, otherwise[i].value);
    }
    return ok;
}

static bool add_cors(const exchange *x, struct MHD_Response *response) {
    const cors_origins *allowed = &x->server->config.origins;
    const text origin = exchange_header(x, "Origin");
    if (allowed->count == 0 && !allowed->any) {
        return true;
    }
    bool ok = allowed->any || add(response, "Vary", "Origin");
    if (origin.length == 0 || !cors_allows(allowed, origin)) {
        return ok;
    }
    ok = ok && add(response, "Access-Control-Allow-Origin", allowed->any ? "*" : origin.data) &&
         add(response, "Access-Control-Expose-Headers",
             "RateLimit, RateLimit-Policy, Retry-After, Server-Timing, X-Request-Id");
    if (x->method == METHOD_OPTIONS) {
        ok = ok &&
             add(response, "Access-Control-Allow-Methods",
                 x->route != NULL && x->route->post ? "POST" : "GET, HEAD") &&
             add(response, "Access-Control-Allow-Headers",
                 "Authorization, Content-Type, X-Request-Id, traceparent") &&
             add(response, "Access-Control-Max-Age", "7200");
    }
    return ok;
}

static bool add_rate(const exchange *x, struct MHD_Response *response) {
    char policy[RATE_HEADER_BYTES];
    char state[RATE_HEADER_BYTES];
    if (!x->limited) {
        return true;
    }
    rate_format_policy(x->server->config.rate_limit, policy);
    rate_format_state(&x->rate, state);
    return add(response, "RateLimit-Policy", policy) && add(response, "RateLimit", state);
}

static bool add_refusal(const exchange *x, struct MHD_Response *response) {
    char seconds[16];
    snprintf(seconds, sizeof seconds, "%u", (unsigned)x->retry_after_s);
    return (x->retry_after_s == 0 || add(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds)) &&
           (x->challenge == NULL ||
            add(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, x->challenge)) &&
           (x->allow == NULL || add(response, MHD_HTTP_HEADER_ALLOW, x->allow));
}

bool answer_headers_add(const exchange *x, struct MHD_Response *response) {
    return add_security(response) && add(response, "X-Request-Id", x->request_id) &&
           (x->traceparent[0] == '\0' || add(response, "traceparent", x->traceparent)) &&
           (x->server_timing[0] == '\0' || add(response, "Server-Timing", x->server_timing)) &&
           add_cors(x, response) && add_rate(x, response) && add_refusal(x, response) &&
           ((!x->close && !atomic_load(&x->server->draining)) ||
            add(response, MHD_HTTP_HEADER_CONNECTION, "close"));
}
