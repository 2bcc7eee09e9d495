// SPDX-License-Identifier: Apache-2.0
#include "status.h"

#include <stdio.h>

// Above this share of memory or disk the server is degraded.
static const double full_percent = 95.0;

// What the checks look at, at one moment.
typedef struct snapshot {
    generation *generation;  // held
    generation_state state;
    bool has_model;
    bool model_answers;  // loaded, and the breaker lets it
    bool draining;
} snapshot;

static snapshot take_snapshot(exchange *x) {
    generation *g = engine_generation(x->server->engine);
    snapshot now = {.generation = g, .state = generation_get_state(g)};
    now.has_model = generation_model(g) != NULL;
    now.model_answers = now.has_model && now.state.breaker.state == EC_BREAKER_CLOSED;
    now.draining = atomic_load(&x->server->draining);
    return now;
}

static const char *version_of(const generation *g) {
    return ec_model_get_info(generation_model(g))->version;
}

// ---------------------------------------------------------------------------- health

static void add_check(text_buffer *out, const char *name, bool ok) {
    buffer_printf(out, "\"%s\":{\"status\":\"%s\"", name, ok ? "healthy" : "degraded");
}

static void write_checks(const snapshot *now, const system_load *load, text_buffer *out) {
    add_check(out, "model", now->has_model);
    buffer_printf(out, ",\"loaded\":%s,\"version\":", now->has_model ? "true" : "false");
    buffer_add_json_string(out, text_of(version_of(now->generation)));
    buffer_add_string(out, "},");
    add_check(out, "circuit_breaker", now->state.breaker.state == EC_BREAKER_CLOSED);
    buffer_printf(out, ",\"state\":\"%s\",\"failures\":%u},",
                  ec_breaker_state_name(now->state.breaker.state),
                  (unsigned)now->state.breaker.failures);
    add_check(out, "system",
              load->memory_percent < full_percent && load->disk_percent < full_percent);
    buffer_printf(out, ",\"cpu_percent\":%.1f,\"memory_percent\":%.1f,\"disk_percent\":%.1f}",
                  load->cpu_percent, load->memory_percent, load->disk_percent);
}

enum MHD_Result status_health(exchange *x) {
    const snapshot now = take_snapshot(x);
    const system_load load = system_sampler_get(x->server->system);
    const bool ok =
        now.model_answers && load.memory_percent < full_percent && load.disk_percent < full_percent;
    char time[LOG_TIME_BYTES];
    text_buffer body = {0};
    log_format_time(time);
    buffer_printf(&body,
                  "{\"status\":\"%s\",\"timestamp\":\"%s\",\"version\":\"" EC_VERSION
                  "\",\"checks\":{",
                  now.draining ? "unhealthy"
                  : ok         ? "healthy"
                               : "degraded",
                  time);
    write_checks(&now, &load, &body);
    buffer_add_string(&body, "}}\n");
    generation_release(now.generation);
    return exchange_send(x, now.draining ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK,
                         API_JSON_TYPE, &body);
}

enum MHD_Result status_live(exchange *x) {
    static const char body[] = "{\"status\":\"live\"}\n";
    return exchange_send_static(x, API_JSON_TYPE, body, sizeof body - 1);
}

enum MHD_Result status_ready(exchange *x) {
    const snapshot now = take_snapshot(x);
    const bool ready = now.model_answers && !now.draining;
    const char *reason = now.draining         ? "ending"
                         : !now.has_model     ? "no model"
                         : !now.model_answers ? "circuit breaker open"
                                              : NULL;
    text_buffer body = {0};
    generation_release(now.generation);
    if (reason == NULL) {
        buffer_add_string(&body, "{\"status\":\"ready\"}\n");
    } else {
        buffer_printf(&body, "{\"status\":\"not ready\",\"reason\":\"%s\"}\n", reason);
    }
    return exchange_send(x, ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, API_JSON_TYPE,
                         &body);
}

// ---------------------------------------------------------------------------- metrics

enum MHD_Result status_metrics(exchange *x) {
    server *s = x->server;
    const snapshot now = take_snapshot(x);
    const connection_counts connections = connections_count(s->connections);
    const telemetry_gauges gauges = {
        .model_loaded = now.has_model,
        .model_version = version_of(now.generation),
        .breaker = now.state.breaker.state,
        .breaker_opened = now.state.breaker.times_opened,
        .queue_depth = engine_queue_depth(s->engine),
        .queue_capacity = s->config.max_queue,
        .workers = s->config.workers,
        .cache_entries = now.state.cache.entries,
        .cache_hits = now.state.cache.hits,
        .cache_misses = now.state.cache.misses,
        .connections = connections.open,
        .connections_accepted = connections.accepted,
        .connections_timed_out = connections.timed_out,
        .log_dropped = log_dropped(s->log),
    };
    text_buffer body = {0};
    telemetry_write(s->telemetry, &gauges, &body);
    generation_release(now.generation);
    return exchange_send(x, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", &body);
}

// ---------------------------------------------------------------------------- model

static void write_model(const ec_model *model, text_buffer *out) {
    const ec_model_info *info = ec_model_get_info(model);
    buffer_printf(out, "{\"loaded\":%s,\"name\":", model != NULL ? "true" : "false");
    buffer_add_json_string(out, text_of(info->name));
    buffer_add_string(out, ",\"version\":");
    buffer_add_json_string(out, text_of(info->version));
    buffer_printf(out, ",\"sha256\":\"%s\",\"labels\":[", info->digest);
    for (uint32_t i = 0; i < info->label_count; i++) {
        buffer_add_string(out, i > 0 ? "," : "");
        buffer_add_json_string(out, text_of(info->labels[i]));
    }
    buffer_printf(out,
                  "],\"layers\":%u,\"hidden_size\":%u,\"attention_heads\":%u,"
                  "\"vocabulary_size\":%u,\"max_tokens\":%u,\"temperature\":%.6g,"
                  "\"review_threshold\":%.6g,\"packed_bytes\":%zu,\"metadata\":%s}\n",
                  (unsigned)info->layer_count, (unsigned)info->hidden_size,
                  (unsigned)info->attention_heads, (unsigned)info->vocabulary_size,
                  (unsigned)info->max_tokens, (double)info->temperature,
                  (double)info->review_threshold, info->packed_bytes,
                  *info->metadata != '\0' ? info->metadata : "{}");
}

enum MHD_Result status_model_info(exchange *x) {
    generation *g = engine_generation(x->server->engine);
    text_buffer body = {0};
    write_model(generation_model(g), &body);
    generation_release(g);
    return exchange_send(x, MHD_HTTP_OK, API_JSON_TYPE, &body);
}
