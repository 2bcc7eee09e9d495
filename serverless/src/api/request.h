// SPDX-License-Identifier: Apache-2.0
// What comes in: the bytes of a request, read into emails. Shared by the HTTP server and Lambda.
//
//     {"subject": "...", "message": "..."}                 one email; "explain": true may follow
//     [{...}, {...}]   or   {"emails": [{...}, {...}]}     a batch, 1 to EC_MAX_BATCH emails
//
// Other members are ignored, as `email-classifier batch` does. The text of an email never gets into
// an error.
#ifndef API_REQUEST_H
#define API_REQUEST_H

#include <cJSON.h>

#include "cli.h"

// Longest bodies, in bytes: the longest permitted emails fit, whatever their script; a single one
// even with every character escaped.
enum { API_MAX_BODY = 128 << 10, API_MAX_BATCH_BODY = 2 << 20 };

// What is wrong with one field. `code` is for programs: "missing", "type", "count", or the name of
// an ec_status such as "too_long".
typedef struct api_field_error {
    const char *field;  // "subject", "message", "explain", "emails", "email"; static storage
    const char *code;   // static storage
    char message[160];  // one plain sentence, for people
} api_field_error;

enum { API_MAX_ERRORS = 2 };  // one for each field of an email

typedef struct api_email {
    ec_email email;  // points into the request; only to be used when there is no error
    api_field_error errors[API_MAX_ERRORS];
    size_t error_count;
} api_email;

// Why a request cannot be answered as wished; written by api_write_problem.
typedef struct api_problem {
    int status;  // of HTTP: 400, 413, 422 ...
    char detail[200];
    api_field_error errors[API_MAX_ERRORS];
    size_t error_count;
} api_problem;

// About 25 KB: not for small stacks. All zero is an empty request.
typedef struct api_request {
    api_email emails[EC_MAX_BATCH];
    size_t count;
    bool explain;  // the answer to a single email shall say which of its sentences decided it
    cJSON *tree;   // owns the text of the emails
} api_request;

// Whether a Content-Type is "application/json", perhaps with a charset, which can only be UTF-8.
bool api_is_json_type(text content_type);

// Reads one email and checks it by the core's rules; body[0..length) is not needed afterwards.
// False: *problem tells why (413, 400 with the byte, 422 with the fields, 500 without memory), and
// *request holds nothing.
// True: the one email has no errors. The caller frees the request. Any thread.
bool api_read_single(text body, ec_policy policy, api_request *request, api_problem *problem);

// Reads a batch. False as above, 422 also for a wrong number of emails. True: each email that
// breaks a rule has errors, the others none.
bool api_read_batch(text body, ec_policy policy, api_request *request, api_problem *problem);

void api_request_free(api_request *request);

// Fills *problem with status and detail, and no field errors.
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void api_problem_set(api_problem *problem, int status, const char *format, ...);

#endif
