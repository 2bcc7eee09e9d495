// SPDX-License-Identifier: Apache-2.0
#include "transfer.h"

#include <string.h>

static int hex_digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

// Bytes of the soft line break at data[at], a '=': it may have white space before the line end,
// which a transport has added. 0 when it is none.
static size_t soft_break(text encoded, size_t at) {
    size_t end = at + 1;
    while (end < encoded.length && (encoded.data[end] == ' ' || encoded.data[end] == '\t')) {
        end++;
    }
    if (end < encoded.length && encoded.data[end] == '\r') {
        end++;
    }
    return end == encoded.length || encoded.data[end] == '\n' ? end + 1 - at : 0;
}

// The byte that "=XX" at data[at] stands for, -1 when it is not one.
static int escaped_byte(text encoded, size_t at) {
    if (encoded.length - at < 3) {
        return -1;
    }
    const int high = hex_digit(encoded.data[at + 1]);
    const int low = hex_digit(encoded.data[at + 2]);
    return high >= 0 && low >= 0 ? high << 4 | low : -1;
}

void mime_decode_quoted(text encoded, bool in_header, text_buffer *out) {
    if (!buffer_reserve(out, encoded.length + 1)) {
        return;
    }
    char *to = out->data + out->length;
    for (size_t at = 0; at < encoded.length;) {
        const char c = encoded.data[at];
        const int byte = c == '=' ? escaped_byte(encoded, at) : -1;
        const size_t skipped = c == '=' && !in_header ? soft_break(encoded, at) : 0;
        if (byte >= 0) {
            *to++ = (char)byte;
            at += 3;
        } else if (skipped > 0) {
            at += skipped;
        } else {
            *to++ = c == '_' && in_header ? ' ' : c;
            at++;
        }
    }
    out->length = (size_t)(to - out->data);
}

static int sextet(char c) {
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

void mime_decode_base64(text encoded, text_buffer *out) {
    if (!buffer_reserve(out, encoded.length / 4 * 3 + 3)) {
        return;
    }
    char *to = out->data + out->length;
    uint32_t bits = 0;
    unsigned count = 0;  // sextets of this group of four
    for (size_t at = 0; at < encoded.length; at++) {
        const int value = sextet(encoded.data[at]);
        if (encoded.data[at] == '=' && count >= 2) {
            break;
        }
        if (value < 0) {
            continue;
        }
        bits = bits << 6 | (uint32_t)value;
        if (count > 0) {
            *to++ = (char)(bits >> (6 - 2 * count));
        }
        count = (count + 1) % 4;
    }
    out->length = (size_t)(to - out->data);
}

void mime_decode_body(text encoding, text body, text_buffer *out) {
    if (text_equals_any_case(encoding, "quoted-printable")) {
        mime_decode_quoted(body, false, out);
    } else if (text_equals_any_case(encoding, "base64")) {
        mime_decode_base64(body, out);
    } else {
        buffer_add(out, body.data, body.length);
    }
}
