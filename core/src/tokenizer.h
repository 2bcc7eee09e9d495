// SPDX-License-Identifier: Apache-2.0
// BERT's tokenizer: the ids that Hugging Face's BertTokenizer gives, for any bytes.
//
//     text -> characters -> clean, space CJK, NFD, drop marks, lower case -> words -> pieces -> ids
//             utf8.h        unicode.h                                        WordPiece
//
// Bytes that are not UTF-8 count as U+FFFD, which cleaning removes, so they vanish. Text is only
// ever text: "[SEP]" typed into an email gives the pieces "[", "sep" and "]", never the special
// token, so nobody can forge the structure of the input.
//
// Nothing here allocates, recurses or keeps state; the stack used is under 8 KiB whatever the text.
// All functions may run on any number of threads at once with the same vocabulary.
#ifndef EC_TOKENIZER_H
#define EC_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "email_classifier.h"

enum {
    EC_WORD_MAX = 100,             // characters; a longer word is one [UNK]
    EC_VOCAB_MAX = (1 << 24) - 1,  // pieces
    EC_VOCAB_ALIGNMENT = 8         // of the memory that ec_vocab_init is given
};

// ---------------------------------------------------------------------------- vocabulary

// An index over the text of a vocab.txt. Immutable. It lives in memory of the caller and borrows
// the text, so both must outlive it; there is nothing to free.
typedef struct ec_vocab ec_vocab;

// Ids of the special tokens.
typedef struct ec_special_ids {
    uint32_t pad, unk, cls, sep;
} ec_special_ids;

// Bytes of memory that ec_vocab_init needs for this text: about 10 a piece. 0 when the text is
// unusable (empty, 4 GiB or more, over EC_VOCAB_MAX pieces).
size_t ec_vocab_size(const char *text, size_t length);

// Builds the index of text[0..length): one piece a line, id = line number from 0, lines end in LF
// or CR LF, continuing pieces start with "##". A piece listed twice has the id of its last line.
// memory[0..memory_size) must be aligned to EC_VOCAB_ALIGNMENT; *vocab points into it on success.
// lower_case: an uncased model (fold accents and case), as do_lower_case with strip_accents unset.
// Errors: BUNDLE for an unusable text or a missing [PAD], [UNK], [CLS] or [SEP]; ARGUMENT for
// memory that is too small or not aligned.
ec_status ec_vocab_init(ec_vocab **vocab, void *memory, size_t memory_size, const char *text,
                        size_t length, bool lower_case, ec_error *error);

// Number of lines, hence of ids.
uint32_t ec_vocab_count(const ec_vocab *vocab);

ec_special_ids ec_vocab_special_ids(const ec_vocab *vocab);

// The piece with this id, *length bytes without NUL, in the text given to ec_vocab_init.
// NULL, with *length 0, for an id that is not in the vocabulary.
const char *ec_vocab_piece(const ec_vocab *vocab, uint32_t id, size_t *length);

// ---------------------------------------------------------------------------- text to ids

// The bytes [start, end) of the text that the characters of a token came from, start < end. Pieces
// of one character (the jamo of a Hangul syllable) share its bytes; removed characters and dropped
// marks at either end are not in it. These are the library's offsets, in bytes, except that
// combining characters which are kept but put into canonical order have their own places here;
// only around them may spans overlap or starts decrease.
typedef struct ec_span {
    size_t start, end;
} ec_span;

// Token ids of text[0..length), without special tokens. Writes the first `capacity` of them to ids
// and, unless spans is NULL, their places in the text to spans; returns how many there are in all.
// ids may be NULL when capacity is 0; `length` ids are always enough.
size_t ec_tokenize_spans(const ec_vocab *vocab, const char *text, size_t length, uint32_t *ids,
                         ec_span *spans, size_t capacity);

// The same without spans.
size_t ec_tokenize(const ec_vocab *vocab, const char *text, size_t length, uint32_t *ids,
                   size_t capacity);

// [CLS] first [SEP] second [SEP], or [CLS] first [SEP] when second is NULL (an empty second text
// that is not NULL still gets its [SEP]). type_ids, unless NULL, gets 0 up to the first [SEP] and
// 1 after it. Both arrays hold max_length entries.
// When there are more than max_length tokens, the texts are cut at their ends by Hugging Face's
// rule "longest first": only the longer one while that suffices, else both to half.
// Returns how many tokens there are without the limit; the smaller of that and max_length is
// written. A max_length with no room for the special tokens (2, or 3 for a pair) writes nothing.
size_t ec_encode_pair(const ec_vocab *vocab, const char *first, size_t first_length,
                      const char *second, size_t second_length, uint32_t *ids, uint8_t *type_ids,
                      size_t max_length);

#endif
