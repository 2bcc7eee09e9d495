// SPDX-License-Identifier: Apache-2.0
#include "predictor.h"

#include <stdlib.h>
#include <string.h>

#include "clean.h"
#include "error.h"
#include "windows.h"

struct ec_reader {
    const ec_model *model;
    ec_encoder *encoder;
    ec_window_form form;
    ec_cleaned *cleaned;                          // NULL: emails are read as they came
    void (*on_pass)(void *context, bool begins);  // may be NULL
    void *on_pass_context;
    // The pass being filled: windows side by side, each with the email it belongs to.
    ec_sequence sequences[EC_MAX_BATCH];
    size_t owners[EC_MAX_BATCH];
    size_t sequence_count;
    uint32_t tokens;
    // All in one allocation.
    float *pass_logits;   // [EC_MAX_BATCH, label_count]
    uint32_t *pass_ids;   // [capacity of the encoder]
    uint8_t *pass_types;  // [capacity of the encoder]
    uint32_t *subject;    // [EC_SUBJECT_MAX_BYTES]: a token has at least one byte of the text
    uint32_t *message;    // [EC_MESSAGE_MAX_BYTES]
    uint32_t *remainder;  // [EC_MESSAGE_MAX_BYTES] message without one part
    void *memory;
};

// ------------------------------------------------------------- making

static bool allocate(ec_reader *reader) {
    const size_t capacity = ec_encoder_capacity(reader->encoder);
    const size_t logits = (size_t)EC_MAX_BATCH * reader->model->info.label_count;
    const size_t words = logits + capacity + EC_SUBJECT_MAX_BYTES + 2 * EC_MESSAGE_MAX_BYTES;
    reader->memory = malloc(words * sizeof(uint32_t) + capacity);
    if (reader->memory == NULL) {
        return false;
    }
    reader->pass_logits = reader->memory;
    reader->pass_ids = (uint32_t *)(reader->pass_logits + logits);
    reader->subject = reader->pass_ids + capacity;
    reader->message = reader->subject + EC_SUBJECT_MAX_BYTES;
    reader->remainder = reader->message + EC_MESSAGE_MAX_BYTES;
    reader->pass_types = (uint8_t *)(reader->remainder + EC_MESSAGE_MAX_BYTES);
    return true;
}

ec_status ec_reader_new(const ec_model *model, uint32_t batch_tokens, void *threadpool,
                        ec_cleaned *cleaned, ec_reader **out, ec_error *error) {
    ec_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return ec_fail(error, EC_ERROR_NO_MEMORY, "classifier", 0,
                       "There is no memory for a classifier.");
    }
    reader->model = model;
    reader->cleaned = cleaned;
    reader->form = (ec_window_form){
        .max_tokens = model->info.max_tokens,
        .special = ec_vocab_special_ids(model->vocab),
        .message_type = model->weights.token_type.count > 1 ? 1 : 0,
    };
    ec_status status = ec_encoder_new(model, batch_tokens, threadpool, &reader->encoder, error);
    if (status == EC_OK && !allocate(reader)) {
        status = ec_fail(error, EC_ERROR_NO_MEMORY, "classifier", 0,
                         "There is no memory for the tokens of an email.");
    }
    if (status != EC_OK) {
        ec_reader_free(reader);
        return status;
    }
    *out = reader;
    return EC_OK;
}

void ec_reader_free(ec_reader *reader) {
    if (reader != NULL) {
        ec_encoder_free(reader->encoder);
        free(reader->memory);
        free(reader);
    }
}

ec_encoder *ec_reader_encoder(ec_reader *reader) { return reader->encoder; }

void ec_reader_watch(ec_reader *reader, void (*on_pass)(void *context, bool begins),
                     void *context) {
    reader->on_pass = on_pass;
    reader->on_pass_context = context;
}

// ------------------------------------------------------------- reading

static bool run_encoder(ec_reader *reader) {
    if (reader->on_pass != NULL) {
        reader->on_pass(reader->on_pass_context, true);
    }
    const bool ok = ec_encoder_run(reader->encoder, reader->sequences, reader->sequence_count,
                                   reader->pass_logits, NULL) == EC_OK;
    if (reader->on_pass != NULL) {
        reader->on_pass(reader->on_pass_context, false);
    }
    return ok;
}

// Runs the windows of the pass and adds their logits to those of their emails.
static bool run_pass(ec_reader *reader, float *logits) {
    const ec_model *model = reader->model;
    const uint32_t labels = model->info.label_count;
    if (reader->sequence_count == 0) {
        return true;
    }
    if (!run_encoder(reader)) {
        return false;
    }
    for (size_t i = 0; i < reader->sequence_count; i++) {
        ec_combine_add(logits + reader->owners[i] * labels, reader->pass_logits + i * labels,
                       labels, model->other_class_id);
    }
    reader->sequence_count = 0;
    reader->tokens = 0;
    return true;
}

