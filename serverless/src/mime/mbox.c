// SPDX-License-Identifier: Apache-2.0
#include "mbox.h"

#include <string.h>

bool mbox_begins(text data) {
    return data.length >= MBOX_START_LENGTH && memcmp(data.data, "From ", MBOX_START_LENGTH) == 0;
}

// Whether the line that ends at data[end], a LF, is empty.
static bool is_empty_line(const char *data, size_t end) {
    const size_t last = end > 0 && data[end - 1] == '\r' ? end - 1 : end;
    return last == 0 || data[last - 1] == '\n';
}

bool mbox_find_next(text data, size_t *at) {
    while (*at < data.length) {
        const char *end = memchr(data.data + *at, '\n', data.length - *at);
        const size_t line = end != NULL ? (size_t)(end - data.data) + 1 : data.length;
        if (data.length - line < MBOX_START_LENGTH) {
            *at = end != NULL ? line - 1 : line;
            return false;
        }
        *at = line;
        if (is_empty_line(data.data, line - 1) &&
            mbox_begins((text){data.data + line, data.length - line})) {
            return true;
        }
    }
    return false;
}

static bool is_quoted(text line) {
    size_t marks = 0;
    while (marks < line.length && line.data[marks] == '>') {
        marks++;
    }
    return marks > 0 && mbox_begins((text){line.data + marks, line.length - marks});
}

size_t mbox_unquote(char *data, size_t length) {
    size_t kept = 0;
    for (size_t at = 0; at < length;) {
        const char *end = memchr(data + at, '\n', length - at);
        const size_t line = end != NULL ? (size_t)(end - data) + 1 - at : length - at;
        const size_t skipped = is_quoted((text){data + at, line}) ? 1 : 0;
        memmove(data + kept, data + at + skipped, line - skipped);
        kept += line - skipped;
        at += line;
    }
    return kept;
}
