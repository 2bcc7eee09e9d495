// SPDX-License-Identifier: Apache-2.0
#include "telemetry.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"

enum { LABEL_BYTES = 64, SOURCE_COUNT = EC_SOURCE_DEFAULT + 1, MAX_BOUNDS = 14 };

// Every status the server answers with; the last one stands for any other.
static const int statuses[] = {200, 204, 304, 400, 401, 403, 404, 405, 406, 408, 411,
                               413, 415, 417, 422, 429, 431, 500, 501, 503, 505, 0};
enum { STATUS_COUNT = sizeof statuses / sizeof *statuses };

static const char *const methods[METHOD_COUNT] = {"GET", "HEAD", "POST", "OPTIONS", "other"};
static const char *const refusals[REFUSAL_COUNT] = {"queue", "memory", "rate", "token"};

typedef _Atomic uint64_t counter;

typedef struct histogram {
    const double *bounds;  // seconds, rising; above the last there is +Inf
    size_t bound_count;
    counter buckets[MAX_BOUNDS + 1];
    counter nanoseconds;
} histogram;

static const double prediction_bounds[] = {0.0005, 0.001, 0.0025, 0.005, 0.0075, 0.01, 0.025,
                                           0.05,   0.075, 0.1,    0.25,  0.5,    1,    2.5};
static const double load_bounds[] = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

struct telemetry {
    const char *const *routes;
    size_t route_count;
    pthread_mutex_t mutex;  // of the labels
    char labels[EC_MAX_LABELS][LABEL_BYTES];
    size_t label_count;
    counter predictions[EC_MAX_LABELS][SOURCE_COUNT];
    counter fallbacks;
    counter needs_review;
    counter requests[METHOD_COUNT][TELEMETRY_MAX_ROUTES][STATUS_COUNT];
    counter refused[REFUSAL_COUNT];
    _Atomic int64_t in_flight;
    histogram prediction;
    histogram load;
};

static void add(counter *c, uint64_t value) {
    atomic_fetch_add_explicit(c, value, memory_order_relaxed);
}

static unsigned long long get(counter *c) { return atomic_load_explicit(c, memory_order_relaxed); }

// ---------------------------------------------------------------------------- counting

telemetry *telemetry_new(const char *const *routes, size_t count) {
    telemetry *t = count <= TELEMETRY_MAX_ROUTES ? calloc(1, sizeof *t) : NULL;
    if (t == NULL) {
        return NULL;
    }
    t->routes = routes;
    t->route_count = count;
    t->prediction.bounds = prediction_bounds;
    t->prediction.bound_count = sizeof prediction_bounds / sizeof *prediction_bounds;
    t->load.bounds = load_bounds;
    t->load.bound_count = sizeof load_bounds / sizeof *load_bounds;
    pthread_mutex_init(&t->mutex, NULL);
    return t;
}

void telemetry_free(telemetry *t) {
    if (t != NULL) {
        pthread_mutex_destroy(&t->mutex);
        free(t);
    }
}

void telemetry_set_labels(telemetry *t, const ec_model_info *info) {
    pthread_mutex_lock(&t->mutex);
    bool same = t->label_count == info->label_count;
    for (size_t i = 0; i < info->label_count; i++) {
        char label[LABEL_BYTES];
        snprintf(label, sizeof label, "%s", info->labels[i]);
        same = same && strcmp(t->labels[i], label) == 0;
        memcpy(t->labels[i], label, sizeof label);
    }
    t->label_count = info->label_count;
    for (size_t i = 0; !same && i < EC_MAX_LABELS; i++) {
        for (size_t source = 0; source < SOURCE_COUNT; source++) {
            atomic_store(&t->predictions[i][source], 0);
        }
    }
    pthread_mutex_unlock(&t->mutex);
}

static void observe(histogram *h, double seconds) {
    size_t bucket = 0;
    while (bucket < h->bound_count && seconds > h->bounds[bucket]) {
        bucket++;
    }
    add(&h->buckets[bucket], 1);
    add(&h->nanoseconds, seconds > 0 ? (uint64_t)(seconds * 1e9) : 0);
}

