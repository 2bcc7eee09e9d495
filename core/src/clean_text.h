// SPDX-License-Identifier: Apache-2.0
// Lines and phrases, as cleaning reads them. ASCII letters match in any case, whatever the locale.
#ifndef EC_CLEAN_TEXT_H
#define EC_CLEAN_TEXT_H

#include <stdbool.h>
#include <stddef.h>

// A text, or a part of one.
typedef struct ec_span {
    const char *data;
    size_t length;
} ec_span;

// One line of a text, as byte offsets in it.
typedef struct ec_line {
    size_t start, end;  // without its line end and the white space at its ends
    size_t next;        // where the next line starts
} ec_line;

// The line that starts at `start`, below text.length.
ec_line ec_line_at(ec_span text, size_t start);
bool ec_line_is_blank(const ec_line *line);
// The start of the line that holds the byte at `at`, or a place in it when it is more than
// max_bytes before that.
size_t ec_line_start(ec_span text, size_t at, size_t max_bytes);
// Start of the line at `at`, or of the next when that is blank; two blank lines part what belongs
// together, since that is what cleaning leaves in place of a part.
size_t ec_skip_blank_line(ec_span text, size_t at);
ec_span ec_line_text(ec_span text, const ec_line *line);

// What is left of a text without its first `count` bytes.
ec_span ec_span_from(ec_span text, size_t count);
bool ec_is_blank(char c);   // ASCII, line ends included
bool ec_is_letter(char c);  // ASCII
bool ec_is_digit(char c);   // ASCII

// Phrases are in lower case. A blank in one stands for white space of any length, line ends
// included, and ' also for U+2019.
typedef struct ec_phrases {
    const char *const *items;
    size_t count;
} ec_phrases;

#define EC_PHRASES(array) ((ec_phrases){array, sizeof(array) / sizeof *(array)})

// Bytes of the phrase at the start of the text; 0 when it does not begin so.
size_t ec_match(ec_span text, const char *phrase);
// Likewise of the first of several that matches and ends where a word ends.
size_t ec_match_any(ec_span text, ec_phrases phrases);
// Whether the text has one of the phrases in it, as whole words.
bool ec_find_any(ec_span text, ec_phrases phrases);
// Whether it ends with one of them, whose blanks and ' stand for one byte each here.
bool ec_ends_with_any(ec_span text, ec_phrases phrases);

#endif
