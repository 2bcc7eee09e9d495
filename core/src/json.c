// SPDX-License-Identifier: Apache-2.0
#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "utf8.h"

// ------------------------------------------------------------- grammar

typedef struct scanner {
    const char *text;
    size_t length;
    size_t at;
    uint32_t depth;
    size_t values;
    const char *problem;  // NULL while all is well
} scanner;

static bool scan_value(scanner *s);

static bool refuse(scanner *s, const char *problem) {
    s->problem = problem;
    return false;
}

// The byte at the current place, 0 at the end: no token holds a NUL.
static char peek(const scanner *s) { return s->at < s->length ? s->text[s->at] : '\0'; }

static bool accept(scanner *s, char c) {
    const bool same = c != '\0' && peek(s) == c;
    s->at += same;
    return same;
}

static void skip_space(scanner *s) {
    while (peek(s) == ' ' || peek(s) == '\n' || peek(s) == '\r' || peek(s) == '\t') {
        s->at++;
    }
}

static bool scan_digits(scanner *s) {
    const size_t start = s->at;
    while (peek(s) >= '0' && peek(s) <= '9') {
        s->at++;
    }
    return s->at > start;
}

static bool scan_number(scanner *s) {
    const size_t start = s->at;
    accept(s, '-');
    bool ok = accept(s, '0') || scan_digits(s);
    if (ok && accept(s, '.')) {
        ok = scan_digits(s);
    }
    if (ok && (accept(s, 'e') || accept(s, 'E'))) {
        if (!accept(s, '+')) {
            accept(s, '-');
        }
        ok = scan_digits(s);
    }
    if (!ok) {
        return refuse(s, "a value is expected here");
    }
    return s->at - start <= EC_JSON_NUMBER_LENGTH || refuse(s, "this number is too long");
}

static bool scan_word(scanner *s, const char *word) {
    for (; *word != '\0'; word++) {
        if (!accept(s, *word)) {
            return refuse(s, "a value is expected here");
        }
    }
    return true;
}

