// SPDX-License-Identifier: Apache-2.0
// The strict JSON reader: a table of its own rules, each text flush against a page that cannot be
// read, and JSONTestSuite where it is there (its folder is the argument).
#include <dirent.h>
#include <stdlib.h>

#include "ec_test.h"
#include "guard_page.h"
#include "strict_json.h"

typedef struct json_case {
    const char *text;
    const char *message;  // NULL: accepted
    size_t offset;
} json_case;

static const json_case cases[] = {
    {"{}", NULL, 0},
    {" [1, -0.5e+3, true, false, null, \"a\"]\r\n\t", NULL, 0},
    {"\"\\ud83d\\ude00 \\u00e9 \xf0\x9f\x98\x80\"", NULL, 0},
    {"{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}]}", NULL, 0},
    {"0", NULL, 0},
    {"-0", NULL, 0},
    {"\"\x7f\"", NULL, 0},
    {"", "ends too early", 0},
    {"  ", "ends too early", 2},
    {"{} {}", "something follows the end", 3},
    {"[1]x", "something follows the end", 3},
    {"\xef\xbb\xbf{}", "not a JSON value", 0},
    {"{\"a\":1,\"a\":2}", "an object has the same key twice", EC_JSON_NOWHERE},
    {"{\"a\":1,\"b\":3,\"\\u0061\":2}", "an object has the same key twice", EC_JSON_NOWHERE},
    {"[{\"x\":{\"k\":1,\"k\":1}}]", "an object has the same key twice", EC_JSON_NOWHERE},
    {"\"a\\u0000b\"", "a string holds NUL", 8},
    {"\"a\\ud800b\"", "a string holds half a surrogate pair", 8},
    {"\"\\udc00\"", "a string holds half a surrogate pair", 7},
    {"\"\\ud800\\ud800\"", "a string holds half a surrogate pair", 13},
    {"\"a\nb\"", "a string holds a control character", 2},
    {"\"a\x01\"", "a string holds a control character", 2},
    {"\"\\x\"", "a string holds an unknown escape", 2},
    {"\"\\u12g4\"", "an escape needs four hexadecimal digits", 5},
    {"\"\\u12", "an escape needs four hexadecimal digits", 5},
    {"\"abc", "a string does not end", 4},
    {"\"abc\\", "a string holds an unknown escape", 5},
    {"\"\xc3\"", "not valid UTF-8", 1},
    {"\"\xc0\x80\"", "not valid UTF-8", 1},
    {"\"\xed\xa0\x80\"", "not valid UTF-8", 1},
    {"\"\xf4\x90\x80\x80\"", "not valid UTF-8", 1},
    {"\"\xe2\x82", "not valid UTF-8", 1},
    {"01", "something follows the end", 1},
    {"-", "a number lacks a digit", 1},
    {"1.", "a number lacks a digit", 2},
    {"1e", "a number lacks a digit", 2},
    {".5", "not a JSON value", 0},
    {"+1", "not a JSON value", 0},
    {"NaN", "not a JSON value", 0},
    {"nul", "not a JSON value", 0},
    {"[1,]", "not a JSON value", 3},
    {"[1 2]", "a comma or closing bracket is missing", 3},
    {"[1", "a comma or closing bracket is missing", 2},
    {"{\"a\" 1}", "a colon is missing", 5},
    {"{a:1}", "a string is missing", 1},
    {"{\"a\":1,}", "a string is missing", 7},
    {"[}", "not a JSON value", 1},
    {"1e308", NULL, 0},
    {"[-1e400]", "a number is too large", EC_JSON_NOWHERE},
};

static void test_cases(void) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const json_case *c = &cases[i];
        guard_page page;
        const char *json = guard_page_copy(&page, c->text, strlen(c->text));
        ec_json_error error = {0, "?", true};
        cJSON *tree = ec_json_read(json, strlen(c->text), &error);
        EC_CHECK_CASE((tree != NULL) == (c->message == NULL), c->text);
        if (c->message != NULL) {
            EC_CHECK_CASE(strcmp(error.message, c->message) == 0, c->text);
            EC_CHECK_CASE(error.offset == c->offset, c->text);
            EC_CHECK_CASE(!error.no_memory, c->text);
        }
        cJSON_Delete(tree);
        guard_page_free(&page);
    }
}

// Every beginning of a document is refused without reading past it.
static void test_cut_off(void) {
    const char json[] = "{\"a\":[1.5e3,\"\\ud83d\\ude00\xe2\x82\xac\",true,null,{\"b\":{}}]}";
    const size_t length = sizeof json - 1;
    for (size_t cut = 0; cut <= length; cut++) {
        guard_page page;
        const char *copy = guard_page_copy(&page, json, cut);
        ec_json_error error;
        cJSON *tree = ec_json_read(copy, cut, &error);
        EC_CHECK((tree != NULL) == (cut == length));
        cJSON_Delete(tree);
        guard_page_free(&page);
    }
}

