// SPDX-License-Identifier: Apache-2.0
// An email as the rest of the core sees it: checked, without white space at its ends, and hashed.
#ifndef EC_EMAIL_H
#define EC_EMAIL_H

#include "email_classifier.h"

// A permitted text has at most 4 bytes a character.
enum { EC_SUBJECT_MAX_BYTES = 4 * EC_SUBJECT_MAX, EC_MESSAGE_MAX_BYTES = 4 * EC_MESSAGE_MAX };

// Checks the email as ec_validate does and sets *trimmed to the parts of it without Unicode white
// space at both ends. Offsets in errors count from the start of the untrimmed text.
// Errors: ARGUMENT, UTF8, TOO_SHORT, TOO_LONG, CHARACTER, in this order for each field, the
// subject first.
ec_status ec_email_trim(const ec_email *email, ec_policy policy, ec_email *trimmed,
                        ec_error *error);

// Which answer an email gets: the same key means the same email and model.
typedef struct ec_email_key {
    uint8_t bytes[32];
} ec_email_key;

// SHA-256 of the model's digest, which covers labels and calibration, and the trimmed email.
ec_email_key ec_email_hash(const ec_email *trimmed, const uint8_t model_digest[32]);

#endif
