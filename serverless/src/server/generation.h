// SPDX-License-Identifier: Apache-2.0
// A model as loaded, with the cache and the circuit breaker that belong to it. A reload makes the
// next generation; the old one lives until its last worker has let go of it.
#ifndef SERVER_GENERATION_H
#define SERVER_GENERATION_H

#include "config.h"
#include "model_file.h"

typedef struct generation generation;

// Loads the model that the settings name. Without a usable one, said on stderr: a generation that
// answers by rules. NULL without memory. The caller holds it.
generation *generation_load(const server_config *config);

// One that only ever answers by rules.
generation *generation_rules(const server_config *config);

generation *generation_hold(generation *g);
void generation_release(generation *g);

const ec_model *generation_model(const generation *g);  // NULL: rules
double generation_load_ms(const generation *g);
const ec_shared *generation_shared(const generation *g);

typedef struct generation_state {
    ec_breaker breaker;
    ec_cache_stats cache;
} generation_state;

// Any thread.
generation_state generation_get_state(generation *g);

#endif
