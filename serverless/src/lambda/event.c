// SPDX-License-Identifier: Apache-2.0
#include "lambda/event.h"

#include <sodium/utils.h>
#include <string.h>

#include "api/response.h"
#include "strict_json.h"

static const cJSON *member(const cJSON *object, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static text string_of(const cJSON *value) {
    const char *string = cJSON_GetStringValue(value);
    return text_of(string != NULL ? string : "");
}

static void refuse(lambda_event *event, const char *problem) {
    event->kind = EVENT_UNSUPPORTED;
    event->problem = problem;
}

// ---------------------------------------------------------------------------- over HTTP

// The member of an object whose name is this one, written in any case.
static const cJSON *find_any_case(const cJSON *object, const char *name) {
    const cJSON *item = NULL;
    if (cJSON_IsObject(object)) {
        cJSON_ArrayForEach(item, object) {
            if (text_equals_any_case(text_of(item->string), name)) {
                return item;
            }
        }
    }
    return NULL;
}

// The value of a header; the first of several.
static text find_header(const lambda_event *event, const char *name) {
    const cJSON *single = find_any_case(member(event->tree, "headers"), name);
    const cJSON *several = find_any_case(member(event->tree, "multiValueHeaders"), name);
    return string_of(single != NULL ? single : cJSON_GetArrayItem(several, 0));
}

// A body that is not the base64 it says it is counts as empty, and so is refused as JSON.
static void decode_body(lambda_event *event) {
    const text encoded = event->body;
    const size_t capacity = encoded.length / 4 * 3 + 3;
    size_t length = 0;
    const bool ok =
        buffer_reserve(&event->decoded, capacity) &&
        sodium_base642bin((unsigned char *)event->decoded.data, capacity, encoded.data,
                          encoded.length, NULL, &length, NULL, sodium_base64_VARIANT_ORIGINAL) == 0;
    event->body = ok ? (text){event->decoded.data, length} : text_of("");
}

static void read_request(lambda_event *event, event_kind kind, text method, text path) {
    event->kind = kind;
    event->method = method;
    event->path = path;
    event->body = string_of(member(event->tree, "body"));
    event->content_type = find_header(event, "Content-Type");
    event->authorization = find_header(event, "Authorization");
    event->origin = find_header(event, "Origin");
    event->multi_value = cJSON_IsObject(member(event->tree, "multiValueHeaders")) &&
                         !cJSON_IsObject(member(event->tree, "headers"));
    if (cJSON_IsTrue(member(event->tree, "isBase64Encoded"))) {
        decode_body(event);
    }
}

// ---------------------------------------------------------------------------- kinds

static void read_records(lambda_event *event, const cJSON *records) {
    const cJSON *record = NULL;
    cJSON_ArrayForEach(record, records) {
        text id, body;
        if (!text_equals(string_of(member(record, "eventSource")), text_of("aws:sqs")) ||
            !event_message(record, &id, &body)) {
            refuse(event, "Only records of SQS, each with a messageId, are supported.");
            return;
        }
    }
    event->kind = EVENT_SQS;
    event->records = records;
}

static void read_object(lambda_event *event) {
    const cJSON *tree = event->tree;
    const cJSON *context = member(tree, "requestContext");
    const cJSON *http = member(context, "http");
    const cJSON *records = member(tree, "Records");
    const text method = string_of(member(tree, "httpMethod"));
    if (cJSON_IsArray(records)) {
        read_records(event, records);
    } else if (cJSON_IsObject(http)) {
        read_request(event, EVENT_HTTP, string_of(member(http, "method")),
                     string_of(member(tree, "rawPath")));
    } else if (method.length > 0) {
        read_request(event, member(context, "elb") != NULL ? EVENT_LOAD_BALANCER : EVENT_REST,
                     method, string_of(member(tree, "path")));
    } else if (member(tree, "subject") != NULL || member(tree, "message") != NULL ||
               member(tree, "emails") != NULL) {
        event->kind = EVENT_DIRECT;
    } else {
        refuse(event, "This event is none of API Gateway, a Function URL, a load balancer or "
                      "SQS, and no email.");
    }
}

void event_read(text json, lambda_event *event) {
    ec_json_error error;
    *event = (lambda_event){.kind = EVENT_DIRECT};
    event->tree = ec_json_read(json.data, json.length, &error);
    if (event->tree == NULL) {
        refuse(event, error.no_memory ? "There is no memory for this event."
                                      : "This event is not valid JSON.");
    } else if (cJSON_IsObject(event->tree)) {
        read_object(event);
    } else if (!cJSON_IsArray(event->tree)) {
        refuse(event, "This event is neither an object nor an array.");
    }
}

void event_free(lambda_event *event) {
    cJSON_Delete(event->tree);
    buffer_free(&event->decoded);
    *event = (lambda_event){.kind = EVENT_UNSUPPORTED};
}

bool event_message(const cJSON *record, text *id, text *body) {
    *id = string_of(member(record, "messageId"));
    *body = string_of(member(record, "body"));
    return id->length > 0;
}

// ---------------------------------------------------------------------------- answers

void event_add_header(event_answer *answer, const char *name, const char *value) {
    if (answer->header_count < EVENT_MAX_HEADERS) {
        answer->headers[answer->header_count].name = name;
        answer->headers[answer->header_count++].value = value;
    }
}

static void write_headers(text_buffer *out, const event_answer *answer, bool multi_value) {
    buffer_add_string(out, multi_value ? "\"multiValueHeaders\":{" : "\"headers\":{");
    for (size_t i = 0; i < answer->header_count; i++) {
        buffer_printf(out, "%s\"%s\":%s", i > 0 ? "," : "", answer->headers[i].name,
                      multi_value ? "[" : "");
        buffer_add_json_string(out, text_of(answer->headers[i].value));
        buffer_add_string(out, multi_value ? "]" : "");
    }
    buffer_add_string(out, "},");
}

void event_write_answer(text_buffer *out, const lambda_event *event, const event_answer *answer) {
    buffer_printf(out, "{\"statusCode\":%d,", answer->status);
    if (event->kind == EVENT_LOAD_BALANCER) {
        buffer_printf(out, "\"statusDescription\":\"%d %s\",", answer->status,
                      api_status_title(answer->status));
    }
    write_headers(out, answer, event->multi_value);
    buffer_add_string(out, "\"isBase64Encoded\":false,\"body\":");
    buffer_add_json_string(out, answer->body);
    buffer_add_string(out, "}");
}
