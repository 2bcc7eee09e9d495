// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "options.h"
#include "process.h"

// One setting. `set` returns NULL, or what is wrong; a number has `at` instead.
typedef struct setting {
    const char *variable;
    const char *option;  // NULL: only the variable, since others can see a command line
    const char *value;   // its name in the help
    const char *otherwise;
    const char *help;
    const char *(*set)(server_config *config, const char *value);
    size_t at;  // of an unsigned in server_config
    unsigned min, max;
} setting;

// ---------------------------------------------------------------------------- setters

static const char *set_host(server_config *c, const char *value) {
    c->host = value;
    return NULL;
}

static const char *set_model(server_config *c, const char *value) {
    c->model = value;
    return NULL;
}

static const char *set_web_root(server_config *c, const char *value) {
    c->web_root = value;
    return NULL;
}

static const char *set_workers(server_config *c, const char *value) {
    char *end = NULL;
    const unsigned long workers = strtoul(value, &end, 10);
    if (strcmp(value, "auto") == 0) {
        c->workers = process_processors();
        c->workers = c->workers > OPTION_MAX_THREADS ? OPTION_MAX_THREADS : c->workers;
        return NULL;
    }
    if (*value < '0' || *value > '9' || *end != '\0' || workers < 1 ||
        workers > OPTION_MAX_THREADS) {
        return "expected auto, or a whole number from 1 to 256";
    }
    c->workers = (unsigned)workers;
    return NULL;
}

static const char *set_rate_limit(server_config *c, const char *value) {
    return rate_parse(text_of(value), &c->rate_limit)
               ? NULL
               : "expected N/second, N/minute, N/hour or off";
}

static const char *set_proxies(server_config *c, const char *value) {
    return trusted_proxies_parse(text_of(value), &c->proxies);
}

static const char *set_origins(server_config *c, const char *value) {
    return cors_parse(text_of(value), &c->origins);
}

static const char *set_secret(server_config *c, size_t index, const char *value, size_t length) {
    if (length == 0) {
        return NULL;
    }
    if (length >= CONFIG_SECRET_BYTES) {
        return "is longer than 4095 bytes";
    }
    memcpy(c->secrets[index], value, length);
    c->jwt.secrets[index] = (text){c->secrets[index], length};
    return jwt_secret_problem(c->jwt.secrets[index]);
}

static const char *set_jwt_secret(server_config *c, const char *value) {
    return set_secret(c, 0, value, strlen(value));
}

static const char *set_jwt_secret_before(server_config *c, const char *value) {
    return set_secret(c, 1, value, strlen(value));
}

// A line end at the end of the file is not part of the secret.
static const char *read_secret(server_config *c, size_t index, const char *path) {
    if (*path == '\0') {
        return NULL;
    }
    text_buffer content = {0};
    const char *problem = "expected a file that can be read";
    if (input_read_file(path, CONFIG_SECRET_BYTES, &content)) {
        size_t length = content.length;
        while (length > 0 &&
               (content.data[length - 1] == '\n' || content.data[length - 1] == '\r')) {
            length--;
        }
        problem = length > 0 ? set_secret(c, index, content.data, length)
                             : "expected a file with a secret";
    }
    buffer_free(&content);
    return problem;
}

static const char *set_jwt_secret_file(server_config *c, const char *value) {
    return read_secret(c, 0, value);
}

static const char *set_jwt_secret_before_file(server_config *c, const char *value) {
    return read_secret(c, 1, value);
}

static const char *set_issuer(server_config *c, const char *value) {
    c->jwt.issuer = *value != '\0' ? value : NULL;
    return NULL;
}

static const char *set_audience(server_config *c, const char *value) {
    c->jwt.audience = *value != '\0' ? value : NULL;
    return NULL;
}

static const char *set_policy(server_config *c, const char *value) {
    if (strcmp(value, "text") != 0 && strcmp(value, "strict") != 0) {
        return "expected text or strict";
    }
    c->policy = strcmp(value, "strict") == 0 ? EC_POLICY_STRICT : EC_POLICY_TEXT;
    return NULL;
}

