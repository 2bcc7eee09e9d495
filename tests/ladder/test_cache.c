// SPDX-License-Identifier: Apache-2.0
// The cache against a naive list, with random operations.
#include "cache.h"

#include <stdlib.h>

#include "ec_test.h"

enum { LABELS = 3, MOST = 64 };

static uint64_t random_state = 7;

static uint32_t random_below(uint32_t limit) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % limit;
}

static ec_email_key key_of(uint32_t number, bool collide) {
    ec_email_key key = {{0}};
    memcpy(key.bytes + (collide ? 20 : 0), &number, sizeof number);
    return key;
}

static ec_answer answer_of(uint32_t number) {
    ec_answer answer = {.class_id = number % LABELS,
                        .confidence = (float)number,
                        .tokens = number,
                        .windows = number + 1,
                        .score_count = LABELS};
    for (uint32_t i = 0; i < LABELS; i++) {
        answer.scores[i] = (float)(number + i);
    }
    return answer;
}

static bool same_answer(const ec_answer *a, const ec_answer *b) {
    return a->class_id == b->class_id && !(a->confidence < b->confidence) &&
           !(a->confidence > b->confidence) && a->tokens == b->tokens && a->windows == b->windows &&
           a->score_count == b->score_count &&
           memcmp(a->scores, b->scores, a->score_count * sizeof *a->scores) == 0;
}

// The latest used first.
typedef struct naive {
    uint32_t keys[MOST], values[MOST];
    size_t count, capacity;
    uint64_t hits, misses;
} naive;

static bool naive_touch(naive *list, uint32_t key) {
    for (size_t i = 0; i < list->count; i++) {
        if (list->keys[i] == key) {
            const uint32_t value = list->values[i];
            memmove(list->keys + 1, list->keys, i * sizeof *list->keys);
            memmove(list->values + 1, list->values, i * sizeof *list->values);
            list->keys[0] = key;
            list->values[0] = value;
            return true;
        }
    }
    return false;
}

static void naive_put(naive *list, uint32_t key, uint32_t value) {
    if (!naive_touch(list, key)) {
        list->count += list->count < list->capacity;
        memmove(list->keys + 1, list->keys, (list->count - 1) * sizeof *list->keys);
        memmove(list->values + 1, list->values, (list->count - 1) * sizeof *list->values);
        list->keys[0] = key;
    }
    list->values[0] = value;
}

static void check_get(ec_cache *cache, naive *list, uint32_t number, bool collide) {
    const ec_email_key key = key_of(number, collide);
    ec_answer answer = {0};
    const bool expected = naive_touch(list, number);
    *(expected ? &list->hits : &list->misses) += 1;
    if (EC_CHECK_EQUAL(ec_cache_get(cache, &key, &answer), expected) && expected) {
        const ec_answer kept = answer_of(list->values[0]);
        EC_CHECK(same_answer(&answer, &kept));
    }
}

static void test_against_naive(size_t capacity, bool collide) {
    ec_cache *cache = NULL;
    naive list = {.capacity = capacity};
    EC_CHECK_EQUAL(ec_cache_new(capacity, LABELS, &cache, NULL), EC_OK);
    for (int i = 0; i < 20000; i++) {
        const uint32_t number = random_below((uint32_t)capacity * 2 + 1);
        const ec_email_key key = key_of(number, collide);
        const uint32_t what = random_below(1000);
        if (what == 0) {
            ec_cache_clear(cache);
            list.count = 0;
        } else if (what < 500) {
            const uint32_t value = random_below(100000);
            const ec_answer answer = answer_of(value);
            ec_cache_put(cache, &key, &answer);
            naive_put(&list, number, value);
        } else {
            check_get(cache, &list, number, collide);
        }
    }
    const ec_cache_stats stats = ec_cache_get_stats(cache);
    EC_CHECK_EQUAL(stats.entries, list.count);
    EC_CHECK_EQUAL(stats.capacity, capacity);
    EC_CHECK_EQUAL(stats.hits, list.hits);
    EC_CHECK_EQUAL(stats.misses, list.misses);
    ec_cache_free(cache);
}

static void test_arguments(void) {
    ec_cache *cache = NULL;
    ec_error error = {0};
    EC_CHECK_EQUAL(ec_cache_new(1, 0, &cache, &error), EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(error.status, EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(ec_cache_new(1, EC_MAX_LABELS + 1, &cache, NULL), EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(ec_cache_new(1, 1, NULL, NULL), EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(ec_cache_new(SIZE_MAX, 6, &cache, NULL), EC_ERROR_NO_MEMORY);
    EC_CHECK_EQUAL(ec_cache_new(SIZE_MAX / 1000, 6, &cache, NULL), EC_ERROR_NO_MEMORY);
    EC_CHECK(cache == NULL);
    EC_CHECK_EQUAL(ec_cache_new(0, EC_MAX_LABELS, &cache, NULL), EC_OK);
    EC_CHECK_EQUAL(ec_cache_get_stats(cache).capacity, EC_CACHE_DEFAULT);
    EC_CHECK_EQUAL(ec_cache_label_count(cache), EC_MAX_LABELS);
    ec_cache_free(cache);
    ec_cache_free(NULL);
}

// Keys that differ in their last byte only are different emails.
static void test_full_key(void) {
    ec_cache *cache = NULL;
    EC_CHECK_EQUAL(ec_cache_new(4, LABELS, &cache, NULL), EC_OK);
    ec_email_key key = {{0}};
    const ec_answer kept = answer_of(1);
    ec_answer answer = {.source = EC_SOURCE_RULES, .truncated = true};
    ec_cache_put(cache, &key, &kept);
    key.bytes[31] = 1;
    EC_CHECK(!ec_cache_get(cache, &key, &answer));
    key.bytes[31] = 0;
    EC_CHECK(ec_cache_get(cache, &key, &answer));
    EC_CHECK(answer.source == EC_SOURCE_RULES && answer.truncated);
    ec_cache_free(cache);
}

int main(void) {
    test_against_naive(1, false);
    test_against_naive(2, true);
    test_against_naive(7, false);
    test_against_naive(64, false);
    test_against_naive(33, true);
    test_arguments();
    test_full_key();
    return ec_test_result();
}
