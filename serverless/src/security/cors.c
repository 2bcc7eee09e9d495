// SPDX-License-Identifier: Apache-2.0
#include "cors.h"

#include <string.h>

// As browsers write it (RFC 6454): scheme://host or scheme://host:port.
static bool is_origin(text value) {
    static const char scheme_characters[] = "abcdefghijklmnopqrstuvwxyz0123456789+-.";
    static const char host_characters[] = "abcdefghijklmnopqrstuvwxyz0123456789-.:[]";
    size_t at = 0;
    while (at < value.length && value.data[at] != '\0' &&
           strchr(scheme_characters, value.data[at]) != NULL) {
        at++;
    }
    if (at == 0 || value.length - at <= 3 || memcmp(value.data + at, "://", 3) != 0) {
        return false;
    }
    for (at += 3; at < value.length; at++) {
        if (value.data[at] == '\0' || strchr(host_characters, value.data[at]) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_separator(char c) { return c == ' ' || c == '\t' || c == ','; }

const char *cors_parse(text list, cors_origins *allowed) {
    cors_origins found = {.count = 0};
    for (size_t at = 0; at < list.length;) {
        if (is_separator(list.data[at])) {
            at++;
            continue;
        }
        const size_t start = at;
        while (at < list.length && !is_separator(list.data[at])) {
            at++;
        }
        const text origin = {list.data + start, at - start};
        if (text_equals(origin, text_of("*"))) {
            found.any = true;
            continue;
        }
        if (!is_origin(origin)) {
            return "has an entry that is no origin such as https://host or http://host:port, in "
                   "lower case and without a path";
        }
        if (found.count == CORS_MAX_ORIGINS) {
            return "has more than 32 entries";
        }
        found.origins[found.count++] = origin;
    }
    *allowed = found;
    return NULL;
}

bool cors_allows(const cors_origins *allowed, text origin) {
    bool found = allowed->any && origin.length > 0;
    for (size_t i = 0; i < allowed->count && !found; i++) {
        found = text_equals(allowed->origins[i], origin);
    }
    return found;
}
