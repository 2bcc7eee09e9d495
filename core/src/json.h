// SPDX-License-Identifier: Apache-2.0
// JSON of model bundles and of Hugging Face directories: the strict reader, with errors of the
// core.
#ifndef EC_JSON_H
#define EC_JSON_H

#include "email_classifier.h"
#include "strict_json.h"

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
