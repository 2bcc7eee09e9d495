// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 to the one endpoint of the Lambda Runtime API: plain, local, always the same, asked by
// one thread, one request at a time. libcurl would take 12 ms of the 40 that a start may take, and
// a megabyte; this does the little that is needed, strictly and within fixed limits.
#ifndef LAMBDA_HTTP_CLIENT_H
#define LAMBDA_HTTP_CLIENT_H

#include <netinet/in.h>

#include "buffer.h"

enum {
    HTTP_MAX_HEAD = 64 << 10,           // bytes of the headers of a response
    HTTP_MAX_BODY = (6 << 20) + 65536,  // Lambda's events have at most 6 MB
    HTTP_READ_BYTES = 16 << 10
};

typedef enum http_result {
    HTTP_OK,
    HTTP_UNREACHABLE,  // no connection, or it ended before the response was complete
    HTTP_MALFORMED,    // not a response that we accept
    HTTP_NO_MEMORY,
    HTTP_STOPPED  // stop_fd became readable while waiting for a GET
} http_result;

typedef struct http_client {
    struct sockaddr_in6 address;  // IPv4 as ::ffff:a.b.c.d
    char authority[64];           // host:port
    int stop_fd;                  // watched while waiting for a response; -1: none
    int socket;                   // -1: not connected
    text_buffer head;             // of the last response
    text_buffer body;
    int status;
    size_t start, end;  // of what has been read and not used
    char read[HTTP_READ_BYTES];
} http_client;

// `endpoint` is "HOST:PORT", the host an IPv4 or bracketed IPv6 address or "localhost".
// False when it is nothing like that.
bool http_client_init(http_client *client, const char *endpoint, int stop_fd);
void http_client_free(http_client *client);

// One exchange. status, head and body are then those of the response, until the next exchange.
// `headers` are lines "Name: value\r\n"; like the path they must be our own or checked.
// No time limit: Lambda may freeze this process at any moment, for hours.
http_result http_get(http_client *client, const char *path);
http_result http_post(http_client *client, const char *path, const char *headers, text body);

// The value of a header of the last response; length 0 when there is none.
text http_header(const http_client *client, const char *name);

// Why, for people.
const char *http_result_text(http_result result);

#endif
