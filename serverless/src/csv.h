// SPDX-License-Identifier: Apache-2.0
// CSV as RFC 4180 has it. Lines end in LF, CR LF or CR; a quoted field may hold any of them, commas
// and doubled quotes. A quote inside a field that does not begin with one stands for itself.
#ifndef CSV_H
#define CSV_H

#include "buffer.h"

enum { CSV_MAX_FIELDS = 1024 };

typedef enum csv_result {
    CSV_ROW,   // a row was read
    CSV_MORE,  // the data ends inside a row: call again with more of it, from the same start
    CSV_ERROR  // see csv_row.message
} csv_result;

// Where a field lies in the row's text.
typedef struct csv_span {
    size_t start, length;
} csv_span;

// One row, decoded. All zero is an empty row; reuse it for the next.
typedef struct csv_row {
    text_buffer text;
    csv_span fields[CSV_MAX_FIELDS];
    size_t count;         // 0 for an empty line
    size_t line_ends;     // in what was consumed, or up to the error
    const char *message;  // static storage; never holds any of the text
} csv_row;

void csv_row_free(csv_row *row);

// Reads the first row of data[0..length); at_end: no more will follow. *consumed gets its bytes,
// line end included. Does not look past the data. An empty rest at the end is CSV_MORE.
csv_result csv_read_row(const char *data, size_t length, bool at_end, csv_row *row,
                        size_t *consumed);

text csv_field(const csv_row *row, size_t index);

// Adds one field to a line, quoted only where it must be; a comma before it unless it is the first.
void csv_add_field(text_buffer *line, text field, bool first);

#endif
