// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct option_rule {
    unsigned id;
    const char *name;
    char letter;
    bool has_value;
} option_rule;

static const option_rule rules[] = {
    {OPTION_SUBJECT, "subject", 's', true},
    {OPTION_FORMAT, "format", 'f', true},
    {OPTION_EXPLAIN, "explain", 'e', false},
    {OPTION_MODEL, "model", 'm', true},
    {OPTION_REQUIRE_MODEL, "require-model", 0, false},
    {OPTION_THREADS, "threads", 't', true},
    {OPTION_INPUT_FORMAT, "input-format", 0, true},
    {OPTION_OUTPUT_FORMAT, "output-format", 0, true},
    {OPTION_OUTPUT, "output", 'o', true},
    {OPTION_PREDICTIONS, "predictions", 0, true},
    {OPTION_SETTINGS, "settings", 0, true},
    {OPTION_FORCE, "force", 0, false},
    {OPTION_TOKENS, "tokens", 0, true},
    {OPTION_ITERATIONS, "iterations", 'n', true},
    {OPTION_EMAILS, "emails", 0, true},
    {OPTION_WHOLE, "whole-messages", 0, false},
    {OPTION_THREAD_LIST, "threads", 't', true},
};
enum { RULE_COUNT = sizeof rules / sizeof *rules };

// What getopt_long returns for rule i; above all letters.
enum { LONG_BASE = 1000 };

static bool refuse(const char *name, const char *value, const char *expected) {
    cli_error("--%s %s: expected %s", name, value, expected);
    return false;
}

// A list of numbers from 1 to max, separated by commas.
static bool read_numbers(const char *name, const char *value, unsigned max, number_list *list) {
    list->count = 0;
    const char *at = value;
    do {
        char *end = NULL;
        errno = 0;
        const unsigned long number = strtoul(at, &end, 10);
        const bool digits = *at >= '0' && *at <= '9';
        const bool ends = *end == '\0' || *end == ',';
        if (!digits || !ends || errno != 0 || number < 1 || number > max ||
            list->count == OPTION_MAX_NUMBERS) {
            char expected[80];
            snprintf(expected, sizeof expected, "whole numbers from 1 to %u", max);
            return refuse(name, value, expected);
        }
        list->values[list->count++] = (unsigned)number;
        at = *end == ',' ? end + 1 : NULL;
    } while (at != NULL);
    return true;
}

static bool read_table_format(const char *name, const char *value, table_format *format) {
    if (strcmp(value, "csv") != 0 && strcmp(value, "jsonl") != 0) {
        return refuse(name, value, "csv or jsonl");
    }
    *format = strcmp(value, "csv") == 0 ? TABLE_CSV : TABLE_JSONL;
    return true;
}

static bool read_format(const char *value, bool *json) {
    if (strcmp(value, "text") != 0 && strcmp(value, "json") != 0) {
        return refuse("format", value, "text or json");
    }
    *json = strcmp(value, "json") == 0;
    return true;
}

static bool read_iterations(const char *value, unsigned *iterations) {
    number_list list;
    if (!read_numbers("iterations", value, 1000000, &list)) {
        return false;
    }
    *iterations = list.values[0];
    return list.count == 1 || refuse("iterations", value, "one number");
}

static bool apply(cli_options *o, const option_rule *rule, const char *value) {
    switch (rule->id) {
    case OPTION_SUBJECT:
        o->subject = value;
        return true;
    case OPTION_FORMAT:
        return read_format(value, &o->json);
    case OPTION_EXPLAIN:
        o->explain = true;
        return true;
    case OPTION_WHOLE:
        o->whole_messages = true;
        return true;
    case OPTION_MODEL:
        o->model = value;
        return true;
    case OPTION_REQUIRE_MODEL:
        o->require_model = true;
        return true;
    case OPTION_THREADS:
        return read_numbers(rule->name, value, OPTION_MAX_THREADS, &o->threads) &&
               (o->threads.count == 1 || refuse(rule->name, value, "one number"));
    case OPTION_THREAD_LIST:
        return read_numbers(rule->name, value, OPTION_MAX_THREADS, &o->threads);
    case OPTION_INPUT_FORMAT:
        return read_table_format(rule->name, value, &o->input_format);
    case OPTION_OUTPUT_FORMAT:
        return read_table_format(rule->name, value, &o->output_format);
    case OPTION_OUTPUT:
        o->output = value;
        return true;
    case OPTION_PREDICTIONS:
        o->predictions = value;
        return true;
    case OPTION_SETTINGS:
        o->settings = value;
        return true;
    case OPTION_FORCE:
        o->force = true;
        return true;
    case OPTION_TOKENS:
        return read_numbers(rule->name, value, 65536, &o->tokens);
    case OPTION_ITERATIONS:
        return read_iterations(value, &o->iterations);
    case OPTION_EMAILS:
        o->emails = value;
        return true;
    default:
        return false;
    }
}

// Tables for getopt_long of the accepted options.
static void list_options(unsigned accepted, struct option *longs, char *letters) {
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if ((accepted & rules[i].id) == 0) {
            continue;
        }
        const int has_value = rules[i].has_value ? required_argument : no_argument;
        *longs++ = (struct option){rules[i].name, has_value, NULL, LONG_BASE + (int)i};
        if (rules[i].letter != 0) {
            *letters++ = rules[i].letter;
            if (rules[i].has_value) {
                *letters++ = ':';
            }
        }
    }
    *longs = (struct option){NULL, 0, NULL, 0};
    *letters = '\0';
}

static const option_rule *rule_of(unsigned accepted, int found) {
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if ((accepted & rules[i].id) != 0 &&
            (found == LONG_BASE + (int)i || (rules[i].letter != 0 && found == rules[i].letter))) {
            return &rules[i];
        }
    }
    return NULL;
}

bool options_read(cli_options *o, unsigned accepted, int argc, char **argv) {
    struct option longs[RULE_COUNT + 1];
    char letters[2 * RULE_COUNT + 1];
    char program[] = CLI_NAME;
    char *const command = argv[0];
    list_options(accepted, longs, letters);
    memset(o, 0, sizeof *o);
    argv[0] = program;  // getopt_long names it in its messages
    optind = 1;
    bool ok = true;
    for (int found; ok && (found = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
        const option_rule *rule = found == '?' ? NULL : rule_of(accepted, found);
        ok = rule != NULL && apply(o, rule, optarg);
    }
    argv[0] = command;
    o->files = argv + optind;
    o->file_count = argc - optind;
    return ok;
}

table_format options_table_format(const cli_options *o, const char *path) {
    const table_format format =
        o->input_format != TABLE_UNKNOWN ? o->input_format : table_format_of(path);
    if (format == TABLE_UNKNOWN) {
        cli_error("%s: say --input-format csv or jsonl", input_name(path));
    }
    return format;
}

unsigned options_threads(const cli_options *o, unsigned otherwise) {
    return o->threads.count > 0 ? o->threads.values[0] : otherwise;
}

int options_usage(const char *command) {
    fprintf(stderr, "Try '" CLI_NAME " %s --help'.\n", command);
    return CLI_USAGE;
}
