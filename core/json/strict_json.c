// SPDX-License-Identifier: Apache-2.0
#include "strict_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

// Checks the grammar; cJSON, which is lenient, then only builds the tree.
typedef struct scanner {
    const char *text;
    size_t length;
    size_t at;
    unsigned depth;
    size_t values;
    const char *message;  // what is wrong at `at`
} scanner;

static bool fail(scanner *s, const char *message) {
    s->message = message;
    return false;
}

// The byte at the current place, 0 at the end: no token holds a NUL.
static char peek(const scanner *s) { return s->at < s->length ? s->text[s->at] : '\0'; }

static bool accept(scanner *s, char c) {
    const bool same = peek(s) == c;
    s->at += same;
    return same;
}

static void skip_space(scanner *s) {
    while (peek(s) == ' ' || peek(s) == '\n' || peek(s) == '\r' || peek(s) == '\t') {
        s->at++;
    }
}

// ------------------------------------------------------------- strings

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
            return fail(s, "an escape needs four hexadecimal digits");
        }
    }
    return true;
}

// What follows "\u".
static bool scan_unicode_escape(scanner *s) {
    uint32_t unit = 0;
    if (!scan_hex(s, &unit)) {
        return false;
    }
    if (unit == 0) {
        return fail(s, "a string holds NUL");
    }
    if (unit < 0xD800 || unit > 0xDFFF) {
        return true;
    }
    const bool is_pair = unit <= 0xDBFF && accept(s, '\\') && accept(s, 'u') &&
                         scan_hex(s, &unit) && unit >= 0xDC00 && unit <= 0xDFFF;
    return is_pair || fail(s, "a string holds half a surrogate pair");
}

static bool scan_escape(scanner *s) {
    const char c = peek(s);
    if (c == '\0' || strchr("\"\\/bfnrtu", c) == NULL) {
        return fail(s, "a string holds an unknown escape");
    }
    s->at++;
    return c != 'u' || scan_unicode_escape(s);
}

static bool scan_string(scanner *s) {
    if (!accept(s, '"')) {
        return fail(s, "a string is missing");
    }
    while (s->at < s->length && s->text[s->at] != '"') {
        uint32_t c = 0;
        const size_t size = ec_utf8_decode(s->text + s->at, s->length - s->at, &c);
        if (c == EC_UTF8_INVALID) {
            return fail(s, "not valid UTF-8");
        }
        if (c < 0x20) {
            return fail(s, "a string holds a control character");
        }
        s->at += size;
        if (c == '\\' && !scan_escape(s)) {
            return false;
        }
    }
    return accept(s, '"') || fail(s, "a string does not end");
}

// ------------------------------------------------------------- numbers and words

static bool scan_digits(scanner *s) {
    const size_t start = s->at;
    while (peek(s) >= '0' && peek(s) <= '9') {
        s->at++;
    }
    return s->at > start || fail(s, "a number lacks a digit");
}

static bool scan_number(scanner *s) {
    const size_t start = s->at;
    accept(s, '-');
    if (!accept(s, '0') && !scan_digits(s)) {
        return false;
    }
    if (accept(s, '.') && !scan_digits(s)) {
        return false;
    }
    if (accept(s, 'e') || accept(s, 'E')) {
        if (!accept(s, '+')) {
            accept(s, '-');
        }
        if (!scan_digits(s)) {
            return false;
        }
    }
    return s->at - start <= EC_JSON_NUMBER_LENGTH || fail(s, "a number is too long");
}

static bool scan_word(scanner *s, const char *word) {
    const size_t length = strlen(word);
    if (s->length - s->at < length || memcmp(s->text + s->at, word, length) != 0) {
        return fail(s, "not a JSON value");
    }
    s->at += length;
    return true;
}

// ------------------------------------------------------------- values

static bool scan_value(scanner *s);

// A key and its colon.
static bool scan_key(scanner *s) {
    skip_space(s);
    if (!scan_string(s)) {
        return false;
    }
    skip_space(s);
    return accept(s, ':') || fail(s, "a colon is missing");
}

