// SPDX-License-Identifier: Apache-2.0
// Request bodies: the first byte chooses the reader and the policy. What is accepted is permitted
// by the core, and what is answered is JSON.
#include "api/request.h"
#include "api/response.h"
#include "fuzz.h"
#include "strict_json.h"

static void check_json(const text_buffer *out) {
    ec_json_error error;
    cJSON *tree = ec_json_read(out->data, out->length, &error);
    fuzz_check(tree != NULL);
    cJSON_Delete(tree);
}

static void check_errors(const api_field_error *errors, size_t count) {
    fuzz_check(count <= API_MAX_ERRORS);
    for (size_t i = 0; i < count; i++) {
        fuzz_check(errors[i].field != NULL && errors[i].code != NULL);
        fuzz_check(errors[i].message[0] != '\0');
    }
}

static void check_accepted(const api_request *request, ec_policy policy) {
    text_buffer out = {0};
    fuzz_check(request->count >= 1 && request->count <= EC_MAX_BATCH);
    api_results_open(&out);
    for (size_t i = 0; i < request->count; i++) {
        const api_email *email = &request->emails[i];
        check_errors(email->errors, email->error_count);
        if (email->error_count > 0) {
            api_results_add_error(&out, &email->errors[0]);
        } else {
            const ec_answer answer = {.label = "Other"};
            fuzz_check(ec_validate(&email->email, policy, NULL) == EC_OK);
            api_results_add_answer(&out, &answer, NULL, 0.0);
        }
    }
    api_results_close(&out);
    check_json(&out);
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static api_request request;
    if (size == 0) {
        return 0;
    }
    const bool batch = (data[0] & 1) != 0;
    const ec_policy policy = (data[0] & 2) != 0 ? EC_POLICY_STRICT : EC_POLICY_TEXT;
    const text body = {(const char *)data + 1, size - 1};
    api_problem problem = {0};
    const bool ok = batch ? api_read_batch(body, policy, &request, &problem)
                          : api_read_single(body, policy, &request, &problem);
    if (ok) {
        check_accepted(&request, policy);
        fuzz_check(batch || request.emails[0].error_count == 0);
        api_request_free(&request);
        return 0;
    }
    fuzz_check(request.tree == NULL && request.count == 0);
    fuzz_check(problem.status == 400 || problem.status == 413 || problem.status == 422);
    check_errors(problem.errors, problem.error_count);
    text_buffer out = {0};
    api_write_problem(&out, &problem, text_of("id"));
    check_json(&out);
    buffer_free(&out);
    return 0;
}
