// SPDX-License-Identifier: Apache-2.0
// Windows against models/windows.py, and how their logits combine.
#include "windows.h"

#include <math.h>
#include <stdlib.h>

#include "ec_test.h"
#include "window_goldens.h"

enum { MAX_MESSAGE = 20000, MAX_WINDOW = 1024 };

static uint32_t fnv(uint32_t hash, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        hash = (hash ^ (value >> 8 * i & 0xFF)) * 16777619u;
    }
    return hash;
}

static const ec_special_ids SPECIAL = {.pad = 0, .unk = 100, .cls = 101, .sep = 102};

static uint32_t hash_windows(const ec_windows *windows) {
    uint32_t ids[MAX_WINDOW];
    uint8_t types[MAX_WINDOW];
    uint32_t hash = 2166136261u;
    for (uint32_t i = 0; i < windows->count; i++) {
        ec_windows_get(windows, i, ids, types);
        for (uint32_t j = 0; j < ec_windows_tokens(windows); j++) {
            hash = fnv(fnv(hash, ids[j]), types[j]);
        }
    }
    return hash;
}

static void test_goldens(const uint32_t *subject, const uint32_t *message) {
    for (size_t i = 0; i < sizeof window_goldens / sizeof *window_goldens; i++) {
        const window_golden *g = &window_goldens[i];
        const ec_window_form form = {g->max_tokens, SPECIAL, 1};
        const ec_windows windows =
            ec_windows_split(&form, subject, g->subject, message, g->message);
        char name[80];
        snprintf(name, sizeof name, "subject %u message %u of %u", g->subject, g->message,
                 g->max_tokens);
        if (EC_CHECK_CASE(windows.count == g->windows, name) &&
            EC_CHECK_CASE(ec_windows_tokens(&windows) == g->tokens, name)) {
            EC_CHECK_CASE(hash_windows(&windows) == g->hash, name);
        }
    }
}

// No token of a message is left out, whatever the lengths.
static void test_nothing_is_ignored(const uint32_t *subject, const uint32_t *message) {
    static bool seen[MAX_MESSAGE];
    uint32_t ids[MAX_WINDOW];
    uint8_t types[MAX_WINDOW];
    for (uint32_t length = 1; length <= MAX_MESSAGE; length += 1 + length / 7) {
        const ec_window_form form = {512, SPECIAL, 1};
        const ec_windows windows = ec_windows_split(&form, subject, length % 300, message, length);
        memset(seen, 0, sizeof seen);
        for (uint32_t i = 0; i < windows.count; i++) {
            ec_windows_get(&windows, i, ids, types);
            const uint32_t head = windows.subject_count + 2;
            for (uint32_t j = 0; j < windows.part; j++) {
                seen[ids[head + j] - 5000] = true;
            }
        }
        EC_CHECK(memchr(seen, false, length) == NULL);
    }
}

static void test_one_token_type(const uint32_t *subject, const uint32_t *message) {
    const ec_window_form form = {512, SPECIAL, 0};
    const ec_windows windows = ec_windows_split(&form, subject, 3, message, 4);
    uint32_t ids[10];
    uint8_t types[10];
    const uint8_t zeros[10] = {0};
    const uint32_t expected[10] = {101, 1000, 1001, 1002, 102, 5000, 5001, 5002, 5003, 102};
    EC_CHECK_EQUAL(ec_windows_tokens(&windows), 10);
    ec_windows_get(&windows, 0, ids, types);
    EC_CHECK_BYTES(types, zeros, sizeof zeros);
    EC_CHECK_BYTES(ids, expected, sizeof expected);
}

enum { LABELS = 3 };

static void combine(const float (*windows)[LABELS], uint32_t count, uint32_t other, float *state) {
    ec_combine_start(state, LABELS, other);
    for (uint32_t i = 0; i < count; i++) {
        ec_combine_add(state, windows[i], LABELS, other);
    }
}

static bool near(float a, double b) { return fabs((double)a - b) < 1e-6; }

static void test_one_window_keeps_its_softmax(void) {
    const float logits[1][LABELS] = {{1.0f, -2.0f, 0.5f}};
    const double total = log(exp(1.0) + exp(-2.0) + exp(0.5));
    for (uint32_t other = 0; other <= LABELS; other++) {
        float state[LABELS];
        combine(logits, 1, other, state);
        for (int i = 0; i < LABELS; i++) {
            EC_CHECK(near(state[i], (double)logits[0][i] - total));
        }
    }
}

// One window is sure of label 1, two are sure that nothing of theirs matters (label 2).
static void test_other_needs_every_window(void) {
    const float windows[][LABELS] = {{0.0f, 0.0f, 9.0f}, {0.0f, 6.0f, 0.0f}, {0.0f, 0.0f, 9.0f}};
    float state[LABELS];
    combine(windows, 3, 2, state);
    EC_CHECK(near(state[0], -log(2 + exp(6.0))));
    EC_CHECK(near(state[1], 6.0 - log(2 + exp(6.0))));
    EC_CHECK(near(state[2], -log(2 + exp(6.0))));
    // Without such a label the surest window decides.
    combine(windows, 3, LABELS, state);
    EC_CHECK(state[2] > state[1] && state[1] > state[0]);
    EC_CHECK(near(state[2], 9.0 - log(2 + exp(9.0))));
}

static void test_logits_that_are_not_finite(void) {
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        for (uint32_t place = 0; place < 3; place++) {
            float windows[3][LABELS] = {{0}};
            float state[LABELS];
            windows[place][1] = bad[i];
            combine((const float(*)[LABELS])windows, 3, 2, state);
            EC_CHECK(isnan(state[1]));
        }
    }
}

int main(void) {
    static uint32_t subject[MAX_WINDOW];
    static uint32_t message[MAX_MESSAGE];
    for (uint32_t i = 0; i < MAX_WINDOW; i++) {
        subject[i] = 1000 + i;
    }
    for (uint32_t i = 0; i < MAX_MESSAGE; i++) {
        message[i] = 5000 + i;
    }
    test_goldens(subject, message);
    test_nothing_is_ignored(subject, message);
    test_one_token_type(subject, message);
    test_one_window_keeps_its_softmax();
    test_other_needs_every_window();
    test_logits_that_are_not_finite();
    return ec_test_result();
}
