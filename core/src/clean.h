// SPDX-License-Identifier: Apache-2.0
// Cleaning, as the rest of the core uses it.
#ifndef EC_CLEAN_H
#define EC_CLEAN_H

#include "email_classifier.h"

// The permitted email with what the model reads of its message, which is the text of *cleaned.
ec_email ec_cleaned_email(const ec_email *email, ec_cleaned *cleaned);

// Turns the place of a part of the text, at least 1 byte, into its place in the message.
void ec_cleaned_origin(const ec_cleaned *cleaned, const ec_email *email, size_t *start,
                       size_t *length);

#endif
