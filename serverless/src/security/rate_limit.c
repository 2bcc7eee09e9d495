// SPDX-License-Identifier: Apache-2.0
#include "rate_limit.h"

#include <sodium/crypto_shorthash_siphash24.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A bucket is where it will be full again: each request moves that moment on by one interval, and
// may move it at most one burst ahead of now.
enum { WAYS = 8, SETS = RATE_TABLE_ENTRIES / WAYS };

typedef struct bucket {
    uint64_t client;  // hash of the key
    uint64_t full_at_ns;
} bucket;

struct rate_limiter {
    uint32_t limit;
    uint64_t interval_ns;  // between two requests
    uint64_t burst_ns;     // from empty to full
    uint8_t seed[RATE_SEED_BYTES];
    bucket buckets[SETS][WAYS];
};

static const uint64_t second_ns = 1000000000;

// ---------------------------------------------------------------------------- settings

static bool parse_window(text unit, uint32_t *window_s) {
    static const struct {
        const char *name;
        uint32_t seconds;
    } units[] = {{"second", 1}, {"minute", 60}, {"hour", 3600}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (text_equals_any_case(unit, units[i].name)) {
            *window_s = units[i].seconds;
            return true;
        }
    }
    return false;
}

bool rate_parse(text value, rate *parsed) {
    if (text_equals_any_case(value, "off")) {
        *parsed = (rate){0, 1};
        return true;
    }
    rate found = {0, 0};
    size_t at = 0;
    for (; at < value.length && value.data[at] >= '0' && value.data[at] <= '9'; at++) {
        found.limit = found.limit * 10 + (uint32_t)(value.data[at] - '0');
        if (found.limit > RATE_MAX_LIMIT) {
            return false;
        }
    }
    if (found.limit == 0 || at == value.length || value.data[at] != '/') {
        return false;
    }
    const text unit = {value.data + at + 1, value.length - at - 1};
    if (!parse_window(unit, &found.window_s)) {
        return false;
    }
    *parsed = found;
    return true;
}

rate_limiter *rate_limiter_new(rate wanted, const uint8_t seed[RATE_SEED_BYTES]) {
    rate_limiter *limiter = calloc(1, sizeof *limiter);
    if (limiter != NULL && wanted.limit > 0) {
        limiter->limit = wanted.limit;
        limiter->interval_ns = wanted.window_s * second_ns / wanted.limit;
        limiter->burst_ns = limiter->interval_ns * wanted.limit;
        memcpy(limiter->seed, seed, RATE_SEED_BYTES);
    }
    return limiter;
}

void rate_limiter_free(rate_limiter *limiter) { free(limiter); }

// ---------------------------------------------------------------------------- buckets

// The client's bucket, or the fullest one of its set, made his.
static bucket *find_bucket(rate_limiter *limiter, text key) {
    uint64_t client = 0;
    crypto_shorthash_siphash24((unsigned char *)&client, (const unsigned char *)key.data,
                               key.length, limiter->seed);
    bucket *set = limiter->buckets[client % SETS];
    bucket *fullest = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].client == client) {
            return &set[i];
        }
        fullest = set[i].full_at_ns < fullest->full_at_ns ? &set[i] : fullest;
    }
    *fullest = (bucket){client, 0};
    return fullest;
}

static uint32_t seconds_up(uint64_t ns) { return (uint32_t)((ns + second_ns - 1) / second_ns); }

rate_decision rate_limiter_take(rate_limiter *limiter, text key, uint32_t cost, uint64_t now_ms) {
    if (limiter->limit == 0) {
        return (rate_decision){.allowed = true};
    }
    const uint64_t now = now_ms * 1000000;
    const uint64_t empty = now + limiter->burst_ns;
    bucket *b = find_bucket(limiter, key);
    uint64_t full_at = b->full_at_ns > now ? b->full_at_ns : now;
    full_at = full_at < empty ? full_at : empty;  // the clock may have run backwards
    rate_decision decision = {.never = cost > limiter->limit};
    if (!decision.never && full_at + cost * limiter->interval_ns <= empty) {
        decision.allowed = true;
        full_at += cost * limiter->interval_ns;
    } else {
        const uint32_t reachable = decision.never ? limiter->limit : cost;
        decision.retry_after_s = seconds_up(full_at + reachable * limiter->interval_ns - empty);
    }
    b->full_at_ns = full_at;
    decision.remaining = (uint32_t)((empty - full_at) / limiter->interval_ns);
    decision.reset_s = seconds_up(full_at - now);
    return decision;
}

// ---------------------------------------------------------------------------- header fields

void rate_format_policy(rate wanted, char out[RATE_HEADER_BYTES]) {
    snprintf(out, RATE_HEADER_BYTES, "\"default\";q=%u;w=%u", (unsigned)wanted.limit,
             (unsigned)wanted.window_s);
}

void rate_format_state(const rate_decision *decision, char out[RATE_HEADER_BYTES]) {
    snprintf(out, RATE_HEADER_BYTES, "\"default\";r=%u;t=%u", (unsigned)decision->remaining,
             (unsigned)decision->reset_s);
}
