// SPDX-License-Identifier: Apache-2.0
// Strict reader in front of cJSON: RFC 8259, and nothing that two readers could take differently.
//
// Refused besides bad syntax: bytes that are not UTF-8, a byte order mark, anything after the
// value, duplicate keys, NUL inside strings, lone surrogates, numbers beyond double, deep nesting,
// and more values than any honest file has.
#ifndef EC_JSON_H
#define EC_JSON_H

#include <cJSON.h>

#include "email_classifier.h"

enum {
    EC_JSON_DEPTH = 16,         // arrays and objects inside each other
    EC_JSON_VALUES = 1 << 17,   // in one text
    EC_JSON_NUMBER_LENGTH = 64  // characters of one number
};

// Parses text[0..length). *root is the caller's to free with cJSON_Delete. `field` (static storage)
// names the text in errors, whose offset is a byte of it.
// Errors: NO_MEMORY, BUNDLE.
ec_status ec_json_parse(const char *text, size_t length, const char *field, cJSON **root,
                        ec_error *error);

// The string of this key, or NULL when `object` has none (or it is no string).
const char *ec_json_string(const cJSON *object, const char *key);

// Whether `item` is a number without fraction from 0 to 2^53 (which double holds exactly).
bool ec_json_is_whole(const cJSON *item, uint64_t *value);

// The member as a number from minimum to maximum, else BUNDLE naming the key.
ec_status ec_json_get_whole(const cJSON *object, const char *key, uint32_t minimum,
                            uint32_t maximum, const char *field, uint32_t *value, ec_error *error);
ec_status ec_json_get_number(const cJSON *object, const char *key, double minimum, double maximum,
                             const char *field, double *value, ec_error *error);

// Whether text is 1 to maximum bytes without control characters.
bool ec_json_is_plain(const char *text, size_t maximum);

#endif
