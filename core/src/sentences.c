// SPDX-License-Identifier: Apache-2.0
#include "sentences.h"

#include <stdbool.h>
#include <string.h>

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static bool is_one_of(char c, const char *set) { return c != '\0' && strchr(set, c) != NULL; }

// Whether text[0..end) ends as a sentence does: a full stop, question or exclamation mark or an
// ellipsis (U+2026), perhaps inside closing quotes and brackets, of which the typographic ones are
// U+2019 and U+201D.
static bool ends_sentence(const char *text, size_t end) {
    for (;;) {
        if (end > 0 && is_one_of(text[end - 1], "\"')]")) {
            end--;
        } else if (end > 2 && (memcmp(text + end - 3, "\xE2\x80\x99", 3) == 0 ||
                               memcmp(text + end - 3, "\xE2\x80\x9D", 3) == 0)) {
            end -= 3;
        } else {
            break;
        }
    }
    return (end > 0 && is_one_of(text[end - 1], ".!?")) ||
           (end > 2 && memcmp(text + end - 3, "\xE2\x80\xA6", 3) == 0);
}

static size_t skip_space(const char *text, size_t length, size_t at) {
    while (at < length && is_space(text[at])) {
        at++;
    }
    return at;
}

// Whether white space text[end..next) between two words ends a line that was not wrapped, or
// leaves a line empty.
static bool ends_line(const char *text, size_t line, size_t end, size_t next) {
    size_t breaks = 0;
    for (size_t i = end; i < next; i++) {
        breaks += text[i] == '\n';
    }
    return breaks > 1 || (breaks == 1 && end - line < EC_WRAPPED_LINE);
}

static size_t line_start(const char *text, size_t at) {
    while (at > 0 && text[at - 1] != '\n') {
        at--;
    }
    return at;
}

// The sentence that starts at `start`, which is no white space.
static size_t sentence_end(const char *text, size_t length, size_t start) {
    size_t line = line_start(text, start);
    size_t at = start;
    while (at < length) {
        while (at < length && !is_space(text[at])) {
            at++;
        }
        const size_t next = skip_space(text, length, at);
        const bool long_enough = at - start >= EC_SENTENCE_MIN;
        if (next == length || (long_enough && (ends_sentence(text + start, at - start) ||
                                               ends_line(text, line, at, next)))) {
            break;
        }
        line = memchr(text + at, '\n', next - at) != NULL ? next : line;
        at = next;
    }
    return at;
}

size_t ec_sentences(const char *text, size_t length, size_t max, ec_part *parts) {
    size_t total = 0;
    for (size_t at = skip_space(text, length, 0); at < length; total++) {
        at = skip_space(text, length, sentence_end(text, length, at));
    }
    size_t count = 0;
    for (size_t at = skip_space(text, length, 0); at < length; count++) {
        const size_t start = at;
        // With a part for each sentence that is left there is no need to join any.
        const size_t share = total <= max - count ? 0 : (length - start) / (max - count);
        size_t end = start;
        do {
            end = sentence_end(text, length, at);
            at = skip_space(text, length, end);
            total--;
        } while (at < length && (end - start < share || count + 1 == max));
        parts[count] = (ec_part){start, end - start};
    }
    return count;
}
