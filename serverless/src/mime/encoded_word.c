// SPDX-License-Identifier: Apache-2.0
#include "encoded_word.h"

#include <string.h>

#include "charset.h"
#include "headers.h"
#include "transfer.h"

typedef struct encoded_word {
    text charset;
    bool base64;
    text content;
    size_t length;  // of all of it
} encoded_word;

// The bytes of `value` from *at up to the next '?', which is passed. False when there is none.
static bool read_field(text value, size_t *at, text *field) {
    const char *start = value.data + *at;
    const char *end = memchr(start, '?', value.length - *at);
    if (end == NULL) {
        return false;
    }
    *field = (text){start, (size_t)(end - start)};
    *at += field->length + 1;
    return true;
}

// Reads the encoded word at the start of `value`. Never looks past the fourth '?'.
static bool read_word(text value, encoded_word *word) {
    text encoding;
    size_t at = 2;
    if (value.length < 2 || memcmp(value.data, "=?", 2) != 0 ||
        !read_field(value, &at, &word->charset) || !read_field(value, &at, &encoding) ||
        !read_field(value, &at, &word->content) || at == value.length || value.data[at] != '=') {
        return false;
    }
    word->length = at + 1;
    word->base64 = text_equals_any_case(encoding, "b");
    // RFC 2231 allows a language after the charset: "utf-8*en".
    const char *language = memchr(word->charset.data, '*', word->charset.length);
    if (language != NULL) {
        word->charset.length = (size_t)(language - word->charset.data);
    }
    return word->charset.length > 0 && (word->base64 || text_equals_any_case(encoding, "q"));
}

// Adds text between encoded words, without the line ends of folds.
static void add_unfolded(text plain, text_buffer *out) {
    for (size_t at = 0; at < plain.length;) {
        size_t next = 0;
        const text line = mime_line_at(plain, at, &next);
        buffer_add(out, line.data, line.length);
        at = next;
    }
}

static bool is_white(text gap) {
    for (size_t i = 0; i < gap.length; i++) {
        if (memchr(" \t\r\n", gap.data[i], 4) == NULL) {
            return false;
        }
    }
    return true;
}

// Encoded words in a row, their bytes not yet converted.
typedef struct word_run {
    text_buffer bytes;
    mime_charset charset;
    bool open;
} word_run;

static void end_run(word_run *run, text_buffer *out) {
    if (!run->open) {
        return;
    }
    mime_add_utf8(run->charset, (text){run->bytes.data, run->bytes.length}, out);
    buffer_clear(&run->bytes);
    run->open = false;
}

static void add_word(word_run *run, const encoded_word *word, text_buffer *out) {
    const mime_charset charset = mime_charset_named(word->charset);
    if (run->charset != charset) {
        end_run(run, out);
    }
    run->open = true;
    run->charset = charset;
    if (word->base64) {
        mime_decode_base64(word->content, &run->bytes);
    } else {
        mime_decode_quoted(word->content, true, &run->bytes);
    }
}

void mime_add_header_text(text value, text_buffer *out) {
    word_run run = {0};
    size_t plain = 0;  // start of what has not been added
    for (size_t at = 0; at < value.length;) {
        encoded_word word;
        if (!read_word((text){value.data + at, value.length - at}, &word)) {
            at++;
            continue;
        }
        const text gap = {value.data + plain, at - plain};
        if (!run.open || !is_white(gap)) {
            end_run(&run, out);
            add_unfolded(gap, out);
        }
        add_word(&run, &word, out);
        at += word.length;
        plain = at;
    }
    end_run(&run, out);
    add_unfolded((text){value.data + plain, value.length - plain}, out);
    out->failed = out->failed || run.bytes.failed;
    buffer_free(&run.bytes);
}
