// SPDX-License-Identifier: Apache-2.0
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---------------------------------------------------------------------------- records

void table_record_free(table_record *record) {
    if (record->row != NULL) {
        csv_row_free(record->row);
    }
    free(record->row);
    free(record->fields);
    buffer_free(&record->json);
    cJSON_Delete(record->tree);
    memset(record, 0, sizeof *record);
}

static void clear(table_record *record, size_t line) {
    cJSON_Delete(record->tree);
    record->tree = NULL;
    record->line = line;
    record->count = 0;
    record->subject = record->message = record->label = NULL;
    record->problem[0] = '\0';
}

static bool reserve_fields(table_record *record, size_t count) {
    if (count <= record->capacity) {
        return true;
    }
    table_field *fields = realloc(record->fields, count * sizeof *fields);
    if (fields == NULL) {
        cli_error("no memory");
        return false;
    }
    record->fields = fields;
    record->capacity = count;
    return true;
}

// The value of the first field with this name, in any case; a name spelt exactly so comes first.
static const table_field *find_field(const table_record *record, const char *name) {
    const table_field *found = NULL;
    for (size_t i = 0; i < record->count; i++) {
        const table_field *field = &record->fields[i];
        if (text_equals(field->key, text_of(name))) {
            return field;
        }
        if (found == NULL && text_equals_any_case(field->key, name)) {
            found = field;
        }
    }
    return found;
}

static const text *find_text(table_record *record, const char *name, bool needed) {
    const table_field *field = find_field(record, name);
    if (field != NULL && !field->is_json) {
        return &field->value;
    }
    if (needed && record->problem[0] == '\0') {
        snprintf(record->problem, sizeof record->problem, "%s: %s", name,
                 field == NULL ? "is missing" : "is not a string");
    }
    return NULL;
}

static void find_columns(table_record *record) {
    record->subject = find_text(record, "subject", true);
    record->message = find_text(record, "message", true);
    record->label = find_text(record, "label", false);
}

// ---------------------------------------------------------------------------- CSV

// The next row that is not an empty line. *line gets the line it starts on.
static table_result next_row(email_table *table, csv_row *row, size_t *line) {
    input_stream *in = &table->input;
    for (;;) {
        size_t consumed = 0;
        const csv_result result =
            csv_read_row(in->data + in->start, in->end - in->start, in->at_end, row, &consumed);
        if (result == CSV_ERROR) {
            cli_error("%s: line %zu: %s", in->name, table->line + row->line_ends, row->message);
            return TABLE_FAILED;
        }
        if (result == CSV_ROW) {
            *line = table->line;
            in->start += consumed;
            table->line += row->line_ends;
            if (row->count > 0) {
                return TABLE_RECORD;
            }
            continue;
        }
        if (in->at_end) {
            return TABLE_END;
        }
        const fill_result filled = input_fill(in);
        if (filled == FILL_FULL) {
            cli_error("%s: line %zu: a row is longer than %d bytes (is a quote missing?)", in->name,
                      table->line, TABLE_MAX_RECORD);
        }
        if (filled != FILL_OK) {
            return TABLE_FAILED;
        }
    }
}

static bool check_header(const email_table *table) {
    const csv_row *header = &table->header;
    static const char *const needed[] = {"subject", "message"};
    for (size_t n = 0; n < 2; n++) {
        bool found = false;
        for (size_t i = 0; i < header->count && !found; i++) {
            found = text_equals_any_case(csv_field(header, i), needed[n]);
        }
        if (!found) {
            cli_error("%s: no column \"%s\" in the first line", table->input.name, needed[n]);
            return false;
        }
    }
    for (size_t i = 0; i < header->count; i++) {
        const text name = csv_field(header, i);
        if (memchr(name.data, '\0', name.length) != NULL) {
            cli_error("%s: the name of column %zu holds NUL", table->input.name, i + 1);
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (text_equals(csv_field(header, i), csv_field(header, j))) {
                cli_error("%s: columns %zu and %zu have the same name", table->input.name, j + 1,
                          i + 1);
                return false;
            }
        }
    }
    return true;
}

static bool read_header(email_table *table) {
    size_t line = 0;
    const table_result result = next_row(table, &table->header, &line);
    if (result == TABLE_END) {
        cli_error("%s: is empty; the first line should name the columns", table->input.name);
    }
    return result == TABLE_RECORD && check_header(table);
}

static table_result read_csv(email_table *table, table_record *record) {
    if (record->row == NULL) {
        record->row = calloc(1, sizeof *record->row);
    }
    const size_t columns = table->header.count;
    if (record->row == NULL || !reserve_fields(record, columns)) {
        return TABLE_FAILED;
    }
    size_t line = 0;
    const table_result result = next_row(table, record->row, &line);
    if (result != TABLE_RECORD) {
        return result;
    }
    clear(record, line);
    const size_t got = record->row->count;
    if (got != columns) {
        snprintf(record->problem, sizeof record->problem,
                 "line %zu: has %zu columns where the first line has %zu", line, got, columns);
    }
    for (size_t i = 0; i < columns; i++) {
        const text value = i < got ? csv_field(record->row, i) : (text){"", 0};
        record->fields[i] = (table_field){csv_field(&table->header, i), value, false};
    }
    record->count = columns;
    find_columns(record);
    return TABLE_RECORD;
}

