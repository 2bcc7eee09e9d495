// SPDX-License-Identifier: Apache-2.0
// A growing piece of memory. All zero is an empty buffer.
//
// When memory runs out, `failed` is set and stays so, and nothing more is added: add as much as
// you like and check once.
#ifndef BUFFER_H
#define BUFFER_H

#include "cli.h"

typedef struct text_buffer {
    char *data;
    size_t length;
    size_t capacity;
    bool failed;
} text_buffer;

void buffer_free(text_buffer *buffer);
// Empties it, keeps the memory.
void buffer_clear(text_buffer *buffer);
// Makes room for `more` further bytes.
bool buffer_reserve(text_buffer *buffer, size_t more);
void buffer_add(text_buffer *buffer, const char *data, size_t length);
void buffer_add_string(text_buffer *buffer, const char *string);
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void buffer_printf(text_buffer *buffer, const char *format, ...);

// Adds a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
void buffer_add_json_string(text_buffer *buffer, text value);

// Adds the line of JSON that ec_format_explained gives, without a line end; explanation may be
// NULL.
void buffer_add_answer(text_buffer *buffer, const ec_answer *answer,
                       const ec_explanation *explanation, const ec_model *model,
                       double milliseconds);

#endif