// An array or object, after its opening bracket.
static bool scan_container(scanner *s, char close) {
    if (++s->depth > EC_JSON_DEPTH) {
        return fail(s, "nested too deeply");
    }
    skip_space(s);
    if (!accept(s, close)) {
        do {
            if ((close == '}' && !scan_key(s)) || !scan_value(s)) {
                return false;
            }
            skip_space(s);
        } while (accept(s, ','));
        if (!accept(s, close)) {
            return fail(s, "a comma or closing bracket is missing");
        }
    }
    s->depth--;
    return true;
}

// White space before the value is skipped.
static bool scan_value(scanner *s) {
    if (++s->values > EC_JSON_VALUES) {
        return fail(s, "too many values");
    }
    skip_space(s);
    const char first = peek(s);
    if (first == '-' || (first >= '0' && first <= '9')) {
        return scan_number(s);
    }
    switch (first) {
    case '{':
        s->at++;
        return scan_container(s, '}');
    case '[':
        s->at++;
        return scan_container(s, ']');
    case '"':
        return scan_string(s);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    default:
        return fail(s, s->at < s->length ? "not a JSON value" : "ends too early");
    }
}

static bool scan_document(scanner *s) {
    if (!scan_value(s)) {
        return false;
    }
    skip_space(s);
    return s->at == s->length || fail(s, "something follows the end");
}

// ------------------------------------------------------------- the tree

static int compare_keys(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool check_keys(const cJSON *object, ec_json_error *error) {
    const size_t count = (size_t)cJSON_GetArraySize(object);
    if (count < 2) {
        return true;
    }
    const char **const keys = malloc(count * sizeof *keys);
    if (keys == NULL) {
        *error = (ec_json_error){EC_JSON_NOWHERE, "no memory", true};
        return false;
    }
    size_t n = 0;
    const cJSON *member = NULL;
    cJSON_ArrayForEach(member, object) { keys[n++] = member->string; }
    qsort(keys, n, sizeof *keys, compare_keys);
    bool unique = true;
    for (size_t i = 1; i < n && unique; i++) {
        unique = strcmp(keys[i - 1], keys[i]) != 0;
    }
    free(keys);
    if (!unique) {
        *error = (ec_json_error){EC_JSON_NOWHERE, "an object has the same key twice", false};
    }
    return unique;
}

// Goes as deep as the scanner has allowed.
static bool check_tree(const cJSON *value, ec_json_error *error) {
    if (cJSON_IsNumber(value) && !isfinite(value->valuedouble)) {
        *error = (ec_json_error){EC_JSON_NOWHERE, "a number is too large", false};
        return false;
    }
    if (cJSON_IsObject(value) && !check_keys(value, error)) {
        return false;
    }
    const cJSON *child = NULL;
    cJSON_ArrayForEach(child, value) {
        if (!check_tree(child, error)) {
            return false;
        }
    }
    return true;
}

// ------------------------------------------------------------- entry points

cJSON *ec_json_read(const char *json, size_t length, ec_json_error *error) {
    scanner s = {.text = json, .length = length};
    if (!scan_document(&s)) {
        *error = (ec_json_error){s.at, s.message, false};
        return NULL;
    }
    // The grammar holds, so cJSON can only fail for want of memory.
    cJSON *const tree = cJSON_ParseWithLength(json, length);
    if (tree == NULL) {
        *error = (ec_json_error){EC_JSON_NOWHERE, "no memory", true};
        return NULL;
    }
    if (!check_tree(tree, error)) {
        cJSON_Delete(tree);
        return NULL;
    }
    return tree;
}

bool ec_json_next_value(const char *json, size_t length, size_t *position, size_t *value,
                        size_t *value_length) {
    scanner s = {.text = json, .length = length, .at = *position, .depth = 1};
    skip_space(&s);
    if (!accept(&s, *position == 0 ? '{' : ',') || !scan_key(&s)) {
        return false;
    }
    skip_space(&s);
    const size_t start = s.at;
    if (!scan_value(&s)) {
        return false;
    }
    *value = start;
    *value_length = s.at - start;
    *position = s.at;
    return true;
}
