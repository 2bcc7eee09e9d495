// SPDX-License-Identifier: Apache-2.0
// The rate limiter: rates, buckets over time, costs, and floods of clients.
#include <stdlib.h>

#include "ec_test.h"
#include "security/rate_limit.h"

static const uint8_t seed[RATE_SEED_BYTES] = "a seed of 16 by";

static void test_parse(void) {
    static const struct {
        const char *value;
        uint32_t limit, window_s;
    } good[] = {{"10/minute", 10, 60}, {"1/second", 1, 1}, {"1000000/hour", 1000000, 3600},
                {"off", 0, 1},         {"OFF", 0, 1},      {"5/Minute", 5, 60},
                {"007/second", 7, 1}};
    static const char *const bad[] = {
        "",
        "10",
        "10/",
        "/minute",
        "0/minute",
        "1000001/minute",
        "-1/minute",
        "10/day",
        " 10/minute",
        "10/minute ",
        "10 / minute",
        "10/minutes",
        "1e3/hour",
        "10//minute",
        "+1/second",
        "99999999999999999999/second",
        "on",
    };
    rate parsed = {99, 99};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        EC_CHECK_CASE(!rate_parse(text_of(bad[i]), &parsed), bad[i]);
    }
    EC_CHECK_EQUAL(parsed.limit, 99);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        EC_CHECK_CASE(rate_parse(text_of(good[i].value), &parsed), good[i].value);
        EC_CHECK_CASE(parsed.limit == good[i].limit, good[i].value);
        EC_CHECK_CASE(parsed.window_s == good[i].window_s, good[i].value);
    }
}

static rate_decision take(rate_limiter *limiter, const char *key, uint32_t cost, uint64_t now_ms) {
    return rate_limiter_take(limiter, text_of(key), cost, now_ms);
}

// 10 a minute: ten at once, then one each 6 s.
static void test_bucket(void) {
    rate_limiter *limiter = rate_limiter_new((rate){10, 60}, seed);
    for (uint32_t i = 0; i < 10; i++) {
        const rate_decision d = take(limiter, "ann", 1, 5000);
        EC_CHECK(d.allowed && !d.never && d.retry_after_s == 0);
        EC_CHECK_EQUAL(d.remaining, 9 - i);
        EC_CHECK_EQUAL(d.reset_s, 6 * (i + 1));
    }
    rate_decision d = take(limiter, "ann", 1, 5000);
    EC_CHECK(!d.allowed && !d.never && d.remaining == 0);
    EC_CHECK_EQUAL(d.retry_after_s, 6);
    EC_CHECK_EQUAL(d.reset_s, 60);
    // Refusals cost nothing, and waiting as told is enough.
    EC_CHECK(!take(limiter, "ann", 1, 10999).allowed);
    EC_CHECK_EQUAL(take(limiter, "ann", 1, 10999).retry_after_s, 1);
    EC_CHECK(take(limiter, "ann", 1, 11000).allowed);
    EC_CHECK(!take(limiter, "ann", 1, 11000).allowed);
    EC_CHECK(take(limiter, "bob", 1, 11000).allowed);
    // Full again after a minute of quiet, but never fuller.
    d = take(limiter, "ann", 1, 1000000);
    EC_CHECK(d.allowed && d.remaining == 9);
    rate_limiter_free(limiter);
}

static void test_cost(void) {
    rate_limiter *limiter = rate_limiter_new((rate){64, 60}, seed);
    rate_decision d = take(limiter, "ann", 64, 1000);
    EC_CHECK(d.allowed && d.remaining == 0);
    d = take(limiter, "ann", 32, 1000);
    EC_CHECK(!d.allowed && !d.never && d.retry_after_s == 30);
    d = take(limiter, "ann", 65, 1000);
    EC_CHECK(!d.allowed && d.never);
    EC_CHECK_EQUAL(d.retry_after_s, 60);
    EC_CHECK(!take(limiter, "ann", UINT32_MAX, 1000).allowed);
    EC_CHECK(take(limiter, "ann", 32, 31000).allowed);
    EC_CHECK(!take(limiter, "ann", 1, 31000).allowed);
    rate_limiter_free(limiter);
}

// Over a long time the rate holds to the request, at the extremes of what can be set.
static void test_rates(void) {
    static const rate rates[] = {{1, 1}, {1, 3600}, {7, 60}, {1000000, 1}, {1000000, 3600}};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        rate_limiter *limiter = rate_limiter_new(rates[i], seed);
        uint64_t allowed = 0;
        for (uint64_t tenth = 0; tenth <= 30; tenth++) {
            const uint64_t now_ms = 50 + tenth * rates[i].window_s * 100;
            while (take(limiter, "ann", 1, now_ms).allowed) {
                allowed++;
            }
        }
        const uint64_t expected = 4ull * rates[i].limit;  // a full bucket and three windows
        EC_CHECK(allowed >= expected - expected / 1000000 && allowed <= expected + 1);
        rate_limiter_free(limiter);
    }
}

static void test_off(void) {
    rate_limiter *limiter = rate_limiter_new((rate){0, 1}, seed);
    for (int i = 0; i < 1000; i++) {
        EC_CHECK(take(limiter, "ann", 64, 0).allowed);
    }
    rate_limiter_free(limiter);
}

// Whoever emptied his bucket stays refused, however many new clients come.
static void test_flood(void) {
    rate_limiter *limiter = rate_limiter_new((rate){10, 3600}, seed);
    EC_CHECK(take(limiter, "mallory", 10, 1000).allowed);
    unsigned refused = 0;
    for (unsigned i = 0; i < 20 * RATE_TABLE_ENTRIES; i++) {
        char key[32];
        snprintf(key, sizeof key, "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        refused += !take(limiter, key, 1, 1000).allowed;
    }
    EC_CHECK_EQUAL(refused, 0);  // new clients are not made to suffer
    EC_CHECK(!take(limiter, "mallory", 1, 1000).allowed);
    rate_limiter_free(limiter);
}

static void test_clock(void) {
    rate_limiter *limiter = rate_limiter_new((rate){10, 60}, seed);
    EC_CHECK(take(limiter, "ann", 10, 1000000000).allowed);
    // An hour back: at worst a full window to wait.
    const rate_decision d = take(limiter, "ann", 1, 1000000000 - 3600000);
    EC_CHECK(!d.allowed);
    EC_CHECK(d.retry_after_s <= 60 && d.reset_s <= 60);
    rate_limiter_free(limiter);
}

static void test_headers(void) {
    char out[RATE_HEADER_BYTES];
    rate_format_policy((rate){10, 60}, out);
    EC_CHECK_STRING(out, "\"default\";q=10;w=60");
    const rate_decision d = {.allowed = true, .remaining = 7, .reset_s = 18};
    rate_format_state(&d, out);
    EC_CHECK_STRING(out, "\"default\";r=7;t=18");
}

int main(void) {
    test_parse();
    test_bucket();
    test_cost();
    test_rates();
    test_off();
    test_flood();
    test_clock();
    test_headers();
    return ec_test_result();
}