static bool reads_nested(size_t depth, char open, char close) {
    char json[256];
    memset(json, open, depth);
    memset(json + depth, close, depth);
    ec_json_error error;
    cJSON *tree = ec_json_read(json, 2 * depth, &error);
    cJSON_Delete(tree);
    return tree != NULL;
}

static void test_depth(void) {
    EC_CHECK(reads_nested(EC_JSON_DEPTH, '[', ']'));
    EC_CHECK(!reads_nested(EC_JSON_DEPTH + 1, '[', ']'));
}

// An array of `count` numbers of one digit.
static bool reads_values(size_t count) {
    const size_t length = 2 * count + 1;
    char *json = malloc(length);
    if (json == NULL) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        json[i] = i % 2 == 0 ? ',' : '7';
    }
    json[0] = '[';
    json[length - 1] = ']';
    ec_json_error error;
    cJSON *tree = ec_json_read(json, length, &error);
    const bool ok = tree != NULL;
    cJSON_Delete(tree);
    free(json);
    return ok;
}

static void test_counts(void) {
    EC_CHECK(reads_values(EC_JSON_VALUES - 1));  // the array is one more
    EC_CHECK(!reads_values(EC_JSON_VALUES));
    char number[EC_JSON_NUMBER_LENGTH + 1];
    memset(number, '1', sizeof number);
    ec_json_error error = {0};
    cJSON *tree = ec_json_read(number, EC_JSON_NUMBER_LENGTH, &error);
    EC_CHECK(cJSON_IsNumber(tree));
    cJSON_Delete(tree);
    EC_CHECK(ec_json_read(number, sizeof number, &error) == NULL);
    EC_CHECK_STRING(error.message, "a number is too long");
}

static void test_nul(void) {
    ec_json_error error;
    EC_CHECK(ec_json_read("\"a\0b\"", 5, &error) == NULL);
    EC_CHECK(ec_json_read("[]\0", 3, &error) == NULL);
    EC_CHECK(ec_json_read("[\0]", 3, &error) == NULL);
}

static void test_members(void) {
    static const char object[] =
        " { \"a\" : [1, {\"x\":\"}\"}] , \"b\":\"\\\"\",\"c\": 12345678901234567890 }";
    static const char *const values[] = {"[1, {\"x\":\"}\"}]", "\"\\\"\"", "12345678901234567890"};
    size_t position = 0;
    size_t start = 0;
    size_t length = 0;
    for (size_t i = 0; i < 3; i++) {
        EC_CHECK(ec_json_next_value(object, sizeof object - 1, &position, &start, &length));
        EC_CHECK(length == strlen(values[i]) && memcmp(object + start, values[i], length) == 0);
    }
    EC_CHECK(!ec_json_next_value(object, sizeof object - 1, &position, &start, &length));
    position = 0;
    EC_CHECK(!ec_json_next_value("{}", 2, &position, &start, &length));
}

// JSONTestSuite accepts some things that this reader refuses on purpose.
static bool is_refused_on_purpose(const char *name) {
    static const char *const names[] = {
        "y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json",
        "y_string_null_escape.json", "y_object_escaped_null_in_key.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void test_suite_file(const char *folder, const char *name) {
    enum { LARGEST = 1 << 18 };
    static char content[LARGEST];
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!EC_CHECK_CASE(file != NULL, name)) {
        return;
    }
    const size_t length = fread(content, 1, sizeof content, file);
    EC_CHECK_CASE(feof(file) != 0, name);
    fclose(file);
    guard_page page;
    const char *copy = guard_page_copy(&page, content, length);
    ec_json_error error;
    cJSON *tree = ec_json_read(copy, length, &error);
    if (name[0] == 'y') {
        EC_CHECK_CASE((tree != NULL) == !is_refused_on_purpose(name), name);
    } else if (name[0] == 'n') {
        EC_CHECK_CASE(tree == NULL, name);
    }
    cJSON_Delete(tree);
    guard_page_free(&page);
}

static void test_suite(const char *folder) {
    DIR *directory = opendir(folder);
    if (directory == NULL) {
        printf("skipped: no JSONTestSuite in %s\n", folder);
        return;
    }
    size_t files = 0;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (strstr(entry->d_name, ".json") != NULL) {
            test_suite_file(folder, entry->d_name);
            files++;
        }
    }
    closedir(directory);
    EC_CHECK(files > 300);
}

int main(int argc, char **argv) {
    test_cases();
    test_cut_off();
    test_depth();
    test_counts();
    test_nul();
    test_members();
    test_suite(argc > 1 ? argv[1] : "no folder given");
    return ec_test_result();
}
