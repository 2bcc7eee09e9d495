// SPDX-License-Identifier: Apache-2.0
#include "csv.h"

#include <string.h>

typedef struct csv_scanner {
    const char *data;
    size_t length;
    size_t at;
    bool at_end;
} csv_scanner;

void csv_row_free(csv_row *row) { buffer_free(&row->text); }

text csv_field(const csv_row *row, size_t index) {
    const csv_span span = row->fields[index];
    return (text){span.length > 0 ? row->text.data + span.start : "", span.length};
}

static csv_result fail(csv_row *row, const char *message) {
    row->message = message;
    return CSV_ERROR;
}

// Bytes of the line end here: 0 for none. CR as the last byte so far may be half of CR LF: then
// *more is set.
static size_t line_end(const csv_scanner *s, bool *more) {
    const char c = s->data[s->at];
    if (c != '\r') {
        return c == '\n' ? 1 : 0;
    }
    if (s->at + 1 == s->length) {
        *more = !s->at_end;
        return 1;
    }
    return s->data[s->at + 1] == '\n' ? 2 : 1;
}

// The inside of a quoted field and its closing quote.
static csv_result read_quoted(csv_scanner *s, csv_row *row) {
    s->at++;
    while (s->at < s->length) {
        const char c = s->data[s->at];
        bool more = false;
        const size_t end = line_end(s, &more);
        if (more || (c == '"' && s->at + 1 == s->length && !s->at_end)) {
            return CSV_MORE;
        }
        const bool doubled = c == '"' && s->at + 1 < s->length && s->data[s->at + 1] == '"';
        if (c == '"' && !doubled) {
            s->at++;
            return CSV_ROW;
        }
        const size_t size = end > 0 ? end : 1;
        buffer_add(&row->text, s->data + s->at, size);
        row->line_ends += end > 0;
        s->at += doubled ? 2 : size;
    }
    return s->at_end ? fail(row, "a quoted field does not end") : CSV_MORE;
}

static bool ends_field(char c) { return c == ',' || c == '\n' || c == '\r'; }

static csv_result read_field(csv_scanner *s, csv_row *row) {
    if (row->count == CSV_MAX_FIELDS) {
        return fail(row, "too many columns");
    }
    const size_t start = row->text.length;
    if (s->at < s->length && s->data[s->at] == '"') {
        const csv_result result = read_quoted(s, row);
        if (result != CSV_ROW) {
            return result;
        }
        if (s->at < s->length && !ends_field(s->data[s->at])) {
            return fail(row, "text follows a closing quote");
        }
    } else {
        const size_t first = s->at;
        while (s->at < s->length && !ends_field(s->data[s->at])) {
            s->at++;
        }
        buffer_add(&row->text, s->data + first, s->at - first);
    }
    row->fields[row->count++] = (csv_span){start, row->text.length - start};
    return row->text.failed ? fail(row, "no memory") : CSV_ROW;
}

csv_result csv_read_row(const char *data, size_t length, bool at_end, csv_row *row,
                        size_t *consumed) {
    csv_scanner s = {data, length, 0, at_end};
    row->count = 0;
    row->line_ends = 0;
    buffer_clear(&row->text);
    if (length == 0) {
        return CSV_MORE;
    }
    for (;;) {
        const csv_result result = read_field(&s, row);
        if (result != CSV_ROW) {
            return result;
        }
        if (s.at < s.length && s.data[s.at] == ',') {
            s.at++;
            continue;
        }
        bool more = s.at == s.length && !at_end;
        const size_t end = s.at < s.length ? line_end(&s, &more) : 0;
        if (more) {
            return CSV_MORE;
        }
        row->line_ends += end > 0;
        if (s.at == 0) {
            row->count = 0;
        }
        *consumed = s.at + end;
        return CSV_ROW;
    }
}

static bool needs_quotes(text field) {
    for (size_t i = 0; i < field.length; i++) {
        if (ends_field(field.data[i]) || field.data[i] == '"') {
            return true;
        }
    }
    return field.length > 0 && (field.data[0] == ' ' || field.data[field.length - 1] == ' ');
}

void csv_add_field(text_buffer *line, text field, bool first) {
    if (!first) {
        buffer_add(line, ",", 1);
    }
    if (!needs_quotes(field)) {
        buffer_add(line, field.data, field.length);
        return;
    }
    buffer_add(line, "\"", 1);
    for (size_t i = 0; i < field.length; i++) {
        buffer_add(line, field.data + i, 1);
        if (field.data[i] == '"') {
            buffer_add(line, "\"", 1);
        }
    }
    buffer_add(line, "\"", 1);
}
