// SPDX-License-Identifier: Apache-2.0
// The real predictor: trimmed emails to logits, through tokenizer, windows and encoder.
#ifndef EC_PREDICTOR_H
#define EC_PREDICTOR_H

#include "encoder.h"
#include "ladder.h"
#include "sentences.h"

typedef struct ec_reader ec_reader;

// Makes a reader of emails over a new encoder for batch_tokens tokens a pass. Allocates all that
// reading needs. Borrows the model, the thread pool and the scratch for cleaning; without that
// (NULL) it reads emails as they came. Errors: NO_MEMORY, UNSUPPORTED.
ec_status ec_reader_new(const ec_model *model, uint32_t batch_tokens, void *threadpool,
                        ec_cleaned *cleaned, ec_reader **reader, ec_error *error);
void ec_reader_free(ec_reader *reader);
ec_encoder *ec_reader_encoder(ec_reader *reader);

// on_pass of ec_classifier_options; may be NULL.
void ec_reader_watch(ec_reader *reader, void (*on_pass)(void *context, bool begins), void *context);

// ec_predictor's predict; context is the ec_reader. Windows of several emails share a pass.
bool ec_reader_predict(void *context, const ec_email *emails, size_t count, float *logits,
                       ec_reading *readings);

// logits[1 + count, label_count] of one email, trimmed and cleaned, without its subject, then
// without each of the `count` parts that its message consists of, up to EC_MAX_BATCH readings in
// all. False when a pass failed.
bool ec_reader_leave_out(ec_reader *reader, const ec_email *email, const ec_part *parts,
                         size_t count, float *logits);

#endif
