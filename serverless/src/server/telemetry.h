// SPDX-License-Identifier: Apache-2.0
// Counters of the server, and their text for Prometheus (exposition format 0.0.4). Fixed memory
// and a bounded set of labels, whatever clients send. Any thread.
#ifndef SERVER_TELEMETRY_H
#define SERVER_TELEMETRY_H

#include "buffer.h"

typedef struct telemetry telemetry;

// Methods as far as they are told apart.
typedef enum http_method {
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_OPTIONS,
    METHOD_OTHER,
    METHOD_COUNT
} http_method;

enum { TELEMETRY_MAX_ROUTES = 16 };

// The routes, by name, that requests are counted under; the last one is for everything else.
// Borrowed. NULL without memory.
telemetry *telemetry_new(const char *const *routes, size_t count);
void telemetry_free(telemetry *t);

// Predictions are counted by the labels of this model from now on. When they are other labels than
// before, their counts begin at zero.
void telemetry_set_labels(telemetry *t, const ec_model_info *info);

void telemetry_prediction(telemetry *t, const ec_answer *answer, double seconds);
void telemetry_model_load(telemetry *t, double seconds);
void telemetry_request_started(telemetry *t);
void telemetry_request(telemetry *t, http_method method, size_t route, int status);
int64_t telemetry_in_flight(telemetry *t);

typedef enum telemetry_refusal {
    REFUSED_QUEUE,   // the queue is full
    REFUSED_MEMORY,  // too many request bodies at once
    REFUSED_RATE,    // the client's rate limit
    REFUSED_TOKEN,   // no good token
    REFUSAL_COUNT
} telemetry_refusal;

void telemetry_refused(telemetry *t, telemetry_refusal why);

// What is measured at the moment of asking.
typedef struct telemetry_gauges {
    bool model_loaded;
    const char *model_version;
    ec_breaker_state breaker;
    uint64_t breaker_opened;
    size_t queue_depth, queue_capacity, workers;
    size_t cache_entries;
    uint64_t cache_hits, cache_misses;
    size_t connections;
    uint64_t connections_accepted, connections_timed_out;
    uint64_t log_dropped;
} telemetry_gauges;

void telemetry_write(telemetry *t, const telemetry_gauges *gauges, text_buffer *out);

#endif
