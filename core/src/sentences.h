// SPDX-License-Identifier: Apache-2.0
// Where the sentences of a text are.
#ifndef EC_SENTENCES_H
#define EC_SENTENCES_H

#include <stddef.h>

enum {
    EC_SENTENCE_MIN = 20,  // bytes; what is shorter goes with the sentence after it
    EC_WRAPPED_LINE = 60   // bytes; a line of this length or more was broken to fit, and goes on
};

// A part of a text: no white space (of ASCII) at its ends.
typedef struct ec_part {
    size_t start, length;  // bytes
} ec_part;

// Splits text[0..length) into at most max (1 or more) parts, in order, which together hold
// everything but white space; returns their number. A sentence ends with . ! ? or an ellipsis
// before white space, or with its line unless that was wrapped. When there are more than max,
// neighbours are joined to parts of much the same size. Splits only at white space, so that the
// tokens of the parts are the tokens of the text.
size_t ec_sentences(const char *text, size_t length, size_t max, ec_part *parts);

#endif
