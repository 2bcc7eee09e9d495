// SPDX-License-Identifier: Apache-2.0
// What goes out: answers, batches of results and problems, as JSON. Shared by the HTTP server and
// Lambda. Everything is added to a buffer, whose `failed` tells whether memory ran out.
#ifndef API_RESPONSE_H
#define API_RESPONSE_H

#include "buffer.h"
#include "request.h"

#define API_JSON_TYPE "application/json"
#define API_PROBLEM_TYPE "application/problem+json"

// One answer is buffer_add_answer.

// A batch: {"results":[...]}. Open it, add one result for each email in order, close it.
void api_results_open(text_buffer *out);
void api_results_add_answer(text_buffer *out, const ec_answer *answer, const ec_model *model,
                            double milliseconds);
// Adds an answer that buffer_add_answer has written elsewhere.
void api_results_add_json(text_buffer *out, text answer);
// Adds {"error":{"code":...,"field":...,"message":...}} in the place of an answer.
void api_results_add_error(text_buffer *out, const api_field_error *error);
void api_results_close(text_buffer *out);

// An error of the core, which names the field, as one of ours.
api_field_error api_field_error_of(const ec_error *error);

// RFC 9457: type, title, status, detail, request_id (left out when empty) and, when there are some,
// errors.
void api_write_problem(text_buffer *out, const api_problem *problem, text request_id);

// The reason phrase of an HTTP status that this program answers with; "Unknown" for others.
const char *api_status_title(int status);

#endif