void telemetry_prediction(telemetry *t, const ec_answer *answer, double seconds) {
    add(&t->predictions[answer->class_id][answer->source], 1);
    add(&t->fallbacks, answer->fallback_used ? 1 : 0);
    add(&t->needs_review, answer->needs_review ? 1 : 0);
    observe(&t->prediction, seconds);
}

void telemetry_model_load(telemetry *t, double seconds) { observe(&t->load, seconds); }

void telemetry_request_started(telemetry *t) { atomic_fetch_add(&t->in_flight, 1); }

void telemetry_request(telemetry *t, http_method method, size_t route, int status) {
    size_t index = 0;
    while (index < STATUS_COUNT - 1 && statuses[index] != status) {
        index++;
    }
    add(&t->requests[method][route < t->route_count ? route : t->route_count - 1][index], 1);
    atomic_fetch_sub(&t->in_flight, 1);
}

int64_t telemetry_in_flight(telemetry *t) { return atomic_load(&t->in_flight); }

void telemetry_refused(telemetry *t, telemetry_refusal why) { add(&t->refused[why], 1); }

// ---------------------------------------------------------------------------- writing

static void head(text_buffer *out, const char *name, const char *type, const char *help) {
    buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void metric(text_buffer *out, const char *name, const char *type, const char *help,
                   double value) {
    head(out, name, type, help);
    buffer_printf(out, "%s %.17g\n", name, value);
}

// A label's value: backslash, quote and line end are escaped.
static void label_value(text_buffer *out, const char *value) {
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '\\' || *c == '"') {
            buffer_add(out, "\\", 1);
        }
        if (*c == '\n') {
            buffer_add_string(out, "\\n");
        } else {
            buffer_add(out, c, 1);
        }
    }
}

static void write_histogram(text_buffer *out, histogram *h, const char *name, const char *help) {
    head(out, name, "histogram", help);
    unsigned long long sum = 0;
    for (size_t i = 0; i < h->bound_count; i++) {
        sum += get(&h->buckets[i]);
        buffer_printf(out, "%s_bucket{le=\"%g\"} %llu\n", name, h->bounds[i], sum);
    }
    sum += get(&h->buckets[h->bound_count]);
    buffer_printf(out, "%s_bucket{le=\"+Inf\"} %llu\n", name, sum);
    buffer_printf(out, "%s_sum %.9f\n", name, (double)get(&h->nanoseconds) / 1e9);
    buffer_printf(out, "%s_count %llu\n", name, sum);
}

static void write_predictions(telemetry *t, text_buffer *out) {
    head(out, "email_predictions_total", "counter",
         "Emails answered, by label and by who answered.");
    pthread_mutex_lock(&t->mutex);
    for (size_t i = 0; i < t->label_count; i++) {
        for (size_t source = 0; source < SOURCE_COUNT; source++) {
            buffer_add_string(out, "email_predictions_total{category=\"");
            label_value(out, t->labels[i]);
            buffer_printf(out, "\",source=\"%s\"} %llu\n", ec_source_name((ec_source)source),
                          get(&t->predictions[i][source]));
        }
    }
    pthread_mutex_unlock(&t->mutex);
    metric(out, "email_fallbacks_total", "counter", "Emails answered without the model.",
           (double)get(&t->fallbacks));
    metric(out, "email_needs_review_total", "counter", "Emails whose answer a person should see.",
           (double)get(&t->needs_review));
    write_histogram(out, &t->prediction, "prediction_duration_seconds",
                    "Time to classify an email, without waiting.");
    write_histogram(out, &t->load, "model_load_time_seconds", "Time to load the model.");
}

