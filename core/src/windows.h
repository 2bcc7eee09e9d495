// SPDX-License-Identifier: Apache-2.0
// Long emails are read in windows, so that no part of a permitted email is ignored.
//
//     [CLS] subject [SEP] part of message [SEP]
//
// Most emails have one window. The parts of a longer message overlap and are evenly spread; the
// subject, cut to half a window, leads each of them. Integers only, and the same windows as
// models/windows.py, so that training reads what the core reads.
#ifndef EC_WINDOWS_H
#define EC_WINDOWS_H

#include "tokenizer.h"

enum {
    EC_WINDOW_STRIDE = 64,    // tokens that neighbours share at least, when a window has 256 or
                              // more; a quarter of a smaller one
    EC_WINDOW_TOKENS_MIN = 8  // of a window; bundles with less are refused
};

// What all windows of a model have in common.
typedef struct ec_window_form {
    uint32_t max_tokens;  // of one window, at least EC_WINDOW_TOKENS_MIN
    ec_special_ids special;
    uint8_t message_type;  // token type of the message: 1, or 0 when the model has one type only
} ec_window_form;

// The windows of one email. Borrows the ids; makes no window until it is asked for.
typedef struct ec_windows {
    const uint32_t *subject;
    const uint32_t *message;
    uint32_t subject_count;  // tokens, after cutting
    uint32_t message_count;
    uint32_t part;   // tokens of the message in each window
    uint32_t count;  // windows, at least 1
    ec_window_form form;
} ec_windows;

// Splits subject[0..subject_count) and message[0..message_count) into windows.
ec_windows ec_windows_split(const ec_window_form *form, const uint32_t *subject,
                            size_t subject_count, const uint32_t *message, size_t message_count);

// Tokens of each window; all windows of an email have the same number.
uint32_t ec_windows_tokens(const ec_windows *windows);

// Writes ids and token types of window `index` (below count), ec_windows_tokens of each.
void ec_windows_get(const ec_windows *windows, uint32_t index, uint32_t *ids, uint8_t *types);

// ---------------------------------------------------------------------------- combining

// How the logits of an email's windows become the logits of the email. The only place that knows:
//
//     a label          as likely (log of the softmax) as in the window that speaks for it most
//     label `other`    as in the window that speaks for it least: it means that none of the others
//                      fits, so every window has to agree
//
// One window's softmax is that of the email. `other` is a class id, or label_count for label sets
// without such a label. Chosen by measurement: models/README.md. A window with logits that are
// not finite leaves NaN among those of the email.

// Before the first window: state[label_count] is the caller's.
void ec_combine_start(float *state, uint32_t label_count, uint32_t other);

// Adds a window's logits; after the last one, state holds the email's logits.
void ec_combine_add(float *state, const float *logits, uint32_t label_count, uint32_t other);

#endif
