// SPDX-License-Identifier: Apache-2.0
// What JavaScript cannot learn from the exported functions of email_classifier.h: where the members
// of its structs lie, its constants and names, and thread pools. No logic of its own.
#include <pthreadpool.h>
#include <stdarg.h>
#include <stdio.h>

#include "email_classifier.h"

// How JavaScript reads a member: as "text" (char *), "u32", "f32", "bool" ...
typedef struct member {
    const char *name;
    const char *type;
    size_t offset;
} member;

typedef struct layout {
    const char *name;
    size_t size;
    const member *members;
    size_t count;
} layout;

typedef struct writer {
    char *out;
    size_t capacity, length;
} writer;

size_t ec_wasm_describe(char *out, size_t capacity);
pthreadpool_t ec_wasm_pool_new(size_t threads);
void ec_wasm_pool_free(pthreadpool_t pool);

#define MEMBER(type, name, kind) {#name, kind, offsetof(type, name)}
#define OPAQUE(type) {#type, sizeof(type), NULL, 0}
#define LAYOUT(type, members) {#type, sizeof(type), members, sizeof members / sizeof *members}

static const member error_members[] = {
    MEMBER(ec_error, status, "u32"),
    MEMBER(ec_error, field, "text"),
    MEMBER(ec_error, offset, "u32"),
    MEMBER(ec_error, message, "chars"),
};
static const member info_members[] = {
    MEMBER(ec_model_info, name, "text"),
    MEMBER(ec_model_info, version, "text"),
    MEMBER(ec_model_info, digest, "text"),
    MEMBER(ec_model_info, metadata, "text"),
    MEMBER(ec_model_info, labels, "u32"),
    MEMBER(ec_model_info, label_count, "u32"),
    MEMBER(ec_model_info, default_class_id, "u32"),
    MEMBER(ec_model_info, hidden_size, "u32"),
    MEMBER(ec_model_info, intermediate_size, "u32"),
    MEMBER(ec_model_info, layer_count, "u32"),
    MEMBER(ec_model_info, attention_heads, "u32"),
    MEMBER(ec_model_info, vocabulary_size, "u32"),
    MEMBER(ec_model_info, max_tokens, "u32"),
    MEMBER(ec_model_info, temperature, "f32"),
    MEMBER(ec_model_info, review_threshold, "f32"),
    MEMBER(ec_model_info, packed_bytes, "u32"),
};
static const member email_members[] = {
    MEMBER(ec_email, subject, "u32"),
    MEMBER(ec_email, subject_length, "u32"),
    MEMBER(ec_email, message, "u32"),
    MEMBER(ec_email, message_length, "u32"),
};
static const member shared_members[] = {
    MEMBER(ec_shared, cache, "u32"),
    MEMBER(ec_shared, breaker, "u32"),
};
static const member options_members[] = {
    MEMBER(ec_classifier_options, struct_size, "u32"),
    MEMBER(ec_classifier_options, policy, "u32"),
    MEMBER(ec_classifier_options, review_threshold, "f32"),
    MEMBER(ec_classifier_options, max_batch_tokens, "u32"),
    MEMBER(ec_classifier_options, threadpool, "u32"),
    MEMBER(ec_classifier_options, shared, "u32"),
};
static const layout layouts[] = {
    LAYOUT(ec_error, error_members),
    LAYOUT(ec_model_info, info_members),
    LAYOUT(ec_email, email_members),
    LAYOUT(ec_shared, shared_members),
    LAYOUT(ec_classifier_options, options_members),
    OPAQUE(ec_answer),
    OPAQUE(ec_explanation),
    OPAQUE(ec_breaker),
};

// As snprintf: what does not fit is counted but not written.
__attribute__((format(printf, 2, 3))) static void put(writer *w, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const bool fits = w->length < w->capacity;
    const int length = vsnprintf(fits ? w->out + w->length : NULL,
                                 fits ? w->capacity - w->length : 0, format, arguments);
    va_end(arguments);
    w->length += length > 0 ? (size_t)length : 0;
}

static void put_layout(writer *w, const layout *l) {
    put(w, "\"%s\":{\"size\":%zu,\"members\":{", l->name, l->size);
    for (size_t i = 0; i < l->count; i++) {
        const member *m = &l->members[i];
        put(w, "%s\"%s\":[%zu,\"%s\"]", i > 0 ? "," : "", m->name, m->offset, m->type);
    }
    put(w, "}}");
}

// Version, limits and struct layouts as JSON, NUL-terminated, in out[0..capacity); returns the
// length it has in full.
size_t ec_wasm_describe(char *out, size_t capacity) {
    writer w = {out, capacity, 0};
    put(&w,
        "{\"version\":\"%s\",\"limits\":{\"labels\":%d,\"batch\":%d,\"subject_max\":%d,"
        "\"message_min\":%d,\"message_max\":%d,\"cache_entries\":%d},"
        "\"policies\":{\"text\":%d,\"strict\":%d},\"statuses\":{",
        EC_VERSION, EC_MAX_LABELS, EC_MAX_BATCH, EC_SUBJECT_MAX, EC_MESSAGE_MIN, EC_MESSAGE_MAX,
        EC_CACHE_DEFAULT, EC_POLICY_TEXT, EC_POLICY_STRICT);
    for (int status = EC_OK; status <= EC_ERROR_INFERENCE; status++) {
        put(&w, "%s\"%s\":%d", status > 0 ? "," : "", ec_status_name((ec_status)status), status);
    }
    put(&w, "},\"structs\":{");
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        put(&w, "%s", i > 0 ? "," : "");
        put_layout(&w, &layouts[i]);
    }
    put(&w, "}}");
    return w.length;
}

// A pool of `threads` threads, the caller's included; NULL when there is no memory for it, and in
// the modules built without threads.
pthreadpool_t ec_wasm_pool_new(size_t threads) { return pthreadpool_create(threads); }

void ec_wasm_pool_free(pthreadpool_t pool) { pthreadpool_destroy(pool); }
