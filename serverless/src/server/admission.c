// SPDX-License-Identifier: Apache-2.0
#include "admission.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { MAX_HEADER_BYTES = 16 << 10, FORWARDED_BYTES = 2048 };

static bool refuse(exchange *x, int status, const char *detail) {
    api_problem_set(&x->problem, status, "%s", detail);
    return false;
}

// ---------------------------------------------------------------------------- framing

static body_announcement announced_body(const exchange *x) {
    const text length = exchange_header(x, MHD_HTTP_HEADER_CONTENT_LENGTH);
    const text coding = exchange_header(x, MHD_HTTP_HEADER_TRANSFER_ENCODING);
    body_announcement body = {0};
    // libmicrohttpd has refused what is no number and what does not fit.
    body.length = length.length > 0 ? strtoull(length.data, NULL, 10) : 0;
    body.chunked = coding.length > 0;
    body.expects_continue = exchange_header(x, MHD_HTTP_HEADER_EXPECT).length > 0;
    return body;
}

// Requests that another server on the way could cut differently.
static bool check_framing(exchange *x, const char *version, const body_announcement *body) {
    const bool has_length = exchange_header(x, MHD_HTTP_HEADER_CONTENT_LENGTH).length > 0;
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    const bool is_1_1 = strcmp(version, MHD_HTTP_VERSION_1_1) == 0;
    if (!is_1_1 && strcmp(version, MHD_HTTP_VERSION_1_0) != 0) {
        x->close = true;
        return refuse(x, MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED,
                      "The version must be HTTP/1.1 or HTTP/1.0.");
    }
    if (body->chunked && (has_length || !is_1_1)) {
        x->close = true;
        return refuse(x, MHD_HTTP_BAD_REQUEST,
                      "Transfer-Encoding cannot go with Content-Length or with HTTP/1.0.");
    }
    if (size == NULL || size->header_size > MAX_HEADER_BYTES) {
        return refuse(x, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
                      "The headers are longer than 16 KB.");
    }
    const text expect = exchange_header(x, MHD_HTTP_HEADER_EXPECT);
    if (expect.length > 0 && !text_equals_any_case(expect, "100-continue")) {
        return refuse(x, MHD_HTTP_EXPECTATION_FAILED, "Expect can only be 100-continue.");
    }
    return true;
}

// ---------------------------------------------------------------------------- method and type

static bool is_standard(const char *method) {
    static const char *const names[] = {"PUT", "DELETE", "PATCH", "TRACE", "CONNECT"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(method, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

const char *admission_methods(const exchange *x) {
    return x->route != NULL && x->route->post ? "POST, OPTIONS" : "GET, HEAD, OPTIONS";
}

static bool check_method(exchange *x, const char *method) {
    const bool post = x->route != NULL && x->route->post;
    const bool reads = x->method == METHOD_GET || x->method == METHOD_HEAD;
    if (x->method == METHOD_OTHER && !is_standard(method)) {
        x->close = true;
        return refuse(x, MHD_HTTP_NOT_IMPLEMENTED, "The method is not known.");
    }
    if (x->route == NULL && x->file == NULL) {
        return refuse(x, MHD_HTTP_NOT_FOUND, "There is nothing at this path.");
    }
    if (x->method == METHOD_OPTIONS || (post ? x->method == METHOD_POST : reads)) {
        return true;
    }
    x->allow = admission_methods(x);
    return refuse(x, MHD_HTTP_METHOD_NOT_ALLOWED,
                  post ? "This path only takes POST." : "This path only takes GET and HEAD.");
}

void admission_refuse_length(exchange *x) {
    const size_t limit = x->route != NULL ? x->route->body_limit : 0;
    if (limit > 0) {
        api_problem_set(&x->problem, MHD_HTTP_CONTENT_TOO_LARGE,
                        "The body is longer than %zu bytes.", limit);
    } else {
        refuse(x, MHD_HTTP_CONTENT_TOO_LARGE, "This path takes no body.");
    }
}

static bool check_body(exchange *x, const body_announcement *body) {
    const text coding = exchange_header(x, MHD_HTTP_HEADER_CONTENT_ENCODING);
    const size_t limit = x->route != NULL ? x->route->body_limit : 0;
    if (x->route != NULL && x->route->post && x->method == METHOD_POST) {
        if (!api_is_json_type(exchange_header(x, MHD_HTTP_HEADER_CONTENT_TYPE))) {
            return refuse(x, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                          "The Content-Type must be application/json in UTF-8.");
        }
        if (coding.length > 0 && !text_equals_any_case(coding, "identity")) {
            return refuse(x, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                          "The body must not be compressed (Content-Encoding).");
        }
    }
    if (body->length > limit) {
        admission_refuse_length(x);
        return false;
    }
    return true;
}

// ---------------------------------------------------------------------------- client

static bool check_token(exchange *x) {
    const server_config *config = &x->server->config;
    if (!config_wants_tokens(config)) {
        return true;
    }
    const text header = exchange_header(x, MHD_HTTP_HEADER_AUTHORIZATION);
    const jwt_result result = jwt_check(&config->jwt, header, (int64_t)time(NULL), &x->subject);
    if (result == JWT_OK) {
        return true;
    }
    x->challenge = jwt_challenge(result);
    telemetry_refused(x->server->telemetry, REFUSED_TOKEN);
    return refuse(x, jwt_status(result), jwt_detail(result));
}

static ip_address peer_address(const exchange *x) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *peer = info != NULL ? info->client_addr : NULL;
    ip_address address = {{0}};
    if (peer != NULL && peer->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)peer;
        memcpy(address.bytes, &in6->sin6_addr, 16);
    } else if (peer != NULL && peer->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)peer;
        address.bytes[10] = 0xff;
        address.bytes[11] = 0xff;
        memcpy(address.bytes + 12, &in->sin_addr, 4);
    }
    return address;
}

