// SPDX-License-Identifier: Apache-2.0
// The cache's inside: looking answers up and keeping them.
#ifndef EC_CACHE_H
#define EC_CACHE_H

#include "email.h"

// Most labels an answer kept in this cache may have.
uint32_t ec_cache_label_count(const ec_cache *cache);

// On a hit, fills class_id, confidence, tokens, windows, score_count and scores of *answer, leaves
// its other members alone, marks the entry as the latest used and returns true. Counts the hit or
// miss.
bool ec_cache_get(ec_cache *cache, const ec_email_key *key, ec_answer *answer);

// Keeps the same members of *answer, in place of those kept for this key before, or else of the
// least recently used entry of a full cache. score_count is at most ec_cache_label_count.
void ec_cache_put(ec_cache *cache, const ec_email_key *key, const ec_answer *answer);

#endif
