// SPDX-License-Identifier: Apache-2.0
// How a Hugging Face directory splits text into pieces: vocab.txt, tokenizer.json and
// tokenizer_config.json, of which newer directories have only the last two.
#ifndef EC_HF_TOKENIZER_H
#define EC_HF_TOKENIZER_H

#include "email_classifier.h"

typedef struct ec_hf_tokenizer {
    const char *vocabulary;  // one piece a line, as in vocab.txt
    size_t vocabulary_length;
    char *made;  // owns the vocabulary when it was made of tokenizer.json, else NULL
    bool lower_case;
} ec_hf_tokenizer;

// Reads the three files, borrowed until ec_hf_tokenizer_close, into *tokenizer, which starts zeroed
// and needs closing on failure too. lower_case is the given one where no file says another.
// Errors: NO_MEMORY, BUNDLE, UNSUPPORTED (text would be split otherwise than ec_tokenize does).
ec_status ec_hf_tokenizer_open(const ec_convert_input *input, bool lower_case,
                               ec_hf_tokenizer *tokenizer, ec_error *error);
void ec_hf_tokenizer_close(ec_hf_tokenizer *tokenizer);

#endif
