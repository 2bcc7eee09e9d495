// SPDX-License-Identifier: Apache-2.0
// The forward pass: token ids to logits.
//
// Several sequences run as one matrix without padding: the linear layers see all their tokens as
// rows, attention sees each sequence by itself. The last layer computes only the [CLS] rows that
// the classifier reads.
#ifndef EC_ENCODER_H
#define EC_ENCODER_H

#include "model.h"

typedef struct ec_sequence {
    const uint32_t *ids;            // [count], all below vocabulary_size
    const uint8_t *token_type_ids;  // [count], all below the model's token types
    uint32_t count;                 // 1 to max_tokens
} ec_sequence;

// Owns the scratch memory of a forward pass. One thread at a time.
typedef struct ec_encoder ec_encoder;

// Makes an encoder for up to batch_tokens tokens in one pass (at least the model's max_tokens) and
// EC_MAX_BATCH sequences. Borrows the model and the thread pool (a pthreadpool_t, may be NULL).
// Errors: NO_MEMORY, UNSUPPORTED.
ec_status ec_encoder_new(const ec_model *model, uint32_t batch_tokens, void *threadpool,
                         ec_encoder **encoder, ec_error *error);
void ec_encoder_free(ec_encoder *encoder);

// Tokens that fit in one pass.
uint32_t ec_encoder_capacity(const ec_encoder *encoder);

// logits[count, label_count] of `count` (1 to EC_MAX_BATCH) sequences that fit in one pass.
// Allocates nothing. Errors: ARGUMENT, INFERENCE (a kernel refused, or a logit is not finite).
ec_status ec_encoder_run(ec_encoder *encoder, const ec_sequence *sequences, size_t count,
                         float *logits, ec_error *error);

#endif
