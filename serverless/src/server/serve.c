// SPDX-License-Identifier: Apache-2.0
// serve: the HTTP server from start to end.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "http.h"
#include "options.h"
#include "routes.h"

enum {
    TICK_MS = 250,    // how often deadlines are looked at
    GRACE_MS = 500,   // time for connections to send a last request when the server ends
    HURRY_MS = 3500,  // after that the rules answer
    DRAIN_MS = 6000,  // time for what is under way, of the 8 s in all
    DRAIN_TICK_MS = 10,
    SPARE_FDS = 64  // for everything that is no connection
};

// ---------------------------------------------------------------------------- signals

static sigset_t watched_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

// The next signal, or 0 after `milliseconds`.
static int wait_for_signal(long milliseconds) {
    const sigset_t set = watched_signals();
    const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    const int number = sigtimedwait(&set, NULL, &time);
    return number > 0 ? number : 0;
}

// ---------------------------------------------------------------------------- model

static void log_model(server *s, const generation *g, const char *event, const char *message) {
    const ec_model *model = generation_model(g);
    log_line line;
    log_begin(&line, s->log, model != NULL ? LOG_INFO : LOG_WARNING, event, message);
    log_text(&line, "model_version", text_of(ec_model_get_info(model)->version));
    if (model != NULL) {
        log_number(&line, "load_time_ms", generation_load_ms(g), 1);
    }
    log_end(&line);
}

static void count_model(server *s, const generation *g) {
    telemetry_set_labels(s->telemetry, ec_model_get_info(generation_model(g)));
    if (generation_model(g) != NULL) {
        telemetry_model_load(s->telemetry, generation_load_ms(g) / 1e3);
    }
}

// Without a usable file the present model stays.
static void reload(server *s) {
    generation *next = generation_load(&s->config);
    if (next == NULL || generation_model(next) == NULL) {
        log_event(s->log, LOG_ERROR, "model_reload_failed",
                  "the model cannot be loaded; the present one stays in use");
        generation_release(next);
        return;
    }
    count_model(s, next);
    engine_set_generation(s->engine, next);
    log_model(s, next, "model_reloaded", "model reloaded");
    generation_release(next);
}

// ---------------------------------------------------------------------------- serving

static void tick(server *s) {
    const size_t closed = connections_reap(s->connections);
    if (closed > 0) {
        log_line line;
        log_begin(&line, s->log, LOG_DEBUG, "connections_timed_out",
                  "connections past their deadline closed");
        log_number(&line, "count", (double)closed, 0);
        log_end(&line);
    }
}

static void serve_until_signal(server *s) {
    for (;;) {
        const int number = wait_for_signal(TICK_MS);
        if (number == SIGHUP) {
            reload(s);
        } else if (number != 0) {
            return;
        }
        tick(s);
    }
}

// Work that would take too long to end is answered by the rules, which take no time.
static void hurry(server *s) {
    generation *rules = generation_rules(&s->config);
    if (rules != NULL) {
        engine_set_generation(s->engine, rules);
        log_event(s->log, LOG_WARNING, "server_hurrying", "what still waits is answered by rules");
        generation_release(rules);
    }
}

// Lets what is under way come to its end. Clients that keep their connection are told on their
// next answer to close it; after a grace period the silent ones are closed.
static void drain(server *s, http_listener *listener) {
    const double start = clock_ms();
    bool hurried = false;
    atomic_store(&s->draining, true);
    log_event(s->log, LOG_INFO, "server_ending", "finishing what is under way");
    http_stop_accepting(listener);
    for (double now = start; now < start + DRAIN_MS; now = clock_ms()) {
        if (now > start + GRACE_MS) {
            connections_close_idle(s->connections);
        }
        if (now > start + HURRY_MS && !hurried) {
            hurried = true;
            hurry(s);
        }
        if (connections_count(s->connections).open == 0) {
            return;
        }
        tick(s);
        wait_for_signal(DRAIN_TICK_MS);
    }
}

static void announce(server *s, const http_listener *listener) {
    log_line line;
    log_begin(&line, s->log, LOG_INFO, "server_started", "listening");
    log_text(&line, "host", text_of(s->config.host));
    log_number(&line, "port", http_port(listener), 0);
    log_number(&line, "workers", s->config.workers, 0);
    log_text(&line, "version", text_of(EC_VERSION));
    log_text(&line, "rate_limit", text_of(s->config.rate_limit.limit > 0 ? "on" : "off"));
    log_text(&line, "tokens", text_of(config_wants_tokens(&s->config) ? "required" : "off"));
    log_end(&line);
}

// ---------------------------------------------------------------------------- start and end

// As many descriptors as the system lets us have; not more connections than that.
static void fit_descriptors(server_config *config) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) {
        return;
    }
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    const rlim_t room =
        files.rlim_cur > 2 * SPARE_FDS ? files.rlim_cur - SPARE_FDS : files.rlim_cur / 2;
    if (room < config->max_connections) {
        config->max_connections = (unsigned)room;
        cli_error("only %u connections, for lack of file descriptors", config->max_connections);
    }
}

