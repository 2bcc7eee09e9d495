// SPDX-License-Identifier: Apache-2.0
// A small BERT with random weights, made in memory: a Hugging Face directory and the bundle of it.
//
// The same shape and seed give the same bytes on every machine. Everything aborts on failure.
#ifndef TINY_MODEL_H
#define TINY_MODEL_H

#include "email_classifier.h"

typedef struct tiny_shape {
    uint32_t layers, hidden, heads, intermediate;
    uint32_t vocabulary;  // pieces, at least TINY_VOCABULARY_MIN
    uint32_t labels;      // the first six are those of the built-in rules, then Label6 and on
    uint32_t max_tokens;
} tiny_shape;

// Special tokens, the letters a to z, the same as "##a" to "##z", and six words of the rules.
enum { TINY_VOCABULARY_MIN = 63 };

// 2 layers, hidden 32, 4 heads, intermediate 64, 80 pieces, 6 labels, 64 tokens.
extern const tiny_shape tiny_default;

// The texts and bytes of a directory; everything is owned.
typedef struct tiny_directory {
    char *config;      // config.json, NUL-terminated
    char *vocabulary;  // vocab.txt, NUL-terminated
    char *tokenizer;   // tokenizer.json with the same pieces, NUL-terminated
    uint8_t *weights;  // model.safetensors
    size_t weights_length;
} tiny_directory;

tiny_directory tiny_directory_new(const tiny_shape *shape, uint64_t seed);
void tiny_directory_free(tiny_directory *directory);

// The directory as input of ec_convert, borrowed. settings may be NULL.
ec_convert_input tiny_input(const tiny_directory *directory, const char *settings);

// The bundle of such a directory; free() it.
uint8_t *tiny_bundle_new(const tiny_shape *shape, uint64_t seed, const char *settings,
                         size_t *size);

// Random numbers (splitmix64): the next of *state.
uint64_t tiny_random(uint64_t *state);

#endif