// ---------------------------------------------------------------------------- JSON lines

// The next line, without its end, into record->json. TOO_LONG lines are skipped up to their end.
static table_result next_line(email_table *table, text_buffer *line, bool *too_long) {
    input_stream *in = &table->input;
    buffer_clear(line);
    *too_long = false;
    for (;;) {
        const size_t pending = in->end - in->start;
        const char *start = pending > 0 ? in->data + in->start : "";
        const char *end = memchr(start, '\n', pending);
        const size_t length = end != NULL ? (size_t)(end - start) : pending;
        const bool over = length >= TABLE_MAX_RECORD;
        if (end != NULL || in->at_end || over) {
            *too_long = *too_long || over;
            if (!*too_long) {
                buffer_add(line, start, length);
            }
            in->start += length + (end != NULL ? 1 : 0);
            if (end != NULL || in->at_end) {
                return end == NULL && pending == 0 && !*too_long ? TABLE_END : TABLE_RECORD;
            }
        }
        if (input_fill(in) == FILL_FAILED) {
            return TABLE_FAILED;
        }
    }
}

static bool is_blank(text line) {
    for (size_t i = 0; i < line.length; i++) {
        if (strchr(" \t\r", line.data[i]) == NULL || line.data[i] == '\0') {
            return false;
        }
    }
    return true;
}

// Fields of the object in record->tree, whose text is record->json. What is nested in it is kept as
// text only, since a tree takes many times the memory.
static bool take_members(table_record *record) {
    if (!reserve_fields(record, (size_t)cJSON_GetArraySize(record->tree) + 1)) {
        return false;
    }
    const text_buffer *json = &record->json;
    size_t position = 0;
    cJSON *member = NULL;
    cJSON_ArrayForEach(member, record->tree) {
        cJSON_Delete(member->child);
        member->child = NULL;
        size_t start = 0;
        size_t length = 0;
        ec_json_next_value(json->data, json->length, &position, &start, &length);
        const text value = {json->data + start, length};
        const bool is_string = cJSON_IsString(member);
        record->fields[record->count++] = (table_field){
            text_of(member->string), is_string ? text_of(member->valuestring) : value, !is_string};
    }
    find_columns(record);
    return true;
}

static bool parse_line(table_record *record, bool too_long) {
    ec_json_error error = {EC_JSON_NOWHERE, "too long", false};
    if (!too_long) {
        record->tree = ec_json_read(record->json.data, record->json.length, &error);
    }
    if (record->tree == NULL && error.offset == EC_JSON_NOWHERE) {
        snprintf(record->problem, sizeof record->problem, "line %zu: %s", record->line,
                 error.message);
        return true;
    }
    if (record->tree == NULL) {
        snprintf(record->problem, sizeof record->problem, "line %zu: byte %zu: %s", record->line,
                 error.offset + 1, error.message);
        return true;
    }
    if (!cJSON_IsObject(record->tree)) {
        snprintf(record->problem, sizeof record->problem, "line %zu: not a JSON object",
                 record->line);
        return true;
    }
    if (cJSON_GetArraySize(record->tree) > CSV_MAX_FIELDS) {
        snprintf(record->problem, sizeof record->problem, "line %zu: too many keys", record->line);
        return true;
    }
    return take_members(record);
}

static table_result read_json(email_table *table, table_record *record) {
    bool too_long = false;
    text line;
    do {
        const table_result result = next_line(table, &record->json, &too_long);
        if (result != TABLE_RECORD) {
            return result;
        }
        if (record->json.failed) {
            cli_error("%s: no memory", table->input.name);
            return TABLE_FAILED;
        }
        line = (text){record->json.data, record->json.length};
        table->line++;
    } while (!too_long && is_blank(line));
    clear(record, table->line - 1);
    return parse_line(record, too_long) ? TABLE_RECORD : TABLE_FAILED;
}

// ---------------------------------------------------------------------------- tables

table_format table_format_of(const char *path) {
    const char *dot = strrchr(path, '.');
    if (dot == NULL) {
        return TABLE_UNKNOWN;
    }
    const text ending = text_of(dot);
    if (text_equals_any_case(ending, ".csv")) {
        return TABLE_CSV;
    }
    const bool json =
        text_equals_any_case(ending, ".jsonl") || text_equals_any_case(ending, ".ndjson");
    return json ? TABLE_JSONL : TABLE_UNKNOWN;
}

bool table_open(email_table *table, const char *path, table_format format) {
    memset(table, 0, sizeof *table);
    table->format = format;
    table->line = 1;
    if (!input_open(&table->input, path, TABLE_MAX_RECORD)) {
        return false;
    }
    if (format == TABLE_CSV && !read_header(table)) {
        table_close(table);
        return false;
    }
    return true;
}

void table_close(email_table *table) {
    input_close(&table->input);
    csv_row_free(&table->header);
}

table_result table_read(email_table *table, table_record *record) {
    return table->format == TABLE_CSV ? read_csv(table, record) : read_json(table, record);
}