static const char *set_log_level(server_config *c, const char *value) {
    static const char *const names[] = {"debug", "info", "warning", "error", "off"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(value, names[i]) == 0) {
            c->log_level = (log_level)i;
            return NULL;
        }
    }
    return "expected debug, info, warning, error or off";
}

static const char *set_google_project(server_config *c, const char *value) {
    c->google_project = *value != '\0' ? value : NULL;
    return NULL;
}

// ---------------------------------------------------------------------------- table

#define NUMBER(field) NULL, offsetof(server_config, field)
#define SETTER(function) function, 0

static const setting settings[] = {
    {"HOST", "host", "ADDRESS", "0.0.0.0", "address to listen on", SETTER(set_host), 0, 0},
    {"PORT", "port", "N", "8080", "port; 0 takes any free one", NUMBER(port), 0, 65535},
    {"MODEL_PATH", "model", "FILE", "", "the model bundle (default: beside the program)",
     SETTER(set_model), 0, 0},
    {"WEB_ROOT", "web-root", "FOLDER", "", "the web page (default: beside the program)",
     SETTER(set_web_root), 0, 0},
    {"WORKERS", "workers", "N", "auto", "threads that classify; auto: one a processor",
     SETTER(set_workers), 0, 0},
    {"MAX_QUEUE", "max-queue", "N", "128", "emails that may wait; more are refused with 429",
     NUMBER(max_queue), 1, 100000},
    {"MAX_CONNECTIONS", "max-connections", "N", "4096", "connections open at once",
     NUMBER(max_connections), 1, 100000},
    {"MAX_BODY_MEMORY_MB", "max-body-memory-mb", "N", "64", "memory for request bodies being read",
     NUMBER(max_body_memory_mb), 2, 100000},
    {"CACHE_SIZE", "cache-size", "N", "1000", "answers remembered; 0: none", NUMBER(cache_size), 0,
     10000000},
    {"RATE_LIMIT", "rate-limit", "RATE", "10/minute",
     "emails of one client: N/second, N/minute, N/hour or off", SETTER(set_rate_limit), 0, 0},
    {"TRUSTED_PROXIES", "trusted-proxies", "LIST", "",
     "networks whose X-Forwarded-For is believed, as in 10.0.0.0/8,::1", SETTER(set_proxies), 0, 0},
    {"JWT_SECRET", NULL, "", "", "asks for tokens signed (HS256) with this, 32 bytes at least",
     SETTER(set_jwt_secret), 0, 0},
    {"JWT_SECRET_FILE", "jwt-secret-file", "FILE", "", "the same, from a file",
     SETTER(set_jwt_secret_file), 0, 0},
    {"JWT_SECRET_PREVIOUS", NULL, "", "", "a second secret that is still good, for changing it",
     SETTER(set_jwt_secret_before), 0, 0},
    {"JWT_SECRET_PREVIOUS_FILE", "jwt-secret-previous-file", "FILE", "", "the same, from a file",
     SETTER(set_jwt_secret_before_file), 0, 0},
    {"JWT_ISSUER", "jwt-issuer", "TEXT", "", "what a token's iss must be", SETTER(set_issuer), 0,
     0},
    {"JWT_AUDIENCE", "jwt-audience", "TEXT", "", "what a token's aud must have",
     SETTER(set_audience), 0, 0},
    {"ALLOWED_ORIGINS", "allowed-origins", "LIST", "",
     "web pages elsewhere that may call, as in https://a.example; * is any", SETTER(set_origins), 0,
     0},
    {"POLICY", "policy", "NAME", "text", "text: any script; strict: ASCII subjects",
     SETTER(set_policy), 0, 0},
    {"LOG_LEVEL", "log-level", "LEVEL", "info", "debug, info, warning, error or off",
     SETTER(set_log_level), 0, 0},
    {"BREAKER_FAILURE_THRESHOLD", "breaker-failure-threshold", "N", "5",
     "failures in a row after which the model is left alone", NUMBER(breaker_failures), 1, 1000000},
    {"BREAKER_RECOVERY_SECONDS", "breaker-recovery-seconds", "N", "60", "for how long",
     NUMBER(breaker_recovery_s), 1, 86400},
    {"HEADER_TIMEOUT_SECONDS", "header-timeout-seconds", "N", "10",
     "time for a request's headers to come", NUMBER(header_timeout_s), 1, 3600},
    {"BODY_TIMEOUT_SECONDS", "body-timeout-seconds", "N", "20", "time for its body to come",
     NUMBER(body_timeout_s), 1, 3600},
    {"ANSWER_TIMEOUT_SECONDS", "answer-timeout-seconds", "N", "20", "time to read a short answer",
     NUMBER(answer_timeout_s), 1, 3600},
    {"ANSWER_MIN_KB_PER_SECOND", "answer-min-kb-per-second", "N", "64",
     "the slowest that a long answer may be read", NUMBER(answer_min_kb_per_second), 1, 1000000},
    {"IDLE_TIMEOUT_SECONDS", "idle-timeout-seconds", "N", "75", "time between two requests",
     NUMBER(idle_timeout_s), 1, 3600},
    {"GOOGLE_CLOUD_PROJECT", "google-cloud-project", "ID", "", "names Google traces in the log",
     SETTER(set_google_project), 0, 0},
};
enum { SETTING_COUNT = sizeof settings / sizeof *settings };

