// SPDX-License-Identifier: Apache-2.0
// The header fields of an email or a part of one, and their parameters.
#ifndef MIME_HEADERS_H
#define MIME_HEADERS_H

#include "cli.h"

// The line that starts at data[at], without its line end, which is LF or CR LF. *next is where the
// following one starts.
text mime_line_at(text data, size_t at, size_t *next);

// Values as they stand, folds included; of a field that comes twice the first counts. data is NULL
// for a field that is not there.
typedef struct mime_headers {
    text subject;
    text content_type;
    text transfer_encoding;
    text disposition;
    text body;  // what follows the headers
} mime_headers;

mime_headers mime_headers_read(text part);

// The value of a field before its parameters: "text/plain" of "text/plain; charset=utf-8". Empty
// for a field that is not there.
text mime_value(text field);

// Copies the value of a parameter into out[0..capacity), quotes removed. Returns its length, 0 when
// it is not there or does not fit. The forms of RFC 2231 (name*=, name*0=), which are made for file
// names, are not read.
size_t mime_parameter(text field, const char *name, char *out, size_t capacity);

#endif
