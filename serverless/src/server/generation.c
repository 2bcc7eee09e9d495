// SPDX-License-Identifier: Apache-2.0
#include "generation.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct generation {
    atomic_uint holders;
    model_file file;
    pthread_mutex_t mutex;  // of cache and breaker
    ec_cache *cache;
    ec_breaker breaker;
    ec_shared shared;
};

static void lock(void *context) { pthread_mutex_lock(context); }
static void unlock(void *context) { pthread_mutex_unlock(context); }

static bool add_cache(generation *g, size_t capacity) {
    const ec_model_info *info = ec_model_get_info(g->file.model);
    ec_error error = {0};
    if (capacity == 0 || ec_cache_new(capacity, info->label_count, &g->cache, &error) == EC_OK) {
        return true;
    }
    cli_error_of("cache", &error);
    return false;
}

static generation *make(const server_config *config, bool with_model) {
    generation *g = calloc(1, sizeof *g);
    if (g == NULL) {
        cli_error("no memory");
        return NULL;
    }
    atomic_init(&g->holders, 1);
    pthread_mutex_init(&g->mutex, NULL);
    ec_breaker_init(&g->breaker, config->breaker_failures,
                    (uint64_t)config->breaker_recovery_s * 1000);
    const cli_options options = {.model = config->model};
    if (with_model) {
        model_file_open(&g->file, &options, false);
    }
    if (!add_cache(g, config->cache_size)) {
        generation_release(g);
        return NULL;
    }
    g->shared = (ec_shared){g->cache, &g->breaker, lock, unlock, &g->mutex};
    return g;
}

generation *generation_load(const server_config *config) { return make(config, true); }
generation *generation_rules(const server_config *config) { return make(config, false); }

generation *generation_hold(generation *g) {
    atomic_fetch_add(&g->holders, 1);
    return g;
}

void generation_release(generation *g) {
    if (g == NULL || atomic_fetch_sub(&g->holders, 1) > 1) {
        return;
    }
    model_file_close(&g->file);
    ec_cache_free(g->cache);
    pthread_mutex_destroy(&g->mutex);
    free(g);
}

const ec_model *generation_model(const generation *g) { return g->file.model; }
double generation_load_ms(const generation *g) { return g->file.load_ms; }
const ec_shared *generation_shared(const generation *g) { return &g->shared; }

generation_state generation_get_state(generation *g) {
    pthread_mutex_lock(&g->mutex);
    const generation_state state = {.breaker = g->breaker,
                                    .cache = g->cache != NULL ? ec_cache_get_stats(g->cache)
                                                              : (ec_cache_stats){0}};
    pthread_mutex_unlock(&g->mutex);
    return state;
}
