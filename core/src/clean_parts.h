// SPDX-License-Identifier: Apache-2.0
// The parts that cleaning finds in the text of a message. Each is whole lines.
#ifndef EC_CLEAN_PARTS_H
#define EC_CLEAN_PARTS_H

#include "clean_text.h"
#include "email_classifier.h"

// Parts in the order of the text, none overlapping another.
typedef struct ec_cuts {
    ec_left_out items[EC_MAX_LEFT_OUT];
    uint32_t count;
    bool too_many;  // some found no room
} ec_cuts;

void ec_cuts_add(ec_cuts *cuts, ec_left_out_kind kind, size_t start, size_t end);
// The end of the part that holds the byte at `at`, or 0.
size_t ec_cuts_end(const ec_cuts *cuts, size_t at);
// The start of the first part from `at` on, or `otherwise`.
size_t ec_cuts_next(const ec_cuts *cuts, size_t at, size_t otherwise);

// Quoted and forwarded mail.
typedef struct ec_quotes {
    ec_cuts quoted;  // with the lines that introduce it
    ec_cuts intros;  // these alone: headers but the subject, "On ... wrote:"
    bool forwarded;  // they say that it was forwarded
} ec_quotes;

void ec_find_quotes(ec_span text, ec_quotes *quotes);

// Adds banners of mail gateways, disclaimers, and lines such as "Sent from my iPhone", outside the
// parts that are there already.
void ec_find_notices(ec_span text, ec_cuts *cuts);

// Adds the signatures at the end of the text and before each of the parts that are there already.
void ec_find_signatures(ec_span text, ec_cuts *cuts);

// Whether the line is a sign-off such as "Kind regards,".
bool ec_is_sign_off(ec_span words);

// Letters that say something: outside the parts, and without greeting and sign-off.
size_t ec_count_letters(ec_span text, const ec_cuts *cuts);

// What becomes of quoted mail.
typedef enum ec_verdict {
    EC_QUOTES_LEAVE_OUT,
    EC_QUOTES_UNWRAP,  // it is read as if it were new, without its headers and marks
    EC_QUOTES_KEEP     // as it is; also when there is none
} ec_verdict;

// `parts`: all that were found, the quoted mail included.
ec_verdict ec_judge_quotes(const ec_email *email, ec_span text, const ec_quotes *quotes,
                           const ec_cuts *parts);

#endif