// Puts one window into the pass, after running the pass when it is full.
static bool add_window(ec_reader *reader, const ec_windows *windows, uint32_t index, size_t owner,
                       float *logits) {
    const uint32_t tokens = ec_windows_tokens(windows);
    const bool full = reader->sequence_count == EC_MAX_BATCH ||
                      tokens > ec_encoder_capacity(reader->encoder) - reader->tokens;
    if (full && !run_pass(reader, logits)) {
        return false;
    }
    uint32_t *ids = reader->pass_ids + reader->tokens;
    uint8_t *types = reader->pass_types + reader->tokens;
    ec_windows_get(windows, index, ids, types);
    reader->sequences[reader->sequence_count] = (ec_sequence){ids, types, tokens};
    reader->owners[reader->sequence_count++] = owner;
    reader->tokens += tokens;
    return true;
}

// A text as the reader tokenizes it: its ids, at most one for each byte.
typedef struct token_list {
    const uint32_t *ids;
    size_t count;
} token_list;

static token_list tokenize(const ec_reader *reader, const char *text, size_t length, uint32_t *ids,
                           size_t capacity) {
    return (token_list){ids, ec_tokenize(reader->model->vocab, text, length, ids, capacity)};
}

static bool add_tokens(ec_reader *reader, token_list subject, token_list message, size_t owner,
                       float *logits, ec_reading *reading) {
    const ec_windows windows =
        ec_windows_split(&reader->form, subject.ids, subject.count, message.ids, message.count);
    reading->windows = windows.count;
    reading->tokens = windows.count * ec_windows_tokens(&windows);
    for (uint32_t i = 0; i < windows.count; i++) {
        if (!add_window(reader, &windows, i, owner, logits)) {
            return false;
        }
    }
    return true;
}

static bool add_email(ec_reader *reader, const ec_email *email, size_t owner, float *logits,
                      ec_reading *reading) {
    const ec_email read =
        reader->cleaned != NULL ? ec_cleaned_email(email, reader->cleaned) : *email;
    const token_list subject =
        tokenize(reader, read.subject, read.subject_length, reader->subject, EC_SUBJECT_MAX_BYTES);
    const token_list message =
        tokenize(reader, read.message, read.message_length, reader->message, EC_MESSAGE_MAX_BYTES);
    return subject.count <= EC_SUBJECT_MAX_BYTES && message.count <= EC_MESSAGE_MAX_BYTES &&
           add_tokens(reader, subject, message, owner, logits, reading);
}

static void begin(ec_reader *reader, size_t count, float *logits) {
    const uint32_t labels = reader->model->info.label_count;
    for (size_t i = 0; i < count; i++) {
        ec_combine_start(logits + i * labels, labels, reader->model->other_class_id);
    }
    reader->sequence_count = 0;
    reader->tokens = 0;
}

bool ec_reader_predict(void *context, const ec_email *emails, size_t count, float *logits,
                       ec_reading *readings) {
    ec_reader *reader = context;
    begin(reader, count, logits);
    for (size_t i = 0; i < count; i++) {
        if (!add_email(reader, &emails[i], i, logits, &readings[i])) {
            return false;
        }
    }
    return run_pass(reader, logits);
}

// ------------------------------------------------------------- leaving out

// ends[i]: how many of the message's tokens there are up to the end of part i.
static token_list tokenize_parts(ec_reader *reader, const char *message, const ec_part *parts,
                                 size_t count, size_t *ends) {
    token_list all = {reader->message, 0};
    for (size_t i = 0; i < count && all.count <= EC_MESSAGE_MAX_BYTES; i++) {
        all.count += ec_tokenize(reader->model->vocab, message + parts[i].start, parts[i].length,
                                 reader->message + all.count, EC_MESSAGE_MAX_BYTES - all.count);
        ends[i] = all.count;
    }
    return all;
}

// The tokens but those from `start` to `end`, in reader->remainder.
static token_list without(ec_reader *reader, token_list all, size_t start, size_t end) {
    memcpy(reader->remainder, all.ids, start * sizeof *all.ids);
    memcpy(reader->remainder + start, all.ids + end, (all.count - end) * sizeof *all.ids);
    return (token_list){reader->remainder, all.count - (end - start)};
}

bool ec_reader_leave_out(ec_reader *reader, const ec_email *email, const ec_part *parts,
                         size_t count, float *logits) {
    size_t ends[EC_MAX_BATCH];
    ec_reading readings[EC_MAX_BATCH];
    if (count >= EC_MAX_BATCH) {
        return false;
    }
    begin(reader, count + 1, logits);
    const token_list subject = tokenize(reader, email->subject, email->subject_length,
                                        reader->subject, EC_SUBJECT_MAX_BYTES);
    const token_list message = tokenize_parts(reader, email->message, parts, count, ends);
    bool ok = subject.count <= EC_SUBJECT_MAX_BYTES && message.count <= EC_MESSAGE_MAX_BYTES &&
              add_tokens(reader, (token_list){subject.ids, 0}, message, 0, logits, &readings[0]);
    for (size_t i = 0; i < count && ok; i++) {
        const token_list rest = without(reader, message, i > 0 ? ends[i - 1] : 0, ends[i]);
        ok = add_tokens(reader, subject, rest, i + 1, logits, &readings[i + 1]);
    }
    return ok && run_pass(reader, logits);
}
