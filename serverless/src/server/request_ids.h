// SPDX-License-Identifier: Apache-2.0
// The ids by which a request is found again: X-Request-Id and traceparent when they are well
// formed, else made here. Nothing else of a client gets into the log.
#ifndef SERVER_REQUEST_IDS_H
#define SERVER_REQUEST_IDS_H

#include "exchange.h"

// Fills request_id, trace_id and traceparent.
void request_ids_read(exchange *x);

// A request id: 1 to 128 of letters, digits, '.', '_' and '-'.
bool request_id_is_good(text value);

// The header traceparent of W3C Trace Context, version 00. *trace_id is set to its part when true.
bool traceparent_is_good(text value, text *trace_id);

#endif