typedef struct forwarded_list {
    char value[FORWARDED_BYTES];
    size_t length;
    bool cut;
} forwarded_list;

// Joins the values of several X-Forwarded-For in their order.
static enum MHD_Result add_forwarded(void *cls, enum MHD_ValueKind kind, const char *name,
                                     const char *value) {
    forwarded_list *list = cls;
    const size_t length = value != NULL ? strlen(value) : 0;
    (void)kind;
    if (strcasecmp(name, "X-Forwarded-For") != 0) {
        return MHD_YES;
    }
    if (list->length + length + 1 > sizeof list->value) {
        list->cut = true;
        return MHD_NO;
    }
    if (list->length > 0) {
        list->value[list->length++] = ',';
    }
    memcpy(list->value + list->length, value != NULL ? value : "", length);
    list->length += length;
    return MHD_YES;
}

// The key of a client: the subject of its token, else its address. `out` has room for either.
enum { CLIENT_BYTES = JWT_MAX_SUBJECT + IP_KEY_BYTES };

static text client_name(const exchange *x, char out[CLIENT_BYTES]) {
    if (x->subject.name[0] != '\0') {
        snprintf(out, CLIENT_BYTES, "subject %s", x->subject.name);
        return text_of(out);
    }
    forwarded_list list = {.length = 0};
    MHD_get_connection_values(x->connection, MHD_HEADER_KIND, add_forwarded, &list);
    const ip_address peer = peer_address(x);
    const text forwarded = {list.value, list.cut ? 0 : list.length};
    const ip_address client = client_address(&x->server->config.proxies, &peer, forwarded);
    char key[IP_KEY_BYTES];
    client_key(&client, key);
    snprintf(out, CLIENT_BYTES, "address %s", key);
    return text_of(out);
}

bool admission_take_rate(exchange *x, uint32_t cost) {
    server *s = x->server;
    if (s->config.rate_limit.limit == 0) {
        return true;
    }
    char key[CLIENT_BYTES];
    x->rate = rate_limiter_take(s->limiter, client_name(x, key), cost, (uint64_t)clock_ms());
    x->limited = true;
    if (x->rate.allowed) {
        return true;
    }
    telemetry_refused(s->telemetry, REFUSED_RATE);
    if (x->rate.never) {
        return refuse(x, MHD_HTTP_TOO_MANY_REQUESTS,
                      "There are more emails in this batch than the rate limit allows at once.");
    }
    x->retry_after_s = x->rate.retry_after_s;
    return refuse(x, MHD_HTTP_TOO_MANY_REQUESTS, "Too many emails; try again later.");
}

body_announcement admission_check(exchange *x, const char *method, const char *version) {
    const body_announcement body = announced_body(x);
    const bool ok = check_framing(x, version, &body) && check_method(x, method);
    if (!ok || !check_body(x, &body) || x->route == NULL || !x->route->post ||
        x->method != METHOD_POST) {
        return body;
    }
    // Each try costs one email; a batch pays for its others once they have been counted.
    if (check_token(x)) {
        admission_take_rate(x, 1);
    }
    return body;
}
