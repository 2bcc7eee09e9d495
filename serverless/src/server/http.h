// SPDX-License-Identifier: Apache-2.0
// The HTTP side: socket and libmicrohttpd.
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include "server.h"

typedef struct http_listener http_listener;

// Listens and serves in a thread of its own. NULL when it cannot, said on stderr.
http_listener *http_start(server *s);
// The port, also when a free one was asked for.
unsigned http_port(const http_listener *listener);

// Accepts nothing more than what is waiting to be accepted; what is under way goes on.
void http_stop_accepting(http_listener *listener);
// Ends it; no request may be with the engine.
void http_free(http_listener *listener);

#endif
