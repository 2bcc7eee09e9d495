// SPDX-License-Identifier: Apache-2.0
#include "exchange.h"

#include <stdlib.h>
#include <string.h>

#include "admission.h"
#include "answer_headers.h"
#include "classification.h"
#include "page.h"
#include "request_ids.h"
#include "routes.h"

// A refused body up to this size is read to its end, so that the client gets to see the answer; on
// a larger one the connection is closed at once.
enum { DISCARD_LIMIT = 4 << 20 };

// ---------------------------------------------------------------------------- beginning

static http_method method_of(const char *name) {
    static const char *const names[] = {"GET", "HEAD", "POST", "OPTIONS"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) {
            return (http_method)i;
        }
    }
    return METHOD_OTHER;
}

static exchange *exchange_new(server *s, struct MHD_Connection *connection, const char *url,
                              const char *method) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    // Without memory to watch its deadlines a connection is not served.
    exchange *x = info->socket_context != NULL ? calloc(1, sizeof *x) : NULL;
    if (x == NULL) {
        return NULL;
    }
    x->server = s;
    x->connection = connection;
    x->socket = info->socket_context;
    x->path = url;
    x->method = method_of(method);
    x->route = route_find(url, &x->route_index);
    x->file = static_files_find(s->files, url);
    if (x->route == NULL && x->file != NULL) {
        x->route_index = route_index_of_page();
    }
    x->begun_ms = clock_ms();
    request_ids_read(x);
    telemetry_request_started(s->telemetry);
    return x;
}

static enum MHD_Result begin(exchange *x, const char *method, const char *version) {
    const body_announcement body = admission_check(x, method, version);
    const bool has_body = body.chunked || body.length > 0;
    connections_enter(x->server->connections, x->socket,
                      has_body ? CONNECTION_BODY : CONNECTION_WORKING, 0);
    const bool at_once = body.length > DISCARD_LIMIT || body.expects_continue || x->close;
    if (x->problem.status != 0 && at_once) {
        return exchange_send_problem(x);
    }
    return MHD_YES;
}

text exchange_header(const exchange *x, const char *name) {
    text value = {"", 0};
    if (MHD_lookup_connection_value_n(x->connection, MHD_HEADER_KIND, name, strlen(name),
                                      &value.data, &value.length) != MHD_YES ||
        value.data == NULL) {
        return (text){"", 0};
    }
    return value;
}

// ---------------------------------------------------------------------------- body

static void refuse(exchange *x, int status, const char *detail) {
    api_problem_set(&x->problem, status, "%s", detail);
}

// Keeps a piece of the body, within the route's limit and the memory for all bodies.
static void keep(exchange *x, const char *data, size_t length) {
    server *s = x->server;
    const size_t allowed = (size_t)x->server->config.max_body_memory_mb << 20;
    if (x->route == NULL || x->body.length + length > x->route->body_limit) {
        admission_refuse_length(x);
        return;
    }
    if (atomic_fetch_add(&s->body_bytes, length) + length > allowed) {
        atomic_fetch_sub(&s->body_bytes, length);
        x->retry_after_s = 1;
        telemetry_refused(s->telemetry, REFUSED_MEMORY);
        refuse(x, MHD_HTTP_TOO_MANY_REQUESTS, "Too much is being sent to the server at once.");
        return;
    }
    buffer_add(&x->body, data, length);
    if (x->body.failed) {
        atomic_fetch_sub(&s->body_bytes, length);
        refuse(x, MHD_HTTP_INTERNAL_SERVER_ERROR, "The server has no memory left.");
    }
}

void exchange_drop_body(exchange *x) {
    atomic_fetch_sub(&x->server->body_bytes, x->body.length);
    buffer_free(&x->body);
}

static enum MHD_Result take_body(exchange *x, const char *data, size_t length) {
    x->body_seen += length;
    if (x->problem.status == 0) {
        keep(x, data, length);
    }
    if (x->problem.status != 0) {
        exchange_drop_body(x);
    }
    return x->body_seen <= DISCARD_LIMIT ? MHD_YES : MHD_NO;
}

