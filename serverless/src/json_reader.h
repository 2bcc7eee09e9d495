// SPDX-License-Identifier: Apache-2.0
// The one way JSON gets in: cJSON behind a strict reader, for files, the HTTP server and Lambda.
//
// Stricter than cJSON, and than RFC 8259 where it leaves a choice: valid UTF-8 only, no byte order
// mark, nothing after the end, at most JSON_MAX_DEPTH levels, no object with the same key twice,
// no NUL and no lone surrogate in a string. So a string is all of what its `valuestring` shows.
#ifndef JSON_READER_H
#define JSON_READER_H

#include "cJSON.h"
#include "cli.h"

enum { JSON_MAX_DEPTH = 32 };

typedef struct json_error {
    size_t offset;        // byte that could not be read, 0 where it has no meaning
    const char *message;  // static storage; never holds any of the text
} json_error;

// Reads data[0..length), which need not end in NUL and is not looked at when longer than
// max_bytes. The caller frees the tree with cJSON_Delete. NULL: *error tells why.
cJSON *json_read(const char *data, size_t length, size_t max_bytes, json_error *error);

// Steps through the members of an object in its text, which json_read has accepted. *position is 0
// at first. *value gets the member's JSON text without white space around it. False at the end.
bool json_next_value(text object, size_t *position, text *value);

#endif
