// SPDX-License-Identifier: Apache-2.0
// Tables of emails: CSV with a header row, or one JSON object a line. Read one record at a time.
#ifndef TABLE_H
#define TABLE_H

#include "csv.h"
#include "input.h"
#include "strict_json.h"

// Longest record, in bytes: far more than the longest permitted email takes.
enum { TABLE_MAX_RECORD = 1 << 20 };

typedef enum table_format { TABLE_UNKNOWN = 0, TABLE_CSV, TABLE_JSONL } table_format;

// The format that the ending of a path stands for: .csv, .jsonl, .ndjson.
table_format table_format_of(const char *path);

typedef struct table_field {
    text key;
    text value;
    bool is_json;  // the value is the JSON text of something other than a string
} table_field;

// One email with all its columns. All zero is an empty record; reuse it for the next.
typedef struct table_record {
    size_t line;  // where it starts, from 1
    table_field *fields;
    size_t count, capacity;
    const text *subject;  // into fields; NULL when there is none
    const text *message;
    const text *label;
    char problem[160];  // why it cannot be an email; empty when it can
    csv_row *row;       // what the fields point into, as far as they are not the table's
    text_buffer json;
    cJSON *tree;
} table_record;

void table_record_free(table_record *record);

typedef struct email_table {
    table_format format;
    input_stream input;
    size_t line;     // of what comes next
    csv_row header;  // CSV: the names of the columns
} email_table;

typedef enum table_result { TABLE_RECORD, TABLE_END, TABLE_FAILED } table_result;

// Opens a table and, for CSV, reads its header. Says on stderr what went wrong.
bool table_open(email_table *table, const char *path, table_format format);
void table_close(email_table *table);

// Reads the next record, empty lines left out. A record that is no email has a `problem`; FAILED is
// for a table that cannot be read on, which has been said on stderr. A record of CSV points to the
// table's header.
table_result table_read(email_table *table, table_record *record);

#endif
