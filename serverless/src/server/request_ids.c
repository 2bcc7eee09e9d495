// SPDX-License-Identifier: Apache-2.0
#include "request_ids.h"

#include <stdio.h>
#include <string.h>

bool request_id_is_good(text value) {
    if (value.length < 1 || value.length >= REQUEST_ID_BYTES) {
        return false;
    }
    for (size_t i = 0; i < value.length; i++) {
        const char c = value.data[i];
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool digit = c >= '0' && c <= '9';
        if (!letter && !digit && c != '.' && c != '_' && c != '-') {
            return false;
        }
    }
    return true;
}

// Lower-case hex digits, not all of them 0.
static bool is_hex_id(text value) {
    bool all_zero = true;
    for (size_t i = 0; i < value.length; i++) {
        const char c = value.data[i];
        if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
            return false;
        }
        all_zero = all_zero && c == '0';
    }
    return !all_zero;
}

// 00-TRACE(32)-PARENT(16)-FLAGS(2)
bool traceparent_is_good(text value, text *trace_id) {
    const char *const v = value.data;
    if (value.length != TRACEPARENT_BYTES - 1 || memcmp(v, "00-", 3) != 0 || v[35] != '-' ||
        v[52] != '-' || !is_hex_id((text){v + 3, 32}) || !is_hex_id((text){v + 36, 16})) {
        return false;
    }
    const char flags[3] = {v[53], v[54], '1'};  // all zero is permitted here
    if (!is_hex_id((text){flags, 3})) {
        return false;
    }
    *trace_id = (text){v + 3, 32};
    return true;
}

// Google's own header: TRACE(32 hex)/SPAN;o=1
static bool read_cloud_trace(text value, text *trace_id) {
    *trace_id = (text){value.data, 32};
    return value.length > 32 && value.data[32] == '/' && is_hex_id(*trace_id);
}

static void copy(char *out, text value) {
    memcpy(out, value.data, value.length);
    out[value.length] = '\0';
}

// Unique among all servers: random bytes of this one, and a count stirred with others (splitmix64).
static void make_request_id(server *s, char out[REQUEST_ID_BYTES]) {
    uint64_t seed[2];
    memcpy(seed, s->id_seed, sizeof seed);
    uint64_t mixed = seed[0] + 0x9e3779b97f4a7c15u * (uint64_t)atomic_fetch_add(&s->ids, 1);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    mixed ^= mixed >> 31;
    snprintf(out, REQUEST_ID_BYTES, "%016llx%016llx", (unsigned long long)seed[1],
             (unsigned long long)mixed);
}

void request_ids_read(exchange *x) {
    const text id = exchange_header(x, "X-Request-Id");
    const text parent = exchange_header(x, "traceparent");
    text trace;
    if (request_id_is_good(id)) {
        copy(x->request_id, id);
    } else {
        make_request_id(x->server, x->request_id);
    }
    if (traceparent_is_good(parent, &trace)) {
        copy(x->traceparent, parent);
        copy(x->trace_id, trace);
    } else if (read_cloud_trace(exchange_header(x, "X-Cloud-Trace-Context"), &trace)) {
        copy(x->trace_id, trace);
    }
}