static bool is_folder(const char *path) { return access(path, R_OK | X_OK) == 0; }

// The page: as told, else beside the program or where the build and the installation put it.
static const char *find_page(const server_config *config, char out[4096]) {
    static const char *const places[] = {"web", "../../web", "../share/email-classifier/web"};
    char folder[3072];
    if (config->web_root != NULL) {
        return config->web_root;
    }
    for (size_t i = 0; i < sizeof places / sizeof *places && own_folder(folder, sizeof folder);
         i++) {
        snprintf(out, 4096, "%s/%s", folder, places[i]);
        if (is_folder(out)) {
            return out;
        }
    }
    return NULL;
}

static connection_deadlines deadlines_of(const server_config *config) {
    return (connection_deadlines){.headers_ms = config->header_timeout_s * 1e3,
                                  .idle_ms = config->idle_timeout_s * 1e3,
                                  .body_ms = config->body_timeout_s * 1e3,
                                  .answer_ms = config->answer_timeout_s * 1e3,
                                  .answer_bytes_per_ms =
                                      config->answer_min_kb_per_second * 1024 / 1e3};
}

static bool open_parts(server *s) {
    char page[4096];
    uint8_t seed[RATE_SEED_BYTES];
    size_t route_count = 0;
    const char *const *names = route_names(&route_count);
    if (getrandom(seed, sizeof seed, 0) != (ssize_t)sizeof seed ||
        getrandom(s->id_seed, sizeof s->id_seed, 0) != (ssize_t)sizeof s->id_seed) {
        cli_error("the system gives no random bytes");
        return false;
    }
    const connection_deadlines deadlines = deadlines_of(&s->config);
    s->telemetry = telemetry_new(names, route_count);
    s->connections = connections_new(&deadlines);
    s->limiter = rate_limiter_new(s->config.rate_limit, seed);
    s->system = system_sampler_new();
    s->log = log_new(s->config.log_level);
    if (s->telemetry == NULL || s->connections == NULL || s->limiter == NULL || s->system == NULL ||
        s->log == NULL) {
        cli_error("no memory or no threads");
        return false;
    }
    s->files = static_files_new(find_page(&s->config, page));
    return s->files != NULL;
}

static bool open_engine(server *s) {
    generation *first = generation_load(&s->config);
    if (first == NULL) {
        return false;
    }
    count_model(s, first);
    log_model(s, first, generation_model(first) != NULL ? "model_loaded" : "model_missing",
              generation_model(first) != NULL ? "model loaded" : "no model; the rules answer");
    s->engine = engine_new(&s->config, first);
    generation_release(first);
    return s->engine != NULL;
}

static void close_parts(server *s) {
    engine_free(s->engine);
    static_files_free(s->files);
    rate_limiter_free(s->limiter);
    connections_free(s->connections);
    telemetry_free(s->telemetry);
    system_sampler_free(s->system);
    log_free(s->log);
}

static int run(server *s) {
    const sigset_t set = watched_signals();
    pthread_sigmask(SIG_BLOCK, &set, NULL);  // for the threads too; the main one waits for them
    fit_descriptors(&s->config);
    if (!open_parts(s) || !open_engine(s)) {
        return CLI_FAILED;
    }
    http_listener *listener = http_start(s);
    if (listener == NULL) {
        return CLI_FAILED;
    }
    announce(s, listener);
    serve_until_signal(s);
    drain(s, listener);
    engine_close(s->engine);
    http_free(listener);
    log_event(s->log, LOG_INFO, "server_ended", "ended");
    return CLI_OK;
}

static void print_help(void) {
    puts("usage: email-classifier serve [OPTION...]\n"
         "\n"
         "Answers HTTP: POST /classify and /classify-batch; GET /health, /live, /ready, /metrics,\n"
         "/model-info, /openapi.json, /docs, and the web page at /. SIGHUP loads the model again,\n"
         "SIGTERM ends the server once what is under way has been answered.\n"
         "\n"
         "Every setting is an environment variable and an option; the option wins.\n");
    config_print_help();
    puts("\n"
         "examples:\n"
         "  email-classifier serve\n"
         "  RATE_LIMIT=off email-classifier serve --host 127.0.0.1 --port 8080\n"
         "  curl -s localhost:8080/classify -H 'Content-Type: application/json' \\\n"
         "    -d '{\"subject\":\"Help\",\"message\":\"My car will not start.\"}'\n"
         "\n"
         "exit status: 0 ended by a signal, 1 failed, 2 wrong usage");
}

int command_serve(int argc, char **argv) {
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        print_help();
        return CLI_OK;
    }
    char *const command = argv[0];
    server *s = calloc(1, sizeof *s);
    if (s == NULL) {
        cli_error("no memory");
        return CLI_FAILED;
    }
    int exit_code = CLI_USAGE;
    if (config_read(&s->config, argc, argv)) {
        exit_code = run(s);
        close_parts(s);
    } else {
        options_usage(command);
    }
    free(s);
    return exit_code;
}