static void write_requests(telemetry *t, text_buffer *out) {
    head(out, "http_requests_total", "counter", "Requests answered.");
    for (size_t m = 0; m < METHOD_COUNT; m++) {
        for (size_t r = 0; r < t->route_count; r++) {
            for (size_t s = 0; s < STATUS_COUNT; s++) {
                const unsigned long long count = get(&t->requests[m][r][s]);
                if (count > 0) {
                    buffer_printf(out,
                                  "http_requests_total{method=\"%s\",route=\"%s\",status=\"%d\"}"
                                  " %llu\n",
                                  methods[m], t->routes[r], statuses[s], count);
                }
            }
        }
    }
    metric(out, "http_requests_in_flight", "gauge", "Requests being worked on.",
           (double)telemetry_in_flight(t));
    head(out, "http_requests_refused_total", "counter", "Requests refused, by reason.");
    for (size_t i = 0; i < REFUSAL_COUNT; i++) {
        buffer_printf(out, "http_requests_refused_total{reason=\"%s\"} %llu\n", refusals[i],
                      get(&t->refused[i]));
    }
}

static void write_model(const telemetry_gauges *g, text_buffer *out) {
    head(out, "model_info", "gauge", "1 when a model is loaded; its version.");
    buffer_add_string(out, "model_info{version=\"");
    label_value(out, g->model_version);
    buffer_printf(out, "\"} %d\n", g->model_loaded ? 1 : 0);
    head(out, "circuit_breaker_state", "gauge", "1 for the state the circuit breaker is in.");
    for (int state = EC_BREAKER_CLOSED; state <= EC_BREAKER_HALF_OPEN; state++) {
        buffer_printf(out, "circuit_breaker_state{state=\"%s\"} %d\n",
                      ec_breaker_state_name((ec_breaker_state)state),
                      g->breaker == (ec_breaker_state)state ? 1 : 0);
    }
    metric(out, "circuit_breaker_opened_total", "counter", "Times the circuit breaker opened.",
           (double)g->breaker_opened);
    metric(out, "cache_hits_total", "counter", "Emails found in the cache.", (double)g->cache_hits);
    metric(out, "cache_misses_total", "counter", "Emails not found in the cache.",
           (double)g->cache_misses);
    metric(out, "cache_entries", "gauge", "Answers in the cache.", (double)g->cache_entries);
}

static void write_server(const telemetry_gauges *g, text_buffer *out) {
    metric(out, "queue_depth", "gauge", "Emails waiting for a worker.", (double)g->queue_depth);
    metric(out, "queue_capacity", "gauge", "Emails that may wait.", (double)g->queue_capacity);
    metric(out, "workers", "gauge", "Threads that classify.", (double)g->workers);
    metric(out, "http_connections", "gauge", "Open connections.", (double)g->connections);
    metric(out, "http_connections_total", "counter", "Connections accepted.",
           (double)g->connections_accepted);
    metric(out, "http_connections_timed_out_total", "counter", "Connections past a deadline.",
           (double)g->connections_timed_out);
    metric(out, "log_lines_dropped_total", "counter", "Log lines lost to a slow reader.",
           (double)g->log_dropped);
}

static void write_process(text_buffer *out) {
    const process_usage usage = process_measure();
    metric(out, "process_cpu_seconds_total", "counter", "User and system time.", usage.cpu_seconds);
    metric(out, "process_resident_memory_bytes", "gauge", "Memory in use.",
           (double)usage.resident_bytes);
    metric(out, "process_virtual_memory_bytes", "gauge", "Address space in use.",
           (double)usage.virtual_bytes);
    metric(out, "process_open_fds", "gauge", "Open file descriptors.", (double)usage.open_fds);
    metric(out, "process_max_fds", "gauge", "File descriptors that may be open.",
           (double)usage.max_fds);
    metric(out, "process_start_time_seconds", "gauge", "Start, in seconds since 1970.",
           usage.start_seconds);
}

void telemetry_write(telemetry *t, const telemetry_gauges *gauges, text_buffer *out) {
    write_predictions(t, out);
    write_requests(t, out);
    write_model(gauges, out);
    write_server(gauges, out);
    write_process(out);
}
