// SPDX-License-Identifier: Apache-2.0
#include "request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "response.h"
#include "strict_json.h"

void api_problem_set(api_problem *problem, int status, const char *format, ...) {
    *problem = (api_problem){.status = status};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem->detail, sizeof problem->detail, format, arguments);
    va_end(arguments);
}

bool api_is_json_type(text content_type) {
    const char *semicolon =
        content_type.length > 0 ? memchr(content_type.data, ';', content_type.length) : NULL;
    const size_t length =
        semicolon != NULL ? (size_t)(semicolon - content_type.data) : content_type.length;
    if (!text_equals_any_case(text_trim((text){content_type.data, length}), API_JSON_TYPE)) {
        return false;
    }
    if (semicolon == NULL) {
        return true;
    }
    const text parameter = text_trim((text){semicolon + 1, content_type.length - length - 1});
    return parameter.length == 0 || text_equals_any_case(parameter, "charset=utf-8") ||
           text_equals_any_case(parameter, "charset=\"utf-8\"");
}

// A problem with one field: 422.
static void refuse_field(api_problem *problem, const api_field_error *error) {
    api_problem_set(problem, 422, "%s", error->message);
    problem->errors[problem->error_count++] = *error;
}

// ---------------------------------------------------------------------------- one email

// Takes a member that must be a string; reports it otherwise.
static bool take_string(const cJSON *object, const char *name, api_email *email, const char **data,
                        size_t *length) {
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    if (cJSON_IsString(member)) {
        *data = member->valuestring;
        *length = strlen(member->valuestring);
        return true;
    }
    const bool is_missing = member == NULL;
    api_field_error *error = &email->errors[email->error_count++];
    *error = (api_field_error){.field = name, .code = is_missing ? "missing" : "type"};
    snprintf(error->message, sizeof error->message,
             is_missing ? "The %s is missing." : "The %s must be a string.", name);
    return false;
}

static void check(const ec_email *email, ec_policy policy, api_email *report) {
    ec_error error;
    if (ec_validate(email, policy, &error) != EC_OK) {
        report->errors[report->error_count++] = api_field_error_of(&error);
    }
}

// Reads the two fields and checks each beside a permitted other one, so that both can be reported.
static void read_email(const cJSON *object, ec_policy policy, api_email *email) {
    static const ec_email permitted = {"subject", 7, "the message", 11};
    *email = (api_email){.error_count = 0};
    if (!cJSON_IsObject(object)) {
        email->errors[email->error_count++] = (api_field_error){
            "email", "type", "An email must be an object with the strings subject and message."};
        return;
    }
    ec_email *e = &email->email;
    if (take_string(object, "subject", email, &e->subject, &e->subject_length)) {
        ec_email probe = permitted;
        probe.subject = e->subject;
        probe.subject_length = e->subject_length;
        check(&probe, policy, email);
    }
    if (take_string(object, "message", email, &e->message, &e->message_length)) {
        ec_email probe = permitted;
        probe.message = e->message;
        probe.message_length = e->message_length;
        check(&probe, policy, email);
    }
}

// ---------------------------------------------------------------------------- requests

// The optional member "explain" of a single email.
static bool read_explain(const cJSON *object, bool *explain, api_problem *problem) {
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, "explain");
    *explain = cJSON_IsTrue(member);
    if (member == NULL || cJSON_IsBool(member)) {
        return true;
    }
    const api_field_error error = {"explain", "type", "The explain must be true or false."};
    refuse_field(problem, &error);
    return false;
}

static bool read_tree(text body, size_t max_bytes, api_request *request, api_problem *problem) {
    request->count = 0;
    request->explain = false;
    request->tree = NULL;
    if (body.length > max_bytes) {
        api_problem_set(problem, 413, "The body has more than %zu bytes.", max_bytes);
        return false;
    }
    ec_json_error error;
    request->tree = ec_json_read(body.data, body.length, &error);
    if (request->tree != NULL) {
        return true;
    }
    if (error.no_memory) {
        api_problem_set(problem, 500, "There is no memory to read the request.");
    } else if (error.offset == EC_JSON_NOWHERE) {
        api_problem_set(problem, 400, "The body is not valid JSON: %s.", error.message);
    } else {
        api_problem_set(problem, 400, "The body is not valid JSON at byte %zu: %s.",
                        error.offset + 1, error.message);
    }
    return false;
}

bool api_read_single(text body, ec_policy policy, api_request *request, api_problem *problem) {
    if (!read_tree(body, API_MAX_BODY, request, problem)) {
        return false;
    }
    api_email *email = &request->emails[0];
    read_email(request->tree, policy, email);
    if (email->error_count > 0) {
        refuse_field(problem, &email->errors[0]);
        memcpy(problem->errors, email->errors, sizeof problem->errors);
        problem->error_count = email->error_count;
        api_request_free(request);
        return false;
    }
    if (!read_explain(request->tree, &request->explain, problem)) {
        api_request_free(request);
        return false;
    }
    request->count = 1;
    return true;
}

// The array of emails; NULL and a problem when there is none with a permitted number of them.
static const cJSON *find_emails(const cJSON *tree, api_problem *problem) {
    api_field_error error = {.field = "emails", .code = "type"};
    const cJSON *emails =
        cJSON_IsObject(tree) ? cJSON_GetObjectItemCaseSensitive(tree, "emails") : tree;
    if (cJSON_IsArray(emails)) {
        const int count = cJSON_GetArraySize(emails);
        if (count >= 1 && count <= EC_MAX_BATCH) {
            return emails;
        }
        error.code = "count";
        snprintf(error.message, sizeof error.message,
                 "A batch has 1 to %d emails; this one has %d.", EC_MAX_BATCH, count);
    } else if (emails == NULL) {
        error.code = "missing";
        snprintf(error.message, sizeof error.message, "The array emails is missing.");
    } else {
        snprintf(error.message, sizeof error.message, "The emails must be an array.");
    }
    refuse_field(problem, &error);
    return NULL;
}

bool api_read_batch(text body, ec_policy policy, api_request *request, api_problem *problem) {
    if (!read_tree(body, API_MAX_BATCH_BODY, request, problem)) {
        return false;
    }
    const cJSON *emails = find_emails(request->tree, problem);
    if (emails == NULL) {
        api_request_free(request);
        return false;
    }
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, emails) {
        read_email(item, policy, &request->emails[request->count++]);
    }
    return true;
}

void api_request_free(api_request *request) {
    cJSON_Delete(request->tree);
    request->tree = NULL;
    request->count = 0;
}
