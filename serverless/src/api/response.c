// SPDX-License-Identifier: Apache-2.0
#include "response.h"

#include <stdio.h>

// ---------------------------------------------------------------------------- batches

void api_results_open(text_buffer *out) { buffer_add_string(out, "{\"results\":["); }

// A comma, unless this is the first result.
static void separate(text_buffer *out) {
    if (out->length > 0 && out->data[out->length - 1] != '[') {
        buffer_add(out, ",", 1);
    }
}

void api_results_add_answer(text_buffer *out, const ec_answer *answer, const ec_model *model,
                            double milliseconds) {
    separate(out);
    buffer_add_answer(out, answer, NULL, model, milliseconds);
}

void api_results_add_json(text_buffer *out, text answer) {
    separate(out);
    buffer_add(out, answer.data, answer.length);
}

static void add_field_error(text_buffer *out, const api_field_error *error) {
    buffer_add_string(out, "{\"code\":");
    buffer_add_json_string(out, text_of(error->code));
    buffer_add_string(out, ",\"field\":");
    buffer_add_json_string(out, text_of(error->field));
    buffer_add_string(out, ",\"message\":");
    buffer_add_json_string(out, text_of(error->message));
    buffer_add_string(out, "}");
}

void api_results_add_error(text_buffer *out, const api_field_error *error) {
    separate(out);
    buffer_add_string(out, "{\"error\":");
    add_field_error(out, error);
    buffer_add_string(out, "}");
}

void api_results_close(text_buffer *out) { buffer_add_string(out, "]}"); }

// ---------------------------------------------------------------------------- problems

api_field_error api_field_error_of(const ec_error *error) {
    api_field_error converted = {.field = error->field, .code = ec_status_name(error->status)};
    snprintf(converted.message, sizeof converted.message, "%s", error->message);
    return converted;
}

void api_write_problem(text_buffer *out, const api_problem *problem, text request_id) {
    buffer_printf(out, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":",
                  api_status_title(problem->status), problem->status);
    buffer_add_json_string(out, text_of(problem->detail));
    if (request_id.length > 0) {
        buffer_add_string(out, ",\"request_id\":");
        buffer_add_json_string(out, request_id);
    }
    for (size_t i = 0; i < problem->error_count; i++) {
        buffer_add_string(out, i == 0 ? ",\"errors\":[" : ",");
        add_field_error(out, &problem->errors[i]);
    }
    buffer_add_string(out, problem->error_count > 0 ? "]}" : "}");
}

const char *api_status_title(int status) {
    static const struct {
        int status;
        const char *title;
    } titles[] = {
        {200, "OK"},
        {204, "No Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        if (titles[i].status == status) {
            return titles[i].title;
        }
    }
    return "Unknown";
}
