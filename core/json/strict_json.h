// SPDX-License-Identifier: Apache-2.0
// The one way JSON gets in, to the core as to its native hosts: cJSON behind a strict reader.
//
// Stricter than cJSON, and than RFC 8259 where that leaves a choice: valid UTF-8 only, no byte
// order mark, nothing after the end, no object with the same key twice, no NUL and no lone
// surrogate in a string, no number beyond double, and the limits below. So a string is all of what
// its `valuestring` shows, and no two readers take a text differently.
#ifndef EC_STRICT_JSON_H
#define EC_STRICT_JSON_H

#include <cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EC_JSON_DEPTH = 32,          // arrays and objects inside each other
    EC_JSON_VALUES = 1 << 17,    // in one text
    EC_JSON_NUMBER_LENGTH = 128  // characters of one number
};

#define EC_JSON_NOWHERE SIZE_MAX

typedef struct ec_json_error {
    size_t offset;        // byte that could not be read; EC_JSON_NOWHERE where it has no meaning
    const char *message;  // static storage; never holds any of the text
    bool no_memory;       // the text is not to blame
} ec_json_error;

// Reads json[0..length), which need not end in NUL. Limit its length before. The caller frees the
// tree with cJSON_Delete. NULL: *error tells why.
// Threads: any, as long as nobody calls cJSON_GetErrorPtr, cJSON's one global.
cJSON *ec_json_read(const char *json, size_t length, ec_json_error *error);

// Steps through the members of an object in its text, which ec_json_read has accepted. *position is
// 0 at first. json[*value .. *value + *value_length) becomes the JSON text of the next member's
// value, without white space around it. False at the end.
bool ec_json_next_value(const char *json, size_t length, size_t *position, size_t *value,
                        size_t *value_length);

#endif
