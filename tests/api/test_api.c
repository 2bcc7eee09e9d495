// SPDX-License-Identifier: Apache-2.0
// Requests into emails, answers and problems into JSON.
#include <stdlib.h>

#include "api/request.h"
#include "api/response.h"
#include "ec_test.h"
#include "guard_page.h"
#include "strict_json.h"

#define SECRET "xyzzyplugh"
#define MAIL "{\"subject\":\"Stolen car\",\"message\":\"My car was stolen.\"}"

typedef bool reader(text body, ec_policy policy, api_request *request, api_problem *problem);

// Reads a body that ends at a page that cannot be read, which is gone when the request is used.
static bool read_body(reader *read_request, const char *body, size_t length, api_request *request,
                      api_problem *problem) {
    guard_page page;
    const char *copy = guard_page_copy(&page, body, length);
    const bool ok = read_request((text){copy, length}, EC_POLICY_TEXT, request, problem);
    guard_page_free(&page);
    return ok;
}

static const char *code_of(const api_problem *problem, const char *field) {
    for (size_t i = 0; i < problem->error_count; i++) {
        if (strcmp(problem->errors[i].field, field) == 0) {
            return problem->errors[i].code;
        }
    }
    return "none";
}

// ---------------------------------------------------------------------------- one email

static void test_good(void) {
    static const char *const bodies[] = {
        MAIL, " " MAIL "\n",
        ("{\"id\":[1,{\"subject\":7}],\"message\":\"My car was stolen.\",\"Subject\":1,"
         "\"subject\":\"Stolen\\u0020car\"}")};
    static api_request request;
    api_problem problem;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        const bool ok =
            read_body(api_read_single, bodies[i], strlen(bodies[i]), &request, &problem);
        if (!EC_CHECK_CASE(ok && request.count == 1, bodies[i])) {
            continue;
        }
        const ec_email *email = &request.emails[0].email;
        EC_CHECK_CASE(email->subject_length == 10 && email->message_length == 18, bodies[i]);
        EC_CHECK_BYTES(email->subject, "Stolen car", 10);
        EC_CHECK_BYTES(email->message, "My car was stolen.", 18);
        EC_CHECK_EQUAL(request.emails[0].error_count, 0);
        api_request_free(&request);
    }
}

typedef struct bad_case {
    const char *body;
    int status;
    const char *subject, *message, *email;  // codes
} bad_case;

#define SUBJECT "\"subject\":\"Stolen car\""
#define MESSAGE "\"message\":\"My car was stolen.\""

static const bad_case bad_cases[] = {
    {"", 400, "none", "none", "none"},
    {"{", 400, "none", "none", "none"},
    {MAIL MAIL, 400, "none", "none", "none"},
    {"{" SUBJECT "," SUBJECT "," MESSAGE "}", 400, "none", "none", "none"},
    {"{\"subject\":\"\xff\"," MESSAGE "}", 400, "none", "none", "none"},
    {"{\"subject\":\"a\\u0000b\"," MESSAGE "}", 400, "none", "none", "none"},
    {"{\"x\":1e400," SUBJECT "," MESSAGE "}", 400, "none", "none", "none"},
    {"[" MAIL "]", 422, "none", "none", "type"},
    {"\"" SECRET "\"", 422, "none", "none", "type"},
    {"null", 422, "none", "none", "type"},
    {"{}", 422, "missing", "missing", "none"},
    {"{" SUBJECT "}", 422, "none", "missing", "none"},
    {"{" MESSAGE "}", 422, "missing", "none", "none"},
    {"{\"subject\":null," MESSAGE "}", 422, "type", "none", "none"},
    {"{" SUBJECT ",\"message\":[\"" SECRET "\"]}", 422, "none", "type", "none"},
    {"{\"subject\":\"  \"," MESSAGE "}", 422, "too_short", "none", "none"},
    {"{" SUBJECT ",\"message\":\"short\"}", 422, "none", "too_short", "none"},
    {"{\"subject\":\"\",\"message\":\"short\"}", 422, "too_short", "too_short", "none"},
    {"{\"subject\":\"" SECRET "\\u0001\"," MESSAGE "}", 422, "character", "none", "none"},
};

