// SPDX-License-Identifier: Apache-2.0
// The CSV reader and writer: tables of rows, every text flush against a page that cannot be read,
// cut off at every byte, and written and read again.
#include "csv.h"
#include "ec_test.h"
#include "guard_page.h"

typedef struct csv_case {
    const char *text;
    const char *fields;  // of the first row, joined by '|'; NULL: an error
    size_t consumed;
    size_t line_ends;
    const char *message;
} csv_case;

static const csv_case cases[] = {
    {"a,b\nc", "a|b", 4, 1, NULL},
    {"a,b\r\nc", "a|b", 5, 1, NULL},
    {"a,b\rc", "a|b", 4, 1, NULL},
    {"a,b", "a|b", 3, 0, NULL},
    {"a,b\r", "a|b", 4, 1, NULL},
    {"a,", "a|", 2, 0, NULL},
    {",", "|", 1, 0, NULL},
    {"\n", "", 1, 1, NULL},
    {"\r\n", "", 2, 1, NULL},
    {"\"a\",\"b,c\"\n", "a|b,c", 10, 1, NULL},
    {"\"a\nb\",c\n", "a\nb|c", 8, 2, NULL},
    {"\"a\r\nb\",c\n", "a\r\nb|c", 9, 2, NULL},
    {"\"a\rb\",c\n", "a\rb|c", 8, 2, NULL},
    {"\"say \"\"hi\"\"\"", "say \"hi\"", 12, 0, NULL},
    {"\"\"", "", 2, 0, NULL},
    {"\"\"\"\"", "\"", 4, 0, NULL},
    {"a\"b,c", "a\"b|c", 5, 0, NULL},
    {" a , b ", " a | b ", 7, 0, NULL},
    {"\xc3\xa9,\xff", "\xc3\xa9|\xff", 4, 0, NULL},
    {"\"a\"x,b", NULL, 0, 0, "text follows a closing quote"},
    {"\"a\" ,b", NULL, 0, 0, "text follows a closing quote"},
    {"\"abc\n\n", NULL, 0, 2, "a quoted field does not end"},
    {"\"", NULL, 0, 0, "a quoted field does not end"},
    {"a,\"b\"\"", NULL, 0, 0, "a quoted field does not end"},
};

static text_buffer join(const csv_row *row) {
    text_buffer joined = {0};
    for (size_t i = 0; i < row->count; i++) {
        const text field = csv_field(row, i);
        buffer_add(&joined, "|", i > 0);
        buffer_add(&joined, field.data, field.length);
    }
    buffer_add(&joined, "", 1);
    return joined;
}

static void test_cases(void) {
    csv_row row = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const csv_case *c = &cases[i];
        const size_t length = strlen(c->text);
        guard_page page;
        const char *data = guard_page_copy(&page, c->text, length);
        size_t consumed = 0;
        const csv_result result = csv_read_row(data, length, true, &row, &consumed);
        EC_CHECK_CASE(result == (c->fields != NULL ? CSV_ROW : CSV_ERROR), c->text);
        EC_CHECK_CASE(row.line_ends == c->line_ends, c->text);
        if (c->fields == NULL) {
            EC_CHECK_CASE(strcmp(row.message, c->message) == 0, c->text);
        } else {
            text_buffer joined = join(&row);
            EC_CHECK_CASE(strcmp(joined.data, c->fields) == 0, c->text);
            EC_CHECK_CASE(consumed == c->consumed, c->text);
            buffer_free(&joined);
        }
        guard_page_free(&page);
    }
    csv_row_free(&row);
}

