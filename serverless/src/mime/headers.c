// SPDX-License-Identifier: Apache-2.0
#include "headers.h"

#include <string.h>

text mime_line_at(text data, size_t at, size_t *next) {
    const char *start = data.data + at;
    const char *end = memchr(start, '\n', data.length - at);
    size_t length = end != NULL ? (size_t)(end - start) : data.length - at;
    *next = at + length + (end != NULL ? 1 : 0);
    if (length > 0 && start[length - 1] == '\r') {
        length--;
    }
    return (text){start, length};
}

// Length of the name in "Name: value", 0 when the line is no header field.
static size_t name_length(text line) {
    const char *colon = line.length > 0 ? memchr(line.data, ':', line.length) : NULL;
    const size_t length = colon != NULL ? (size_t)(colon - line.data) : 0;
    for (size_t i = 0; i < length; i++) {
        if (line.data[i] <= ' ' || line.data[i] > '~') {
            return 0;
        }
    }
    return length;
}

// Where the value of a field of this name goes, NULL when nobody asks for it or it is there
// already.
static text *place_of(mime_headers *headers, text name) {
    const struct {
        const char *name;
        text *place;
    } fields[] = {
        {"subject", &headers->subject},
        {"content-type", &headers->content_type},
        {"content-transfer-encoding", &headers->transfer_encoding},
        {"content-disposition", &headers->disposition},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (text_equals_any_case(name, fields[i].name)) {
            return fields[i].place->data == NULL ? fields[i].place : NULL;
        }
    }
    return NULL;
}

mime_headers mime_headers_read(text part) {
    mime_headers headers = {0};
    text *value = NULL;  // of the field that a folded line goes on with
    size_t at = 0;
    while (at < part.length) {
        size_t next = 0;
        const text line = mime_line_at(part, at, &next);
        const size_t name = name_length(line);
        const bool folded = at > 0 && line.length > 0 && (*line.data == ' ' || *line.data == '\t');
        if (line.length == 0) {
            at = next;
            break;
        }
        if (!folded && name == 0) {
            break;
        }
        if (!folded) {
            value = place_of(&headers, (text){line.data, name});
            if (value != NULL) {
                *value = (text){line.data + name + 1, line.length - name - 1};
            }
        } else if (value != NULL) {
            value->length = (size_t)(line.data + line.length - value->data);
        }
        at = next;
    }
    headers.body = (text){part.data + at, part.length - at};
    return headers;
}

// ---------------------------------------------------------------------------- parameters

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Skips white space and (comments).
static size_t skip_blanks(text field, size_t at) {
    size_t comments = 0;
    for (; at < field.length; at++) {
        const char c = field.data[at];
        if (c == '(') {
            comments++;
        } else if (c == ')' && comments > 0) {
            comments--;
        } else if (comments == 0 && !is_blank(c)) {
            break;
        } else if (c == '\\' && at + 1 < field.length) {
            at++;
        }
    }
    return at;
}

// Skips to the first of these bytes, or white space.
static size_t skip_until(text field, size_t at, const char *stops) {
    while (at < field.length && !is_blank(field.data[at]) &&
           (field.data[at] == '\0' || strchr(stops, field.data[at]) == NULL)) {
        at++;
    }
    return at;
}

// One parameter: name=value, where the value may be quoted.
typedef struct parameter {
    text name;
    text value;  // between the quotes, backslashes not removed
    bool quoted;
} parameter;

// Skips a quoted string whose first quote is at data[at].
static size_t skip_quoted(text field, size_t at) {
    for (at++; at < field.length && field.data[at] != '"'; at++) {
        if (field.data[at] == '\\' && at + 1 < field.length) {
            at++;
        }
    }
    return at < field.length ? at + 1 : at;
}

// Skips to the ';' before the next parameter.
static size_t skip_to_next(text field, size_t at) {
    while (at < field.length && field.data[at] != ';') {
        at = field.data[at] == '"' ? skip_quoted(field, at) : at + 1;
    }
    return at;
}

// Reads the parameter after the ';' at data[at]; returns where its value ends.
static size_t read_parameter(text field, size_t at, parameter *found) {
    at = skip_blanks(field, at + 1);
    const size_t name = at;
    at = skip_until(field, at, ";=(");
    *found = (parameter){.name = {field.data + name, at - name}};
    at = skip_blanks(field, at);
    if (at == field.length || field.data[at] != '=') {
        return at;
    }
    at = skip_blanks(field, at + 1);
    const size_t value = at;
    found->quoted = at < field.length && field.data[at] == '"';
    if (!found->quoted) {
        at = skip_until(field, at, ";");
        found->value = (text){field.data + value, at - value};
        return at;
    }
    at = skip_quoted(field, at);
    const bool closed = at - value >= 2 && field.data[at - 1] == '"';
    found->value = (text){field.data + value + 1, at - value - 1 - closed};
    return at;
}

static size_t copy_value(const parameter *found, char *out, size_t capacity) {
    size_t length = 0;
    for (size_t i = 0; i < found->value.length; i++) {
        if (found->quoted && found->value.data[i] == '\\' && i + 1 < found->value.length) {
            i++;
        }
        if (length == capacity) {
            return 0;
        }
        out[length++] = found->value.data[i];
    }
    return length;
}

text mime_value(text field) {
    if (field.data == NULL) {
        return (text){"", 0};
    }
    const size_t start = skip_blanks(field, 0);
    const size_t end = skip_until(field, start, ";(");
    return (text){field.data + start, end - start};
}

size_t mime_parameter(text field, const char *name, char *out, size_t capacity) {
    size_t at = skip_to_next(field, 0);
    while (at < field.length) {
        parameter found;
        at = read_parameter(field, at, &found);
        if (text_equals_any_case(found.name, name)) {
            return copy_value(&found, out, capacity);
        }
        at = skip_to_next(field, at);
    }
    return 0;
}