// ---------------------------------------------------------------------------- callbacks

static enum MHD_Result send_options(exchange *x) {
    x->allow = admission_methods(x);
    return exchange_queue(x, MHD_HTTP_NO_CONTENT, MHD_create_response_empty(MHD_RF_NONE), 0);
}

enum MHD_Result exchange_handle(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload_data,
                                size_t *upload_data_size, void **context) {
    exchange *x = *context;
    if (x == NULL) {
        x = exchange_new(cls, connection, url, method);
        *context = x;
        return x != NULL ? begin(x, method, version) : MHD_NO;
    }
    if (*upload_data_size > 0) {
        const size_t length = *upload_data_size;
        *upload_data_size = 0;
        return take_body(x, upload_data, length);
    }
    if (!x->complete) {
        x->complete = true;
        connections_enter(x->server->connections, x->socket, CONNECTION_WORKING, 0);
    }
    if (x->problem.status != 0) {
        return exchange_send_problem(x);
    }
    if (x->method == METHOD_OPTIONS) {
        return send_options(x);
    }
    return x->route != NULL ? x->route->answer(x) : page_answer(x);
}

static void log_request(const exchange *x, bool ok) {
    log_line line;
    log_begin(&line, x->server->log, LOG_DEBUG, "http_request", ok ? "answered" : "broken off");
    log_text(&line, "request_id", text_of(x->request_id));
    log_text(&line, "route", text_of(route_name(x->route_index)));
    log_number(&line, "status", x->status, 0);
    log_number(&line, "duration_ms", clock_ms() - x->begun_ms, 3);
    log_end(&line);
}

void exchange_completed(void *cls, struct MHD_Connection *connection, void **context,
                        enum MHD_RequestTerminationCode why) {
    exchange *x = *context;
    server *s = cls;
    (void)connection;
    if (x == NULL) {
        return;
    }
    connections_enter(s->connections, x->socket, CONNECTION_IDLE, 0);
    // A request that was broken off before its answer counts with status 0, "any other".
    telemetry_request(s->telemetry, x->method, x->route_index, x->status);
    if (log_wants(s->log, LOG_DEBUG)) {
        log_request(x, why == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    }
    exchange_drop_body(x);
    classification_free(x->classification);
    free(x);
    *context = NULL;
}

// ---------------------------------------------------------------------------- answering

enum MHD_Result exchange_queue(exchange *x, int status, struct MHD_Response *response,
                               uint64_t bytes) {
    if (response == NULL) {
        return MHD_NO;
    }
    enum MHD_Result result = MHD_NO;
    if (answer_headers_add(x, response)) {
        x->status = status;
        connections_enter(x->server->connections, x->socket, CONNECTION_ANSWER, bytes);
        result = MHD_queue_response(x->connection, (unsigned)status, response);
    }
    MHD_destroy_response(response);
    return result;
}

static struct MHD_Response *with_type(struct MHD_Response *response, const char *type) {
    if (response != NULL &&
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) != MHD_YES) {
        MHD_destroy_response(response);
        return NULL;
    }
    return response;
}

enum MHD_Result exchange_send(exchange *x, int status, const char *type, text_buffer *body) {
    if (body->failed) {
        buffer_free(body);
        return MHD_NO;
    }
    const size_t length = body->length;
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback(length, body->data, free);
    if (response == NULL) {
        buffer_free(body);
        return MHD_NO;
    }
    *body = (text_buffer){0};
    return exchange_queue(x, status, with_type(response, type), length);
}

enum MHD_Result exchange_send_static(exchange *x, const char *type, const void *data,
                                     size_t length) {
    struct MHD_Response *response = MHD_create_response_from_buffer_static(length, data);
    return exchange_queue(x, MHD_HTTP_OK, with_type(response, type), length);
}

enum MHD_Result exchange_send_problem(exchange *x) {
    text_buffer body = {0};
    api_write_problem(&body, &x->problem, text_of(x->request_id));
    return exchange_send(x, x->problem.status, API_PROBLEM_TYPE, &body);
}
