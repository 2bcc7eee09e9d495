// SPDX-License-Identifier: Apache-2.0
#include "json.h"

#include <math.h>

#include "error.h"

ec_status ec_json_parse(const char *text, size_t length, const char *field, cJSON **root,
                        ec_error *error) {
    ec_json_error problem;
    cJSON *const tree = ec_json_read(text, length, &problem);
    if (tree == NULL && problem.no_memory) {
        return ec_fail(error, EC_ERROR_NO_MEMORY, field, 0, "no memory to read JSON");
    }
    if (tree == NULL && problem.offset == EC_JSON_NOWHERE) {
        return ec_fail(error, EC_ERROR_BUNDLE, field, 0, "not valid JSON: %s", problem.message);
    }
    if (tree == NULL) {
        return ec_fail(error, EC_ERROR_BUNDLE, field, problem.offset,
                       "not valid JSON at byte %zu: %s", problem.offset, problem.message);
    }
    *root = tree;
    return EC_OK;
}

const char *ec_json_string(const cJSON *object, const char *key) {
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

bool ec_json_is_whole(const cJSON *item, uint64_t *value) {
    const double largest = 9007199254740992.0;
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= largest) ||
        floor(item->valuedouble) < item->valuedouble) {
        return false;
    }
    *value = (uint64_t)item->valuedouble;
    return true;
}

ec_status ec_json_get_whole(const cJSON *object, const char *key, uint32_t minimum,
                            uint32_t maximum, const char *field, uint32_t *value, ec_error *error) {
    uint64_t whole = 0;
    if (!ec_json_is_whole(cJSON_GetObjectItemCaseSensitive(object, key), &whole) ||
        whole < minimum || whole > maximum) {
        return ec_fail(error, EC_ERROR_BUNDLE, field, 0, "\"%s\" must be a whole number, %u to %u",
                       key, minimum, maximum);
    }
    *value = (uint32_t)whole;
    return EC_OK;
}

ec_status ec_json_get_number(const cJSON *object, const char *key, double minimum, double maximum,
                             const char *field, double *value, ec_error *error) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= minimum && item->valuedouble <= maximum)) {
        return ec_fail(error, EC_ERROR_BUNDLE, field, 0,
                       "\"%s\" must be a number within its limits", key);
    }
    *value = item->valuedouble;
    return EC_OK;
}

bool ec_json_is_plain(const char *text, size_t maximum) {
    size_t length = 0;
    for (; text[length] != '\0'; length++) {
        const unsigned char c = (unsigned char)text[length];
        if (length == maximum || c < 0x20 || c == 0x7F) {
            return false;
        }
    }
    return length > 0;
}
