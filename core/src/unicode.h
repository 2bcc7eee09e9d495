// SPDX-License-Identifier: Apache-2.0
// What BERT's normalizer and pre-tokenizer need to know of a code point, exactly as the Hugging
// Face `tokenizers` library knows it (its Unicode data is of several versions; see
// core/unicode/generate.py). Pure functions of constant tables: any thread, no locale.
#ifndef EC_UNICODE_H
#define EC_UNICODE_H

#include <stddef.h>
#include <stdint.h>

typedef enum ec_char_class {
    EC_CHAR_LETTER = 0,    // stays as it is: letters, digits, symbols, emoji, unassigned
    EC_CHAR_REMOVED,       // control, format, private use, U+FFFD; also all above 0x10FFFF
    EC_CHAR_SPACE,         // ends a word
    EC_CHAR_CJK,           // an ideograph: a word of its own
    EC_CHAR_PUNCTUATION,   // a word of its own
    EC_CHAR_MARK_BARRIER,  // non-spacing mark, combining class 0: dropped by uncased models
    EC_CHAR_MARK,          // non-spacing mark of another combining class: dropped by them too
    EC_CHAR_COMBINING      // a combining character that stays, ordered by ec_unicode_rank
} ec_char_class;

ec_char_class ec_unicode_class(uint32_t c);

enum { EC_FOLD_MAX = 3 };  // characters that one character folds to, at most

// Canonical decomposition without non-spacing marks, then lower case: what an uncased model reads
// in place of c. Writes 1 to EC_FOLD_MAX code points to out and returns their number.
// Meaningful for classes LETTER, CJK, PUNCTUATION and COMBINING; the classes of the results may
// differ from c's.
size_t ec_unicode_fold(uint32_t c, uint32_t out[EC_FOLD_MAX]);

// Position of a COMBINING character in canonical order, from 1: adjacent ones are sorted by it,
// stably. 0 for every other class.
uint32_t ec_unicode_rank(uint32_t c);

// ---------------------------------------------------------------------------- generated tables

typedef struct ec_unicode_range {
    uint32_t first, last;
    int32_t value;
} ec_unicode_range;

typedef struct ec_unicode_sequence {
    uint32_t c;
    uint32_t folded[EC_FOLD_MAX];  // unused places are 0
} ec_unicode_sequence;

extern const uint8_t ec_unicode_class_index[3072];
extern const uint8_t ec_unicode_class_blocks[];
extern const size_t ec_unicode_high_class_count;
extern const ec_unicode_range ec_unicode_high_classes[];
extern const uint8_t ec_unicode_fold_index[2048];
extern const uint16_t ec_unicode_fold_blocks[];
extern const size_t ec_unicode_high_fold_count;
extern const ec_unicode_range ec_unicode_high_folds[];
extern const uint32_t ec_unicode_compat_folds[544];
extern const size_t ec_unicode_sequence_count;
extern const ec_unicode_sequence ec_unicode_sequences[];
extern const size_t ec_unicode_rank_count;
extern const ec_unicode_range ec_unicode_ranks[];

#endif