static void test_explain(void) {
    static const struct {
        const char *body;
        bool ok, explain;
    } cases[] = {
        {MAIL, true, false},
        {"{" SUBJECT "," MESSAGE ",\"explain\":true}", true, true},
        {"{" SUBJECT "," MESSAGE ",\"explain\":false}", true, false},
        {"{" SUBJECT "," MESSAGE ",\"explain\":1}", false, false},
        {"{" SUBJECT "," MESSAGE ",\"explain\":null}", false, false},
    };
    static api_request request;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        api_problem problem = {0};
        const char *body = cases[i].body;
        EC_CHECK_CASE(read_body(api_read_single, body, strlen(body), &request, &problem) ==
                          cases[i].ok,
                      body);
        EC_CHECK_CASE(request.explain == cases[i].explain, body);
        if (cases[i].ok) {
            api_request_free(&request);
        } else {
            EC_CHECK_CASE(problem.status == 422, body);
            EC_CHECK_CASE(strcmp(code_of(&problem, "explain"), "type") == 0, body);
            EC_CHECK_CASE(request.tree == NULL && request.count == 0, body);
        }
    }
}

static void test_bad(void) {
    static api_request request;
    for (size_t i = 0; i < sizeof bad_cases / sizeof *bad_cases; i++) {
        const bad_case *c = &bad_cases[i];
        api_problem problem = {0};
        EC_CHECK_CASE(!read_body(api_read_single, c->body, strlen(c->body), &request, &problem),
                      c->body);
        EC_CHECK_CASE(problem.status == c->status, c->body);
        EC_CHECK_CASE(strcmp(code_of(&problem, "subject"), c->subject) == 0, c->body);
        EC_CHECK_CASE(strcmp(code_of(&problem, "message"), c->message) == 0, c->body);
        EC_CHECK_CASE(strcmp(code_of(&problem, "email"), c->email) == 0, c->body);
        EC_CHECK_CASE(problem.detail[0] != '\0', c->body);
        EC_CHECK_CASE(strstr(problem.detail, SECRET) == NULL, c->body);
        EC_CHECK_CASE(request.tree == NULL && request.count == 0, c->body);
    }
}

static void test_position(void) {
    static api_request request;
    api_problem problem;
    EC_CHECK(!read_body(api_read_single, "{\"subject\": x}", 14, &request, &problem));
    EC_CHECK_STRING(problem.detail, "The body is not valid JSON at byte 13: not a JSON value.");
    EC_CHECK(!read_body(api_read_single, "{\"a\":1,\"a\":2}", 13, &request, &problem));
    EC_CHECK_STRING(problem.detail,
                    "The body is not valid JSON: an object has the same key twice.");
}

// The core's limits at n - 1, n and n + 1 characters, in bytes of different size.
static void test_lengths(void) {
    static const struct {
        size_t subject, message;
        bool ok;
    } cases[] = {{0, 10, false},   {1, 10, true},   {1, 9, false},    {1, 5000, true},
                 {1, 5001, false}, {200, 10, true}, {201, 10, false}, {200, 5000, true}};
    static const char *const letters[] = {"x", "\xc3\xa9", "\xf0\x9f\x9a\x97", "\\ud83d\\ude97"};
    static api_request request;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t l = 0; l < sizeof letters / sizeof *letters; l++) {
            text_buffer body = {0};
            buffer_add_string(&body, "{\"subject\":\"");
            for (size_t n = 0; n < cases[i].subject; n++) {
                buffer_add_string(&body, letters[l]);
            }
            buffer_add_string(&body, "\",\"message\":\"");
            for (size_t n = 0; n < cases[i].message; n++) {
                buffer_add_string(&body, letters[l]);
            }
            buffer_add_string(&body, "\"}");
            api_problem problem;
            EC_CHECK_CASE(read_body(api_read_single, body.data, body.length, &request, &problem) ==
                              cases[i].ok,
                          letters[l]);
            api_request_free(&request);
            buffer_free(&body);
        }
    }
}