static const char *set_number(server_config *config, const setting *s, const char *value) {
    char *end = NULL;
    errno = 0;
    const unsigned long number = strtoul(value, &end, 10);
    if (*value < '0' || *value > '9' || *end != '\0' || errno != 0 || number < s->min ||
        number > s->max) {
        return "expected a whole number";
    }
    memcpy((char *)config + s->at, &(unsigned){(unsigned)number}, sizeof(unsigned));
    return NULL;
}

// `name` is that of the variable or option, for the message. A secret is never shown.
static bool apply(server_config *config, const setting *s, const char *name, const char *value) {
    const char *problem = s->set != NULL ? s->set(config, value) : set_number(config, s, value);
    if (problem == NULL) {
        return true;
    }
    const char *shown = s->option != NULL ? value : "(hidden)";
    if (s->set == NULL) {
        cli_error("%s %s: %s from %u to %u", name, shown, problem, s->min, s->max);
    } else {
        cli_error("%s %s: %s", name, shown, problem);
    }
    return false;
}

static bool apply_environment(server_config *config) {
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const char *value = getenv(settings[i].variable);
        if (*settings[i].otherwise != '\0' &&
            !apply(config, &settings[i], settings[i].variable, settings[i].otherwise)) {
            return false;
        }
        if (value != NULL && *value != '\0' &&
            !apply(config, &settings[i], settings[i].variable, value)) {
            return false;
        }
    }
    return true;
}

static bool apply_options(server_config *config, int argc, char **argv) {
    struct option longs[SETTING_COUNT + 1] = {0};
    size_t count = 0;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (settings[i].option != NULL) {
            longs[count++] = (struct option){settings[i].option, required_argument, NULL, (int)i};
        }
    }
    char program[] = CLI_NAME;
    argv[0] = program;  // getopt_long names it in its messages
    optind = 1;
    for (int found; (found = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        char name[64];
        if (found == '?') {
            return false;
        }
        snprintf(name, sizeof name, "--%s", settings[found].option);
        if (!apply(config, &settings[found], name, optarg)) {
            return false;
        }
    }
    if (optind < argc) {
        cli_error("no argument '%s' is taken", argv[optind]);
        return false;
    }
    return true;
}

bool config_read(server_config *config, int argc, char **argv) {
    memset(config, 0, sizeof *config);
    if (!apply_environment(config) || !apply_options(config, argc, argv)) {
        return false;
    }
    if (config->jwt.secrets[1].length > 0 && config->jwt.secrets[0].length == 0) {
        cli_error("JWT_SECRET_PREVIOUS needs a JWT_SECRET");
        return false;
    }
    return true;
}

bool config_wants_tokens(const server_config *config) { return config->jwt.secrets[0].length > 0; }

void config_print_help(void) {
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const setting *s = &settings[i];
        char option[64] = "";
        if (s->option != NULL) {
            snprintf(option, sizeof option, "--%s %s", s->option, s->value);
        }
        printf("  %-25s  %s\n", s->variable, option);
        printf("        %s", s->help);
        printf(*s->otherwise != '\0' ? " (default %s)\n" : "\n", s->otherwise);
    }
}
