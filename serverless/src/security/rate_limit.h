// SPDX-License-Identifier: Apache-2.0
// Token buckets, one for each client: `limit` requests at once, refilled evenly over the window.
//
// The table has a fixed size. A full bucket need not be remembered; when there is no room, the
// bucket that is nearest to full is forgotten. So an emptied bucket cannot be pushed out by a flood
// of new clients, short of emptying as many buckets.
#ifndef SECURITY_RATE_LIMIT_H
#define SECURITY_RATE_LIMIT_H

#include "cli.h"

enum {
    RATE_MAX_LIMIT = 1000000,
    RATE_SEED_BYTES = 16,
    RATE_HEADER_BYTES = 64,
    RATE_TABLE_ENTRIES = 32768  // 512 KB
};

typedef struct rate {
    uint32_t limit;  // requests; 0: no limit
    uint32_t window_s;
} rate;

// Reads "N/second", "N/minute", "N/hour" or "off". False when it is none of them.
bool rate_parse(text value, rate *parsed);

// One thread at a time.
typedef struct rate_limiter rate_limiter;

// `seed` is random bytes of the host's, so that nobody can aim at a place in the table.
// NULL without memory. With rate.limit 0 everything is allowed.
rate_limiter *rate_limiter_new(rate wanted, const uint8_t seed[RATE_SEED_BYTES]);
void rate_limiter_free(rate_limiter *limiter);

typedef struct rate_decision {
    bool allowed;
    bool never;              // the cost is more than the limit: waiting does not help
    uint32_t remaining;      // requests left at once, after this one
    uint32_t reset_s;        // until the bucket is full again
    uint32_t retry_after_s;  // until this request would be allowed; 0 when it is
} rate_decision;

// Takes `cost` requests from the bucket of `key` at now_ms, a clock that should not run backwards;
// takes nothing when they are not allowed.
rate_decision rate_limiter_take(rate_limiter *limiter, text key, uint32_t cost, uint64_t now_ms);

// Values of the header fields RateLimit-Policy and RateLimit
// (draft-ietf-httpapi-ratelimit-headers): "default";q=10;w=60 and "default";r=7;t=12.
void rate_format_policy(rate wanted, char out[RATE_HEADER_BYTES]);
void rate_format_state(const rate_decision *decision, char out[RATE_HEADER_BYTES]);

#endif