static bool scan_hex(scanner *s, uint32_t *unit) {
    *unit = 0;
    for (int i = 0; i < 4; i++, s->at++) {
        const char c = peek(s);
        const char lower = (char)(c | 0x20);
        if (c >= '0' && c <= '9') {
            *unit = *unit << 4 | (uint32_t)(c - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            *unit = *unit << 4 | (uint32_t)(lower - 'a' + 10);
        } else {
            return refuse(s, "four hexadecimal digits are expected here");
        }
    }
    return true;
}

// What follows \u.
static bool scan_unicode_escape(scanner *s) {
    uint32_t unit = 0;
    if (!scan_hex(s, &unit)) {
        return false;
    }
    if (unit == 0) {
        return refuse(s, "NUL is not allowed in a string");
    }
    if ((unit & 0xFC00) == 0xDC00) {
        return refuse(s, "this surrogate stands alone");
    }
    if ((unit & 0xFC00) != 0xD800) {
        return true;
    }
    if (!accept(s, '\\') || !accept(s, 'u')) {
        return refuse(s, "this surrogate stands alone");
    }
    return scan_hex(s, &unit) &&
           ((unit & 0xFC00) == 0xDC00 || refuse(s, "this surrogate stands alone"));
}

static bool scan_escape(scanner *s) {
    const char c = peek(s);
    if (c == '\0' || strchr("\"\\/bfnrtu", c) == NULL) {
        return refuse(s, "this escape is not JSON");
    }
    s->at++;
    return c != 'u' || scan_unicode_escape(s);
}

static bool scan_string(scanner *s) {
    if (!accept(s, '"')) {
        return refuse(s, "a string is expected here");
    }
    while (s->at < s->length && s->text[s->at] != '"') {
        uint32_t c = 0;
        const size_t size = ec_utf8_decode(s->text + s->at, s->length - s->at, &c);
        if (c == EC_UTF8_INVALID) {
            return refuse(s, "this is not valid UTF-8");
        }
        if (c < 0x20) {
            return refuse(s, "a control character is not allowed in a string");
        }
        s->at += size;
        if (c == '\\' && !scan_escape(s)) {
            return false;
        }
    }
    return accept(s, '"') || refuse(s, "the string does not end");
}

static bool scan_key(scanner *s) {
    if (!scan_string(s)) {
        return false;
    }
    skip_space(s);
    return accept(s, ':') || refuse(s, "a colon is expected here");
}

// The rest of an array or object, whose first bracket has been read.
static bool scan_members(scanner *s, bool keys, char end) {
    if (++s->depth > EC_JSON_DEPTH) {
        return refuse(s, "too deeply nested");
    }
    skip_space(s);
    bool more = !accept(s, end);
    while (more) {
        skip_space(s);
        if ((keys && !scan_key(s)) || !scan_value(s)) {
            return false;
        }
        more = accept(s, ',');
        if (!more && !accept(s, end)) {
            return refuse(s, "a comma or a closing bracket is expected here");
        }
    }
    s->depth--;
    return true;
}

// One value with the white space around it. Recursion ends at EC_JSON_DEPTH.
static bool scan_value(scanner *s) {
    if (++s->values > EC_JSON_VALUES) {
        return refuse(s, "too many values");
    }
    skip_space(s);
    bool ok = false;
    switch (peek(s)) {
    case '{':
        s->at++;
        ok = scan_members(s, true, '}');
        break;
    case '[':
        s->at++;
        ok = scan_members(s, false, ']');
        break;
    case '"':
        ok = scan_string(s);
        break;
    case 't':
        ok = scan_word(s, "true");
        break;
    case 'f':
        ok = scan_word(s, "false");
        break;
    case 'n':
        ok = scan_word(s, "null");
        break;
    default:
        ok = scan_number(s);
        break;
    }
    skip_space(s);
    return ok;
}

// ------------------------------------------------------------- values

static int compare_names(const void *a, const void *b) {
    const char *const *const x = a;
    const char *const *const y = b;
    return strcmp(*x, *y);
}

static ec_status check_names(const cJSON *object, const char *field, ec_error *error) {
    const size_t count = (size_t)cJSON_GetArraySize(object);
    if (count < 2) {
        return EC_OK;
    }
    const char **const names = malloc(count * sizeof *names);
    if (names == NULL) {
        return ec_fail(error, EC_ERROR_NO_MEMORY, field, 0, "no memory to read JSON");
    }
    size_t used = 0;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, object) { names[used++] = item->string; }
    qsort(names, count, sizeof *names, compare_names);
    bool unique = true;
    for (size_t i = 1; i < count; i++) {
        unique = unique && strcmp(names[i - 1], names[i]) != 0;
    }
    free(names);
    return unique ? EC_OK : ec_fail(error, EC_ERROR_BUNDLE, field, 0, "a key stands there twice");
}

static ec_status check_values(const cJSON *value, const char *field, ec_error *error) {
    if (cJSON_IsNumber(value) && !isfinite(value->valuedouble)) {
        return ec_fail(error, EC_ERROR_BUNDLE, field, 0, "a number is too large");
    }
    if (cJSON_IsObject(value)) {
        EC_RETURN_IF_ERROR(check_names(value, field, error));
    }
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, value) { EC_RETURN_IF_ERROR(check_values(item, field, error)); }
    return EC_OK;
}

ec_status ec_json_parse(const char *text, size_t length, const char *field, cJSON **root,
                        ec_error *error) {
    scanner s = {.text = text, .length = length};
    if (!scan_value(&s) || (s.at < length && !refuse(&s, "nothing may follow the JSON value"))) {
        return ec_fail(error, EC_ERROR_BUNDLE, field, s.at, "not valid JSON at byte %zu: %s", s.at,
                       s.problem);
    }
    // The grammar holds, so cJSON can only fail for want of memory.
    cJSON *const parsed = cJSON_ParseWithLength(text, length);
    if (parsed == NULL) {
        return ec_fail(error, EC_ERROR_NO_MEMORY, field, 0, "no memory to read JSON");
    }
    const ec_status status = check_values(parsed, field, error);
    if (status != EC_OK) {
        cJSON_Delete(parsed);
        return status;
    }
    *root = parsed;
    return EC_OK;
}

// ------------------------------------------------------------- members

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
