// SPDX-License-Identifier: Apache-2.0
// The options of all commands, read in one place so that the same option means the same everywhere.
#ifndef OPTIONS_H
#define OPTIONS_H

#include "cli.h"
#include "table.h"

// Which options a command takes.
enum {
    OPTION_SUBJECT = 1 << 0,
    OPTION_FORMAT = 1 << 1,
    OPTION_MODEL = 1 << 2,  // --model
    OPTION_REQUIRE_MODEL = 1 << 3,
    OPTION_THREADS = 1 << 4,  // one number
    OPTION_INPUT_FORMAT = 1 << 5,
    OPTION_OUTPUT_FORMAT = 1 << 6,
    OPTION_OUTPUT = 1 << 7,
    OPTION_PREDICTIONS = 1 << 8,
    OPTION_SETTINGS = 1 << 9,
    OPTION_FORCE = 1 << 10,
    OPTION_TOKENS = 1 << 11,
    OPTION_ITERATIONS = 1 << 12,
    OPTION_EMAILS = 1 << 13,
    OPTION_THREAD_LIST = 1 << 14,  // --threads with several numbers
    OPTION_EXPLAIN = 1 << 15,
    OPTION_WHOLE = 1 << 16  // --whole-messages
};

enum { OPTION_MAX_NUMBERS = 16, OPTION_MAX_THREADS = 256 };

typedef struct number_list {
    unsigned values[OPTION_MAX_NUMBERS];
    size_t count;
} number_list;

typedef struct cli_options {
    const char *subject;  // NULL: not given
    const char *model;    // NULL: to be searched for
    const char *output;
    const char *predictions;
    const char *settings;
    const char *emails;
    bool json;  // --format json
    bool explain;
    bool whole_messages;
    bool require_model;
    bool force;
    table_format input_format;
    table_format output_format;
    number_list threads;
    number_list tokens;
    unsigned iterations;  // 0: not given
    char **files;         // what is left of the command line
    int file_count;
} cli_options;

// Reads the arguments of a command, argv[0] being its name. `accepted` is a sum of OPTION_...
// False when they are wrong, which is said on stderr.
bool options_read(cli_options *options, unsigned accepted, int argc, char **argv);

// The format of the table at `path`: --input-format, else by its ending. TABLE_UNKNOWN when neither
// tells, which is said on stderr.
table_format options_table_format(const cli_options *options, const char *path);

// The one number of --threads, or `otherwise`.
unsigned options_threads(const cli_options *options, unsigned otherwise);

// "Try 'email-classifier COMMAND --help'" on stderr; returns CLI_USAGE.
int options_usage(const char *command);

#endif
