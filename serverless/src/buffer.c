// SPDX-License-Identifier: Apache-2.0
#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

void buffer_free(text_buffer *buffer) {
    free(buffer->data);
    memset(buffer, 0, sizeof *buffer);
}

void buffer_clear(text_buffer *buffer) { buffer->length = 0; }

bool buffer_reserve(text_buffer *buffer, size_t more) {
    if (buffer->failed || more > SIZE_MAX / 4 - buffer->length) {
        buffer->failed = true;
        return false;
    }
    const size_t need = buffer->length + more;
    if (need <= buffer->capacity) {
        return true;
    }
    size_t capacity = buffer->capacity < 256 ? 256 : buffer->capacity;
    while (capacity < need) {
        capacity += capacity / 2;
    }
    char *data = realloc(buffer->data, capacity);
    if (data == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void buffer_add(text_buffer *buffer, const char *data, size_t length) {
    if (length > 0 && buffer_reserve(buffer, length)) {
        memcpy(buffer->data + buffer->length, data, length);
        buffer->length += length;
    }
}

void buffer_add_string(text_buffer *buffer, const char *string) {
    buffer_add(buffer, string, strlen(string));
}

void buffer_printf(text_buffer *buffer, const char *format, ...) {
    char small[256];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    if (length < 0 || !buffer_reserve(buffer, (size_t)length + 1)) {
        buffer->failed = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->length += (size_t)length;
}

static void add_escape(text_buffer *buffer, unsigned char byte) {
    switch (byte) {
    case '"':
        buffer_add_string(buffer, "\\\"");
        break;
    case '\\':
        buffer_add_string(buffer, "\\\\");
        break;
    case '\n':
        buffer_add_string(buffer, "\\n");
        break;
    case '\r':
        buffer_add_string(buffer, "\\r");
        break;
    case '\t':
        buffer_add_string(buffer, "\\t");
        break;
    default:
        buffer_printf(buffer, "\\u%04x", byte);
        break;
    }
}

void buffer_add_json_string(text_buffer *buffer, text value) {
    buffer_add(buffer, "\"", 1);
    size_t plain = 0;  // start of what needs no escape
    for (size_t i = 0; i < value.length;) {
        uint32_t c = 0;
        const size_t size = ec_utf8_decode(value.data + i, value.length - i, &c);
        if (c != EC_UTF8_INVALID && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
            i += size;
            continue;
        }
        buffer_add(buffer, value.data + plain, i - plain);
        if (c == EC_UTF8_INVALID) {
            buffer_add_string(buffer, "\xef\xbf\xbd");
        } else {
            add_escape(buffer, (unsigned char)c);
        }
        i += size;
        plain = i;
    }
    buffer_add(buffer, value.data + plain, value.length - plain);
    buffer_add(buffer, "\"", 1);
}

void buffer_add_answer(text_buffer *buffer, const ec_answer *answer,
                       const ec_explanation *explanation, const ec_model *model,
                       double milliseconds) {
    const size_t length = ec_format_explained(answer, explanation, model, milliseconds, NULL, 0);
    if (buffer_reserve(buffer, length + 1)) {
        ec_format_explained(answer, explanation, model, milliseconds, buffer->data + buffer->length,
                            length + 1);
        buffer->length += length;
    }
}