// A body of exactly the largest size is read.
static void test_size(reader *read_request, size_t largest, const char *json) {
    static api_request request;
    api_problem problem;
    char *body = malloc(largest + 1);
    if (!EC_CHECK(body != NULL)) {
        return;
    }
    memset(body, ' ', largest + 1);
    memcpy(body, json, strlen(json));
    EC_CHECK(read_body(read_request, body, largest, &request, &problem));
    api_request_free(&request);
    EC_CHECK(!read_body(read_request, body, largest + 1, &request, &problem));
    EC_CHECK_EQUAL(problem.status, 413);
    free(body);
}

// ---------------------------------------------------------------------------- batches

static void add_mails(text_buffer *body, size_t count) {
    buffer_add_string(body, "[");
    for (size_t i = 0; i < count; i++) {
        buffer_add_string(body, i > 0 ? "," : "");
        buffer_add_string(body, MAIL);
    }
    buffer_add_string(body, "]");
}

static void test_counts(void) {
    static const struct {
        size_t count;
        bool ok;
    } cases[] = {{0, false},
                 {1, true},
                 {EC_MAX_BATCH - 1, true},
                 {EC_MAX_BATCH, true},
                 {EC_MAX_BATCH + 1, false}};
    static api_request request;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int wrapped = 0; wrapped < 2; wrapped++) {
            text_buffer body = {0};
            buffer_add_string(&body, wrapped ? "{\"other\":1,\"emails\":" : "");
            add_mails(&body, cases[i].count);
            buffer_add_string(&body, wrapped ? "}" : "");
            api_problem problem = {0};
            const bool ok = read_body(api_read_batch, body.data, body.length, &request, &problem);
            EC_CHECK_EQUAL(ok, cases[i].ok);
            EC_CHECK_EQUAL(request.count, ok ? cases[i].count : 0);
            EC_CHECK(ok ||
                     (problem.status == 422 && strcmp(code_of(&problem, "emails"), "count") == 0));
            api_request_free(&request);
            buffer_free(&body);
        }
    }
}

static void test_bad_batches(void) {
    static const char *const bodies[][2] = {
        {"{}", "missing"},           {MAIL, "missing"},
        {"{\"emails\":{}}", "type"}, {"{\"emails\":null}", "type"},
        {"\"emails\"", "type"},      {"7", "type"}};
    static api_request request;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        api_problem problem = {0};
        EC_CHECK(
            !read_body(api_read_batch, bodies[i][0], strlen(bodies[i][0]), &request, &problem));
        EC_CHECK_CASE(problem.status == 422, bodies[i][0]);
        EC_CHECK_CASE(strcmp(code_of(&problem, "emails"), bodies[i][1]) == 0, bodies[i][0]);
    }
}

static void test_errors_in_place(void) {
    static const char body[] = "[" MAIL ",7,{\"subject\":\"Stolen car\",\"message\":\"short\"},"
                               "{},[" MAIL "]," MAIL "]";
    static const size_t errors[] = {0, 1, 1, 2, 1, 0};
    static api_request request;
    api_problem problem;
    EC_CHECK(read_body(api_read_batch, body, sizeof body - 1, &request, &problem));
    EC_CHECK_EQUAL(request.count, 6);
    for (size_t i = 0; i < request.count; i++) {
        EC_CHECK_EQUAL(request.emails[i].error_count, errors[i]);
    }
    EC_CHECK_STRING(request.emails[1].errors[0].field, "email");
    EC_CHECK_STRING(request.emails[2].errors[0].code, "too_short");
    EC_CHECK_STRING(request.emails[2].errors[0].message,
                    "The message has 5 characters; it needs at least 10.");
    EC_CHECK_STRING(request.emails[3].errors[1].field, "message");
    api_request_free(&request);
}

