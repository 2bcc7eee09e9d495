// SPDX-License-Identifier: Apache-2.0
#include "clean_text.h"

#include <string.h>

// ------------------------------------------------------------- lines

bool ec_is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

ec_line ec_line_at(ec_span text, size_t start) {
    const char *end = memchr(text.data + start, '\n', text.length - start);
    ec_line line = {start, end != NULL ? (size_t)(end - text.data) : text.length, 0};
    line.next = line.end + (end != NULL ? 1 : 0);
    while (line.start < line.end && ec_is_blank(text.data[line.start])) {
        line.start++;
    }
    while (line.end > line.start && ec_is_blank(text.data[line.end - 1])) {
        line.end--;
    }
    return line;
}

size_t ec_line_start(ec_span text, size_t at, size_t max_bytes) {
    size_t start = at;
    while (start > 0 && text.data[start - 1] != '\n' && at - start <= max_bytes) {
        start--;
    }
    return start;
}

bool ec_line_is_blank(const ec_line *line) { return line->start == line->end; }

size_t ec_skip_blank_line(ec_span text, size_t at) {
    const ec_line line = at < text.length ? ec_line_at(text, at) : (ec_line){at, at, at};
    return ec_line_is_blank(&line) ? line.next : at;
}

ec_span ec_line_text(ec_span text, const ec_line *line) {
    return (ec_span){text.data + line->start, line->end - line->start};
}

// ------------------------------------------------------------- phrases

ec_span ec_span_from(ec_span text, size_t count) {
    return (ec_span){text.data + count, text.length - count};
}

bool ec_is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool ec_is_digit(char c) { return c >= '0' && c <= '9'; }

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

static size_t match_blank(ec_span text) {
    size_t at = 0;
    while (at < text.length && ec_is_blank(text.data[at])) {
        at++;
    }
    return at;
}

static size_t match_char(ec_span text, char c) {
    if (c == ' ') {
        return match_blank(text);
    }
    if (c == '\'' && text.length > 2 && memcmp(text.data, "\xE2\x80\x99", 3) == 0) {
        return 3;
    }
    return text.length > 0 && lower(text.data[0]) == c ? 1 : 0;
}

size_t ec_match(ec_span text, const char *phrase) {
    size_t at = 0;
    for (; *phrase != '\0'; phrase++) {
        const size_t matched = match_char(ec_span_from(text, at), *phrase);
        if (matched == 0) {
            return 0;
        }
        at += matched;
    }
    return at;
}

size_t ec_match_any(ec_span text, ec_phrases phrases) {
    for (size_t i = 0; i < phrases.count && text.length > 0; i++) {
        const size_t end = ec_match(text, phrases.items[i]);
        const bool word_goes_on = end > 0 && end < text.length && ec_is_letter(text.data[end]) &&
                                  ec_is_letter(text.data[end - 1]);
        if (end > 0 && !word_goes_on) {
            return end;
        }
    }
    return 0;
}

bool ec_find_any(ec_span text, ec_phrases phrases) {
    for (size_t at = 0; at < text.length; at++) {
        const bool starts_word = at == 0 || !ec_is_letter(text.data[at - 1]);
        if (starts_word && ec_match_any(ec_span_from(text, at), phrases) > 0) {
            return true;
        }
    }
    return false;
}

bool ec_ends_with_any(ec_span text, ec_phrases phrases) {
    for (size_t i = 0; i < phrases.count; i++) {
        const size_t length = strlen(phrases.items[i]);
        if (length <= text.length &&
            ec_match(ec_span_from(text, text.length - length), phrases.items[i]) == length) {
            return true;
        }
    }
    return false;
}
