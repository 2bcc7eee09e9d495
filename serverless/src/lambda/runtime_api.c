// SPDX-License-Identifier: Apache-2.0
#include "lambda/runtime_api.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define BASE "/2018-06-01/runtime/"

enum { ATTEMPTS = 5, FIRST_PAUSE_MS = 10, PATH_BYTES = INVOCATION_ID_BYTES + 64 };

static void pause_ms(unsigned milliseconds) {
    const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

// ---------------------------------------------------------------------------- next

// Copies what may stand in a path or a log: printable ASCII but quotes, slashes and blanks.
static bool copy_plain(text value, char *out, size_t capacity) {
    bool plain = value.length > 0 && value.length < capacity;
    for (size_t i = 0; i < value.length && plain; i++) {
        const char c = value.data[i];
        plain = c > ' ' && c < 0x7f && strchr("\"'\\/?#%<>", c) == NULL;
    }
    if (plain) {
        memcpy(out, value.data, value.length);
    }
    out[plain ? value.length : 0] = '\0';
    return plain;
}

// Milliseconds since 1970; without a proper value there is no deadline.
static int64_t parse_deadline(text value) {
    int64_t number = 0;
    for (size_t i = 0; i < value.length; i++) {
        if (value.data[i] < '0' || value.data[i] > '9' || value.length > 18) {
            return INT64_MAX;
        }
        number = number * 10 + (value.data[i] - '0');
    }
    return value.length > 0 ? number : INT64_MAX;
}

static bool read_invocation(const http_client *client, invocation *next) {
    copy_plain(http_header(client, "Lambda-Runtime-Trace-Id"), next->trace, sizeof next->trace);
    next->deadline_ms = parse_deadline(http_header(client, "Lambda-Runtime-Deadline-Ms"));
    next->event = (text){client->body.data, client->body.length};
    if (client->body.length == 0) {
        next->event = text_of("");
    }
    return copy_plain(http_header(client, "Lambda-Runtime-Aws-Request-Id"), next->id,
                      sizeof next->id);
}

runtime_result runtime_next(http_client *client, invocation *next) {
    const char *problem = "";
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
        pause_ms(attempt > 0 ? FIRST_PAUSE_MS << attempt : 0);
        const http_result result = http_get(client, BASE "invocation/next");
        if (result == HTTP_STOPPED) {
            return RUNTIME_STOPPED;
        }
        if (result == HTTP_OK && client->status == 200 && read_invocation(client, next)) {
            return RUNTIME_OK;
        }
        problem = result != HTTP_OK       ? http_result_text(result)
                  : client->status == 200 ? "sent an invocation without a request id"
                                          : "refused to give the next invocation";
        // By contract: not to be recovered from, the runtime should exit promptly.
        if (result == HTTP_OK && client->status == 500) {
            break;
        }
    }
    cli_error("the Lambda Runtime API %s", problem);
    return RUNTIME_FAILED;
}

// ---------------------------------------------------------------------------- answers

// The status of the answer to a post; 0 when it cannot be delivered.
static int post(http_client *client, const char *path, const char *headers, text body) {
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
        pause_ms(attempt > 0 ? FIRST_PAUSE_MS << attempt : 0);
        const http_result result = http_post(client, path, headers, body);
        if (result == HTTP_OK) {
            // A refusal of a repeated post: the one before had arrived after all.
            return attempt > 0 && (client->status == 400 || client->status == 403) ? 202
                                                                                   : client->status;
        }
    }
    return 0;
}

static runtime_result judge(int status, const char *what) {
    if (status == 202) {
        return RUNTIME_OK;
    }
    cli_error("the Lambda Runtime API did not take %s (status %d)", what, status);
    return status == 0 || status == 500 ? RUNTIME_FAILED : RUNTIME_OK;
}

// Posts {"errorMessage":...,"errorType":...,"stackTrace":[]}.
static int post_error(http_client *client, const char *path, const char *type,
                      const char *message) {
    text_buffer json = {0};
    char headers[256];
    snprintf(headers, sizeof headers,
             "Content-Type: application/vnd.aws.lambda.error+json\r\n"
             "Lambda-Runtime-Function-Error-Type: %s\r\n",
             type);
    buffer_add_string(&json, "{\"errorMessage\":");
    buffer_add_json_string(&json, text_of(message));
    buffer_printf(&json, ",\"errorType\":\"%s\",\"stackTrace\":[]}", type);
    const int status =
        json.failed ? 0 : post(client, path, headers, (text){json.data, json.length});
    buffer_free(&json);
    return status;
}

runtime_result runtime_fail(http_client *client, const char *id, const char *type,
                            const char *message) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, BASE "invocation/%s/error", id);
    return judge(post_error(client, path, type, message), "an error");
}

runtime_result runtime_respond(http_client *client, const char *id, text answer) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, BASE "invocation/%s/response", id);
    const int status = post(client, path, "Content-Type: application/json\r\n", answer);
    if (status == 413) {
        return runtime_fail(client, id, "Answer.TooLarge", "The answer is larger than 6 MB.");
    }
    return judge(status, "an answer");
}

void runtime_fail_init(http_client *client, const char *type, const char *message) {
    judge(post_error(client, BASE "init/error", type, message), "an error of the start");
}
