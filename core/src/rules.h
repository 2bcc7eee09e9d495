// SPDX-License-Identifier: Apache-2.0
// Key-word rules: what answers when the model cannot.
#ifndef EC_RULES_H
#define EC_RULES_H

#include "model.h"

// The first rule, in order, of which any word stands as a whole word in subject or message; NULL
// when none does. Letters compare without case and accents; a space in a word matches any white
// space; a whole word has no letter or digit of any script right before or after it.
const ec_rule *ec_rules_match(const ec_rules *rules, const ec_email *email);

#endif
