// SPDX-License-Identifier: Apache-2.0
// The settings of `serve`: each an environment variable and an option, from one table. An option
// wins over the variable, an empty variable counts as unset.
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include "log.h"
#include "security/client_address.h"
#include "security/cors.h"
#include "security/jwt.h"
#include "security/rate_limit.h"

enum { CONFIG_SECRET_BYTES = 4096 };

typedef struct server_config {
    const char *host;
    const char *model;     // NULL: to be searched for
    const char *web_root;  // NULL: to be searched for
    unsigned port;         // 0: any free one
    unsigned workers;
    unsigned max_queue;        // emails waiting
    unsigned max_connections;  // open at once
    unsigned cache_size;       // 0: no cache
    unsigned breaker_failures;
    unsigned breaker_recovery_s;
    unsigned header_timeout_s, body_timeout_s, answer_timeout_s, idle_timeout_s;
    unsigned answer_min_kb_per_second;
    unsigned max_body_memory_mb;  // of all request bodies at once
    ec_policy policy;
    log_level log_level;
    rate rate_limit;
    trusted_proxies proxies;
    cors_origins origins;
    jwt_settings jwt;  // without a first secret: no token is asked for
    char secrets[JWT_SECRETS][CONFIG_SECRET_BYTES];
    const char *google_project;  // NULL: logs name no Google trace
} server_config;

// Fills *config from defaults, environment and arguments, argv[0] being the command's name. False
// when something is wrong, which is said on stderr. Strings are those of the environment and the
// arguments. Not to be copied: it points into itself.
bool config_read(server_config *config, int argc, char **argv);

bool config_wants_tokens(const server_config *config);

// Prints the options of `serve --help`.
void config_print_help(void);

#endif
