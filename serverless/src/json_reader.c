// SPDX-License-Identifier: Apache-2.0
#include "json_reader.h"

#include <stdlib.h>
#include <string.h>

#include "utf8_check.h"

// Checks the grammar; cJSON, which is lenient, then only builds the tree.
typedef struct scanner {
    const char *data;
    size_t length;
    size_t at;
    unsigned depth;
    const char *message;  // what is wrong at `at`
} scanner;

static bool fail(scanner *s, const char *message) {
    if (s->message == NULL) {
        s->message = message;
    }
    return false;
}

static char peek(const scanner *s) { return s->at < s->length ? s->data[s->at] : '\0'; }

static bool accept(scanner *s, char c) {
    if (s->at >= s->length || s->data[s->at] != c) {
        return false;
    }
    s->at++;
    return true;
}

static void skip_space(scanner *s) {
    while (s->at < s->length && memchr(" \t\r\n", s->data[s->at], 4) != NULL) {
        s->at++;
    }
}

// ---------------------------------------------------------------------------- strings

static int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Four hexadecimal digits; -1 when they are not.
static long scan_hex(scanner *s) {
    long value = 0;
    for (int i = 0; i < 4; i++) {
        const int digit = hex_value(peek(s));
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
        s->at++;
    }
    return value;
}

// What follows "\u".
static bool scan_unicode_escape(scanner *s) {
    const long high = scan_hex(s);
    if (high < 0) {
        return fail(s, "an escape needs four hexadecimal digits");
    }
    if (high == 0) {
        return fail(s, "a string holds NUL");
    }
    if (high < 0xd800 || high > 0xdfff) {
        return true;
    }
    const bool pair = high <= 0xdbff && accept(s, '\\') && accept(s, 'u');
    const long low = pair ? scan_hex(s) : -1;
    return (low >= 0xdc00 && low <= 0xdfff) || fail(s, "a string holds half a surrogate pair");
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
    while (s->at < s->length) {
        const char c = s->data[s->at];
        if ((unsigned char)c < 0x20) {
            return fail(s, "a string holds a control character");
        }
        const size_t size = utf8_character(s->data + s->at, s->length - s->at);
        if (size == 0) {
            return fail(s, "not valid UTF-8");
        }
        s->at += size;
        if (c == '"') {
            return true;
        }
        if (c == '\\' && !scan_escape(s)) {
            return false;
        }
    }
    return fail(s, "a string does not end");
}

// ---------------------------------------------------------------------------- other values

static bool scan_digits(scanner *s) {
    const size_t start = s->at;
    while (peek(s) >= '0' && peek(s) <= '9') {
        s->at++;
    }
    return s->at > start || fail(s, "a number lacks a digit");
}

static bool scan_number(scanner *s) {
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
        return scan_digits(s);
    }
    return true;
}

static bool scan_word(scanner *s, const char *word) {
    const size_t length = strlen(word);
    if (s->length - s->at < length || memcmp(s->data + s->at, word, length) != 0) {
        return fail(s, "not a JSON value");
    }
    s->at += length;
    return true;
}

static bool scan_value(scanner *s);

static bool scan_member(scanner *s) {
    skip_space(s);
    if (!scan_string(s)) {
        return false;
    }
    skip_space(s);
    return (accept(s, ':') || fail(s, "a colon is missing")) && scan_value(s);
}

// An array or object, after its opening bracket.
static bool scan_container(scanner *s, char close, bool (*scan_item)(scanner *s)) {
    if (++s->depth > JSON_MAX_DEPTH) {
        return fail(s, "nested too deeply");
    }
    skip_space(s);
    if (!accept(s, close)) {
        do {
            if (!scan_item(s)) {
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
    skip_space(s);
    switch (peek(s)) {
    case '{':
        s->at++;
        return scan_container(s, '}', scan_member);
    case '[':
        s->at++;
        return scan_container(s, ']', scan_value);
    case '"':
        return scan_string(s);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return scan_number(s);
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

// ---------------------------------------------------------------------------- duplicate keys

static int compare_keys(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *check_keys(const cJSON *object) {
    const size_t count = (size_t)cJSON_GetArraySize(object);
    if (count < 2) {
        return NULL;
    }
    const char **keys = malloc(count * sizeof *keys);
    if (keys == NULL) {
        return "no memory";
    }
    size_t n = 0;
    const cJSON *member = NULL;
    cJSON_ArrayForEach(member, object) { keys[n++] = member->string; }
    qsort(keys, n, sizeof *keys, compare_keys);
    const char *message = NULL;
    for (size_t i = 1; i < n && message == NULL; i++) {
        message = strcmp(keys[i - 1], keys[i]) == 0 ? "an object has the same key twice" : NULL;
    }
    free(keys);
    return message;
}

// Goes as deep as the scanner has allowed.
static const char *check_tree(const cJSON *value) {
    const char *message = cJSON_IsObject(value) ? check_keys(value) : NULL;
    const cJSON *child = NULL;
    cJSON_ArrayForEach(child, value) {
        if (message != NULL) {
            break;
        }
        message = check_tree(child);
    }
    return message;
}

// ---------------------------------------------------------------------------- entry points

static cJSON *refuse(json_error *error, size_t offset, const char *message) {
    *error = (json_error){offset, message};
    return NULL;
}

cJSON *json_read(const char *data, size_t length, size_t max_bytes, json_error *error) {
    if (length > max_bytes) {
        return refuse(error, 0, "too large");
    }
    scanner s = {data, length, 0, 0, NULL};
    if (!scan_document(&s)) {
        return refuse(error, s.at, s.message);
    }
    cJSON *tree = cJSON_ParseWithLength(data, length);
    if (tree == NULL) {
        return refuse(error, 0, "no memory to read it");
    }
    const char *message = check_tree(tree);
    if (message != NULL) {
        cJSON_Delete(tree);
        return refuse(error, 0, message);
    }
    return tree;
}

bool json_next_value(text object, size_t *position, text *value) {
    scanner s = {object.data, object.length, *position, 1, NULL};
    skip_space(&s);
    if (!accept(&s, *position == 0 ? '{' : ',')) {
        return false;
    }
    skip_space(&s);
    if (!scan_string(&s)) {
        return false;
    }
    skip_space(&s);
    accept(&s, ':');
    skip_space(&s);
    const size_t start = s.at;
    if (!scan_value(&s)) {
        return false;
    }
    *value = (text){object.data + start, s.at - start};
    *position = s.at;
    return true;
}
