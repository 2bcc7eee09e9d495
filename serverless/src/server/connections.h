// SPDX-License-Identifier: Apache-2.0
// Every open connection and the time by which it must have got on: absolute deadlines, which a
// client that sends or reads a byte now and then cannot put off.
//
//     HEADERS  the first bytes of a connection, or of a further request
//     IDLE     between requests, nothing of the next one has come
//     BODY     headers read, body on its way
//     WORKING  all read; the server's turn, so no deadline
//     ANSWER   the answer is on its way
//
// A connection past its deadline is shut down; libmicrohttpd then sees its end and closes it.
// Any thread; a connection is removed before its descriptor is closed.
#ifndef SERVER_CONNECTIONS_H
#define SERVER_CONNECTIONS_H

#include "cli.h"

typedef enum connection_phase {
    CONNECTION_HEADERS,
    CONNECTION_IDLE,
    CONNECTION_BODY,
    CONNECTION_WORKING,
    CONNECTION_ANSWER
} connection_phase;

typedef struct client_connection client_connection;
typedef struct connection_table connection_table;

typedef struct connection_deadlines {
    double headers_ms, idle_ms, body_ms, answer_ms;
    double answer_bytes_per_ms;  // the slowest that a long answer may be read
} connection_deadlines;

connection_table *connections_new(const connection_deadlines *deadlines);
void connections_free(connection_table *table);

// A new connection, in HEADERS. NULL without memory.
client_connection *connections_add(connection_table *table, int fd);
void connections_remove(connection_table *table, client_connection *c);

// The phase begins now. For ANSWER, answer_bytes gives a long answer the time it needs; else 0.
void connections_enter(connection_table *table, client_connection *c, connection_phase phase,
                       uint64_t answer_bytes);

// Shuts down those past their deadline; returns how many.
size_t connections_reap(connection_table *table);
// Shuts down those that have no request under way.
void connections_close_idle(connection_table *table);

typedef struct connection_counts {
    size_t open, busy;  // busy: with a request under way
    uint64_t accepted, timed_out;
} connection_counts;

connection_counts connections_count(connection_table *table);

#endif
