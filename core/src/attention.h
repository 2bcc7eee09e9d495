// SPDX-License-Identifier: Apache-2.0
// Scaled dot-product attention in short whole numbers: for heads of 32 about 10 bits for queries
// and keys, 12 for the shares that softmax gives and for values. Sums are exact, so every host
// computes the same.
#ifndef EC_ATTENTION_H
#define EC_ATTENTION_H

#include "kernels/short.h"

// One sequence's queries, keys and values, one token a row, heads side by side.
typedef struct ec_attention {
    const float *query;  // [rows, query_stride]
    const float *key;    // [tokens, key_stride]
    const float *value;  // [tokens, key_stride]
    const float *bias;   // [3, heads * head_size], of query, key and value
    size_t query_stride, key_stride;
    size_t rows, tokens;
    size_t heads, head_size;
    float *context;  // [rows, heads * head_size]
} ec_attention;

// Bytes of scratch memory, 64-byte aligned, that one head of so many tokens needs at most.
size_t ec_attention_scratch(size_t tokens, size_t head_size);

// context of one head = softmax(query * transpose(key) / sqrt(head_size)) * value; all of it NaN
// when a number is not finite, or when queries and keys are too large for their product to be.
void ec_attend_head(const ec_attention *attention, size_t head, ec_short_gemm *gemm, void *scratch);

#endif
