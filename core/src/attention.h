// SPDX-License-Identifier: Apache-2.0
// Scaled dot-product attention in short whole numbers: for heads of 32 about 10 bits for queries
// and keys, 12 for the shares that softmax gives and for values. Sums are exact, so every host
// computes the same.
#ifndef EC_ATTENTION_H
#define EC_ATTENTION_H

#include "kernels/short.h"
#include "model.h"

// One sequence's queries, keys and values, one token a row: those of all heads side by side.
typedef struct ec_attention {
    const float *qkv;   // [tokens, 3, heads * head_size]
    const float *bias;  // [3, heads * head_size]
    size_t tokens, heads, head_size;
    float *context;  // [tokens, heads * head_size]
} ec_attention;

// Bytes of scratch memory, 64-byte aligned, that one head of so many tokens needs at most.
size_t ec_attention_scratch(size_t tokens, size_t head_size);

// context of one head = softmax(query * transpose(key) / sqrt(head_size)) * value; all of it NaN
// when a number is not finite, or when queries and keys are too large for their product to be.
void ec_attend_head(const ec_attention *attention, size_t head, ec_short_gemm *gemm, void *memory);

// What the first token alone sees, in floats. With one query to each head, keys and values need not
// be made of every token: the query goes through the keys' weights and meets the hidden states,
// and their mean goes through the values' weights.
typedef struct ec_first_attention {
    const float *query;    // [hidden_size], without its bias
    const float *hidden;   // [tokens, hidden_size]
    const ec_linear *qkv;  // of query, key and value
    size_t tokens, heads, head_size;
    float *context;  // [hidden_size]
} ec_first_attention;

// Bytes of scratch memory, as above.
size_t ec_first_attention_scratch(size_t tokens, size_t hidden_size);

// The context of one head, NaN when a number is not finite.
void ec_attend_first(const ec_first_attention *attention, size_t head, void *memory);

#endif
