// SPDX-License-Identifier: Apache-2.0
// Lambda's events: whatever kind one turns out to be, its answer is JSON.
#include "fuzz.h"
#include "lambda/event.h"
#include "strict_json.h"

static void check_request(const lambda_event *event) {
    event_answer answer = {.status = 401, .body = text_of("{\"e\":\"\\n\"}")};
    static const char *const names[EVENT_MAX_HEADERS + 1] = {"a", "b", "c", "d", "e", "f", "g",
                                                             "h", "i", "j", "k", "l", "m"};
    for (size_t i = 0; i <= EVENT_MAX_HEADERS; i++) {
        event_add_header(&answer, names[i], event->origin.data);
    }
    text_buffer out = {0};
    ec_json_error error;
    event_write_answer(&out, event, &answer);
    cJSON *tree = ec_json_read(out.data, out.length, &error);
    fuzz_check(tree != NULL);
    const cJSON *status = cJSON_GetObjectItemCaseSensitive(tree, "statusCode");
    const char *body = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, "body"));
    fuzz_check(cJSON_IsNumber(status) && status->valueint == 401);
    fuzz_check(body != NULL && text_equals(text_of(body), answer.body));
    cJSON_Delete(tree);
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lambda_event event;
    event_read((text){(const char *)data, size}, &event);
    switch (event.kind) {
    case EVENT_REST:
    case EVENT_HTTP:
    case EVENT_LOAD_BALANCER:
        check_request(&event);
        break;
    case EVENT_SQS: {
        const cJSON *record = NULL;
        cJSON_ArrayForEach(record, event.records) {
            text id, body;
            fuzz_check(event_message(record, &id, &body) && id.length > 0);
        }
        break;
    }
    case EVENT_DIRECT:
        fuzz_check(cJSON_IsObject(event.tree) || cJSON_IsArray(event.tree));
        break;
    case EVENT_UNSUPPORTED:
        fuzz_check(event.problem != NULL);
        break;
    }
    event_free(&event);
    return 0;
}
