// SPDX-License-Identifier: Apache-2.0
//
// A hash table with chains, and a doubly linked list in order of use; both link entries by index.
//
//     buckets[hash] -> entry -> entry -> NO_ENTRY         (chain)
//     newest <-> entry <-> ... <-> oldest                 (older, newer)
#include "cache.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

#define NO_ENTRY UINT32_MAX

typedef struct entry {
    ec_email_key key;
    uint32_t chain;  // next of the same bucket
    uint32_t newer, older;
    uint32_t class_id;
    float confidence;
    uint32_t tokens, windows;
    uint32_t score_count;
} entry;

// All in one allocation, in this order.
struct ec_cache {
    entry *entries;     // [capacity], the first `count` in use
    float *scores;      // [capacity, label_count]
    uint32_t *buckets;  // [bucket_mask + 1]
    uint32_t capacity, count;
    uint32_t bucket_mask;
    uint32_t label_count;
    uint32_t newest, oldest;
    uint64_t hits, misses;
};

// ------------------------------------------------------------- making

static uint32_t buckets_for(size_t capacity) {
    uint32_t buckets = 1;
    while (buckets < capacity) {
        buckets *= 2;
    }
    return buckets;
}

static ec_status fail_new(ec_error *error, size_t capacity) {
    return ec_fail(error, EC_ERROR_NO_MEMORY, "cache", 0,
                   "There is no memory for a cache of %zu entries.", capacity);
}

ec_status ec_cache_new(size_t capacity, uint32_t label_count, ec_cache **out, ec_error *error) {
    if (out == NULL || label_count == 0 || label_count > EC_MAX_LABELS) {
        return ec_fail(error, EC_ERROR_ARGUMENT, "cache", 0,
                       "A cache needs 1 to %u labels, and a place for its pointer.",
                       (unsigned)EC_MAX_LABELS);
    }
    const size_t entries = capacity != 0 ? capacity : EC_CACHE_DEFAULT;
    const size_t per_entry = sizeof(entry) + label_count * sizeof(float);
    // At most two buckets an entry.
    if (entries > UINT32_MAX / 2 || entries > SIZE_MAX / 2 / (per_entry + 2 * sizeof(uint32_t))) {
        return fail_new(error, entries);
    }
    const uint32_t buckets = buckets_for(entries);
    ec_cache *cache = malloc(sizeof *cache + entries * per_entry + buckets * sizeof(uint32_t));
    if (cache == NULL) {
        return fail_new(error, entries);
    }
    *cache = (ec_cache){
        .capacity = (uint32_t)entries, .bucket_mask = buckets - 1, .label_count = label_count};
    cache->entries = (entry *)(cache + 1);
    cache->scores = (float *)(cache->entries + entries);
    cache->buckets = (uint32_t *)(cache->scores + entries * label_count);
    ec_cache_clear(cache);
    *out = cache;
    return EC_OK;
}

void ec_cache_free(ec_cache *cache) { free(cache); }

void ec_cache_clear(ec_cache *cache) {
    if (cache != NULL) {
        cache->count = 0;
        cache->newest = NO_ENTRY;
        cache->oldest = NO_ENTRY;
        memset(cache->buckets, 0xFF, ((size_t)cache->bucket_mask + 1) * sizeof(uint32_t));
    }
}

ec_cache_stats ec_cache_get_stats(const ec_cache *cache) {
    if (cache == NULL) {
        return (ec_cache_stats){0};
    }
    return (ec_cache_stats){cache->count, cache->capacity, cache->hits, cache->misses};
}

uint32_t ec_cache_label_count(const ec_cache *cache) { return cache->label_count; }

// ------------------------------------------------------------- chains

// A SHA-256 is as good as random, so any of its bits choose the bucket.
static uint32_t *bucket_of(ec_cache *cache, const ec_email_key *key) {
    uint32_t hash = 0;
    memcpy(&hash, key->bytes, sizeof hash);
    return &cache->buckets[hash & cache->bucket_mask];
}

static uint32_t find(ec_cache *cache, const ec_email_key *key) {
    uint32_t at = *bucket_of(cache, key);
    while (at != NO_ENTRY && memcmp(&cache->entries[at].key, key, sizeof *key) != 0) {
        at = cache->entries[at].chain;
    }
    return at;
}

static void unchain(ec_cache *cache, uint32_t at) {
    uint32_t *link = bucket_of(cache, &cache->entries[at].key);
    while (*link != at) {
        link = &cache->entries[*link].chain;
    }
    *link = cache->entries[at].chain;
}

static void chain(ec_cache *cache, uint32_t at, const ec_email_key *key) {
    uint32_t *bucket = bucket_of(cache, key);
    cache->entries[at].key = *key;
    cache->entries[at].chain = *bucket;
    *bucket = at;
}

// ------------------------------------------------------------- order of use

static void unlink_entry(ec_cache *cache, uint32_t at) {
    const entry *e = &cache->entries[at];
    *(e->newer != NO_ENTRY ? &cache->entries[e->newer].older : &cache->newest) = e->older;
    *(e->older != NO_ENTRY ? &cache->entries[e->older].newer : &cache->oldest) = e->newer;
}

static void link_newest(ec_cache *cache, uint32_t at) {
    entry *e = &cache->entries[at];
    e->newer = NO_ENTRY;
    e->older = cache->newest;
    *(e->older != NO_ENTRY ? &cache->entries[e->older].newer : &cache->oldest) = at;
    cache->newest = at;
}

// ------------------------------------------------------------- using

bool ec_cache_get(ec_cache *cache, const ec_email_key *key, ec_answer *answer) {
    const uint32_t at = find(cache, key);
    if (at == NO_ENTRY) {
        cache->misses++;
        return false;
    }
    cache->hits++;
    unlink_entry(cache, at);
    link_newest(cache, at);
    const entry *e = &cache->entries[at];
    answer->class_id = e->class_id;
    answer->confidence = e->confidence;
    answer->tokens = e->tokens;
    answer->windows = e->windows;
    answer->score_count = e->score_count;
    memcpy(answer->scores, cache->scores + (size_t)at * cache->label_count,
           e->score_count * sizeof(float));
    return true;
}

// The entry for a new key, chained but not linked.
static uint32_t new_entry(ec_cache *cache, const ec_email_key *key) {
    uint32_t at = cache->count;
    if (cache->count < cache->capacity) {
        cache->count++;
    } else {
        at = cache->oldest;
        unlink_entry(cache, at);
        unchain(cache, at);
    }
    chain(cache, at, key);
    return at;
}

void ec_cache_put(ec_cache *cache, const ec_email_key *key, const ec_answer *answer) {
    uint32_t at = find(cache, key);
    if (at == NO_ENTRY) {
        at = new_entry(cache, key);
    } else {
        unlink_entry(cache, at);
    }
    link_newest(cache, at);
    entry *e = &cache->entries[at];
    e->class_id = answer->class_id;
    e->confidence = answer->confidence;
    e->tokens = answer->tokens;
    e->windows = answer->windows;
    e->score_count = answer->score_count;
    memcpy(cache->scores + (size_t)at * cache->label_count, answer->scores,
           e->score_count * sizeof(float));
}
