// SPDX-License-Identifier: Apache-2.0
// What the parts of the HTTP server share.
//
//     connection --> exchange --> route --> handler --> engine --> answer
//     [ ------------- libmicrohttpd's thread ---------- ][ workers ][ libmicrohttpd's thread ]
//
// The main thread waits for signals, reloads the model and watches the deadlines.
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "config.h"
#include "connections.h"
#include "engine.h"
#include "process.h"
#include "static_files.h"
#include "telemetry.h"

typedef struct server {
    server_config config;
    log_writer *log;
    telemetry *telemetry;
    engine *engine;
    connection_table *connections;
    rate_limiter *limiter;  // of libmicrohttpd's thread
    system_sampler *system;
    static_files *files;
    uint8_t id_seed[16];       // of request ids
    atomic_uint_fast64_t ids;  // made so far
    atomic_size_t body_bytes;  // of all requests being read
    atomic_bool draining;      // ending: no further request on a connection
} server;

#endif