// With every beginning of a file the reader either asks for more or gives what it gives with all.
static void test_cut_off(void) {
    const char file[] = "\"a\"\"\r\n\",b\r\nc,d\n";
    const size_t first = 11;
    csv_row row = {0};
    for (size_t cut = 0; cut < sizeof file; cut++) {
        guard_page page;
        const char *data = guard_page_copy(&page, file, cut);
        size_t consumed = 0;
        const csv_result result = csv_read_row(data, cut, false, &row, &consumed);
        EC_CHECK_EQUAL(result, cut < first ? CSV_MORE : CSV_ROW);
        if (result == CSV_ROW) {
            EC_CHECK_EQUAL(consumed, first);
            EC_CHECK_EQUAL(row.count, 2);
            EC_CHECK(text_equals(csv_field(&row, 0), text_of("a\"\r\n")));
            EC_CHECK_EQUAL(row.line_ends, 2);
        }
        guard_page_free(&page);
    }
    // a CR that ends the data may be half of CR LF
    size_t consumed = 0;
    EC_CHECK_EQUAL(csv_read_row("a\r", 2, false, &row, &consumed), CSV_MORE);
    EC_CHECK_EQUAL(csv_read_row("a\rb", 3, false, &row, &consumed), CSV_ROW);
    EC_CHECK_EQUAL(csv_read_row("", 0, true, &row, &consumed), CSV_MORE);
    csv_row_free(&row);
}

static void test_columns(void) {
    text_buffer line = {0};
    for (int i = 0; i < CSV_MAX_FIELDS; i++) {
        buffer_add(&line, ",", i > 0);
        buffer_add(&line, "x", 1);
    }
    csv_row row = {0};
    size_t consumed = 0;
    EC_CHECK_EQUAL(csv_read_row(line.data, line.length, true, &row, &consumed), CSV_ROW);
    EC_CHECK_EQUAL(row.count, CSV_MAX_FIELDS);
    buffer_add(&line, ",", 1);
    EC_CHECK_EQUAL(csv_read_row(line.data, line.length, true, &row, &consumed), CSV_ERROR);
    EC_CHECK_STRING(row.message, "too many columns");
    csv_row_free(&row);
    buffer_free(&line);
}

static void test_writer(void) {
    text_buffer line = {0};
    csv_add_field(&line, text_of("plain"), true);
    csv_add_field(&line, text_of("a,b"), false);
    csv_add_field(&line, text_of("q\"q"), false);
    csv_add_field(&line, text_of(" pad"), false);
    csv_add_field(&line, text_of("l\r\nl"), false);
    csv_add_field(&line, text_of(""), false);
    buffer_add(&line, "", 1);
    EC_CHECK_STRING(line.data, "plain,\"a,b\",\"q\"\"q\",\" pad\",\"l\r\nl\",");
    buffer_free(&line);
}

static unsigned next_random(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

// Random fields of the difficult characters come back as they were.
static void test_round_trip(void) {
    static const char alphabet[] = "ab,\"\r\n |;\t";
    unsigned state = 7;
    csv_row row = {0};
    for (int round = 0; round < 2000; round++) {
        char fields[3][8];
        text_buffer line = {0};
        for (int i = 0; i < 3; i++) {
            const size_t length = next_random(&state) % 7;
            for (size_t j = 0; j < length; j++) {
                fields[i][j] = alphabet[next_random(&state) % (sizeof alphabet - 1)];
            }
            fields[i][length] = '\0';
            csv_add_field(&line, text_of(fields[i]), i == 0);
        }
        buffer_add(&line, "\n", 1);
        size_t consumed = 0;
        EC_CHECK_EQUAL(csv_read_row(line.data, line.length, true, &row, &consumed), CSV_ROW);
        EC_CHECK_EQUAL(row.count, 3);
        EC_CHECK_EQUAL(consumed, line.length);
        for (size_t i = 0; i < 3 && row.count == 3; i++) {
            EC_CHECK(text_equals(csv_field(&row, i), text_of(fields[i])));
        }
        buffer_free(&line);
    }
    csv_row_free(&row);
}

int main(void) {
    test_cases();
    test_cut_off();
    test_columns();
    test_writer();
    test_round_trip();
    return ec_test_result();
}
