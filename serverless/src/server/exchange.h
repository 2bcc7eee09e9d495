// SPDX-License-Identifier: Apache-2.0
// One request and its answer. Lives in libmicrohttpd's thread; while the engine works on it the
// connection is suspended.
#ifndef SERVER_EXCHANGE_H
#define SERVER_EXCHANGE_H

#include "api/response.h"
#include "server.h"

enum { REQUEST_ID_BYTES = 129, TRACE_ID_BYTES = 33, TRACEPARENT_BYTES = 56 };

typedef struct exchange exchange;

// A path and what answers it. `answer` is called when the request has been read and nothing was
// wrong so far, and once more when the engine has finished what it handed in.
typedef struct route {
    const char *path;
    bool post;  // POST with a JSON body; else GET and HEAD
    size_t body_limit;
    enum MHD_Result (*answer)(exchange *x);
} route;

struct exchange {
    server *server;
    struct MHD_Connection *connection;
    client_connection *socket;
    const char *path;  // of libmicrohttpd
    http_method method;
    const route *route;       // NULL: a file of the page, or nothing
    const static_file *file;  // of the page at this path; NULL: none
    size_t route_index;       // for the counters
    double begun_ms;
    char request_id[REQUEST_ID_BYTES];
    char trace_id[TRACE_ID_BYTES];        // empty: none
    char traceparent[TRACEPARENT_BYTES];  // empty: none

    text_buffer body;
    size_t body_seen;  // bytes, kept or not
    bool complete;     // all of the request has been read
    int status;        // of the answer; 0: none yet

    // A refusal: status 0 means none so far.
    api_problem problem;
    const char *challenge;   // WWW-Authenticate
    const char *allow;       // methods of a 405
    uint32_t retry_after_s;  // 0: none
    bool close;              // what follows on the connection is in doubt

    jwt_subject subject;
    bool limited;  // `rate` holds what the limiter said
    rate_decision rate;
    char server_timing[160];  // empty: none

    struct classification *classification;  // of the classifying routes
};

// libmicrohttpd's callbacks; cls is the server.
enum MHD_Result exchange_handle(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload_data,
                                size_t *upload_data_size, void **context);
void exchange_completed(void *cls, struct MHD_Connection *connection, void **context,
                        enum MHD_RequestTerminationCode why);

// For handlers; each answers the request.
// Sends the bytes of *body, which is emptied.
enum MHD_Result exchange_send(exchange *x, int status, const char *type, text_buffer *body);
// Sends bytes that live as long as the program.
enum MHD_Result exchange_send_static(exchange *x, const char *type, const void *data,
                                     size_t length);
enum MHD_Result exchange_send_problem(exchange *x);
// Adds the headers that every answer has, and hands the response over, which may be NULL for lack
// of memory.
enum MHD_Result exchange_queue(exchange *x, int status, struct MHD_Response *response,
                               uint64_t bytes);

// Lets go of the body, which is not needed any more.
void exchange_drop_body(exchange *x);

// The value of a request header; length 0 when there is none.
text exchange_header(const exchange *x, const char *name);

#endif
