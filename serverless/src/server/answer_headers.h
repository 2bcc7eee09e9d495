// SPDX-License-Identifier: Apache-2.0
// The headers that answers have beside their type: ids, security, CORS, rate limit, timing.
#ifndef SERVER_ANSWER_HEADERS_H
#define SERVER_ANSWER_HEADERS_H

#include "exchange.h"

// What pages of ours may do: only what comes from this server; WebAssembly, no inline script.
#define PAGE_POLICY                                                                  \
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; " \
    "worker-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "   \
    "manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// False without memory. Pages set their own Content-Security-Policy and Cache-Control before.
bool answer_headers_add(const exchange *x, struct MHD_Response *response);

#endif