static void test_policy(void) {
    static const char body[] = "{\"subject\":\"Caf\xc3\xa9\"," MESSAGE "}";
    static api_request request;
    api_problem problem;
    const text view = {body, sizeof body - 1};
    EC_CHECK(api_read_single(view, EC_POLICY_TEXT, &request, &problem));
    api_request_free(&request);
    EC_CHECK(!api_read_single(view, EC_POLICY_STRICT, &request, &problem));
    EC_CHECK_STRING(code_of(&problem, "subject"), "character");
}

// ---------------------------------------------------------------------------- answers

static void check_json(const text_buffer *out, const char *expected) {
    EC_CHECK_CASE(!out->failed && out->length == strlen(expected) &&
                      memcmp(out->data, expected, out->length) == 0,
                  expected);
    ec_json_error error;
    cJSON *tree = ec_json_read(out->data, out->length, &error);
    EC_CHECK_CASE(tree != NULL, expected);
    cJSON_Delete(tree);
}

static void test_problems(void) {
    text_buffer out = {0};
    api_problem problem;
    api_problem_set(&problem, 413, "The body has more than %d bytes.", 7);
    api_write_problem(&out, &problem, text_of("id-\"1\""));
    check_json(&out, "{\"type\":\"about:blank\",\"title\":\"Content Too Large\",\"status\":413,"
                     "\"detail\":\"The body has more than 7 bytes.\","
                     "\"request_id\":\"id-\\\"1\\\"\"}");
    buffer_clear(&out);
    static api_request request;
    EC_CHECK(!read_body(api_read_single, "{\"message\":1}", 13, &request, &problem));
    api_write_problem(&out, &problem, text_of(""));
    check_json(&out, "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,"
                     "\"detail\":\"The subject is missing.\",\"errors\":["
                     "{\"code\":\"missing\",\"field\":\"subject\","
                     "\"message\":\"The subject is missing.\"},"
                     "{\"code\":\"type\",\"field\":\"message\","
                     "\"message\":\"The message must be a string.\"}]}");
    buffer_free(&out);
    EC_CHECK_STRING(api_status_title(429), "Too Many Requests");
}

static void test_results(void) {
    const ec_answer answer = {.label = "CarTheft", .class_id = 3, .source = EC_SOURCE_RULES};
    const ec_error error = {EC_ERROR_TOO_LONG, "subject", 0, "The subject is \"long\"."};
    const api_field_error converted = api_field_error_of(&error);
    text_buffer one = {0};
    buffer_add_answer(&one, &answer, NULL, NULL, 1.5);
    text_buffer expected = {0};
    buffer_printf(&expected,
                  "{\"results\":[%.*s,{\"error\":{\"code\":\"too_long\",\"field\":\"subject\","
                  "\"message\":\"The subject is \\\"long\\\".\"}},%.*s]}",
                  (int)one.length, one.data, (int)one.length, one.data);
    buffer_add(&expected, "", 1);
    text_buffer out = {0};
    api_results_open(&out);
    api_results_add_answer(&out, &answer, NULL, 1.5);
    api_results_add_error(&out, &converted);
    api_results_add_answer(&out, &answer, NULL, 1.5);
    api_results_close(&out);
    check_json(&out, expected.data);
    buffer_free(&one);
    buffer_free(&expected);
    buffer_free(&out);
}

int main(void) {
    test_good();
    test_explain();
    test_bad();
    test_position();
    test_lengths();
    test_size(api_read_single, API_MAX_BODY, MAIL);
    test_size(api_read_batch, API_MAX_BATCH_BODY, "[" MAIL "]");
    test_counts();
    test_bad_batches();
    test_errors_in_place();
    test_policy();
    test_problems();
    test_results();
    return ec_test_result();
}
