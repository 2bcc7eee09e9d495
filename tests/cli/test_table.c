// SPDX-License-Identifier: Apache-2.0
// Tables of JSON lines: what is kept of a record, and how many keys it may have. The rest of it is
// seen from outside, in test_cli.sh.
#include <stdlib.h>
#include <unistd.h>

#include "ec_test.h"
#include "table.h"

// Opens a table of this text; the file is gone from its folder already.
static bool open_text(email_table *table, const char *data, size_t length) {
    char path[] = "/tmp/ec_test_table.XXXXXX";
    const int fd = mkstemp(path);
    const bool ok = fd >= 0 && write(fd, data, length) == (ssize_t)length && close(fd) == 0;
    const bool opened = ok && table_open(table, path, TABLE_JSONL);
    unlink(path);
    return opened;
}

// A tree of what is nested would take 40 times the memory of its text, for every record in work.
static void test_nested_values(void) {
    const text line = text_of("{\"subject\":\"s\",\"x\":[1,{\"y\":[2]}],\"message\":\"m\"}\n");
    email_table table;
    table_record record = {0};
    if (!EC_CHECK(open_text(&table, line.data, line.length))) {
        return;
    }
    EC_CHECK_EQUAL(table_read(&table, &record), TABLE_RECORD);
    EC_CHECK_STRING(record.problem, "");
    EC_CHECK_EQUAL(record.count, 3);
    EC_CHECK(record.fields[1].is_json);
    EC_CHECK(text_equals(record.fields[1].value, text_of("[1,{\"y\":[2]}]")));
    EC_CHECK(text_equals(*record.message, text_of("m")));
    const cJSON *member = NULL;
    cJSON_ArrayForEach(member, record.tree) { EC_CHECK(member->child == NULL); }
    EC_CHECK_EQUAL(table_read(&table, &record), TABLE_END);
    table_record_free(&record);
    table_close(&table);
}

// A line with subject, message and so many other keys.
static void add_line(text_buffer *lines, size_t others) {
    buffer_add_string(lines, "{\"subject\":\"s\",\"message\":\"m\"");
    for (size_t i = 0; i < others; i++) {
        buffer_printf(lines, ",\"%zu\":0", i);
    }
    buffer_add_string(lines, "}\n");
}

static void test_many_keys(void) {
    text_buffer lines = {0};
    add_line(&lines, CSV_MAX_FIELDS - 2);
    add_line(&lines, CSV_MAX_FIELDS - 1);
    add_line(&lines, 0);
    email_table table;
    table_record record = {0};
    if (EC_CHECK(open_text(&table, lines.data, lines.length))) {
        EC_CHECK_EQUAL(table_read(&table, &record), TABLE_RECORD);
        EC_CHECK_STRING(record.problem, "");
        EC_CHECK_EQUAL(record.count, CSV_MAX_FIELDS);
        EC_CHECK_EQUAL(table_read(&table, &record), TABLE_RECORD);
        EC_CHECK_STRING(record.problem, "line 2: too many keys");
        EC_CHECK_EQUAL(record.count, 0);
        EC_CHECK_EQUAL(table_read(&table, &record), TABLE_RECORD);
        EC_CHECK_STRING(record.problem, "");
        table_record_free(&record);
        table_close(&table);
    }
    buffer_free(&lines);
}

int main(void) {
    test_nested_values();
    test_many_keys();
    return ec_test_result();
}
