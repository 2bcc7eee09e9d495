// SPDX-License-Identifier: Apache-2.0
// What every command shares: exit codes, views of text, messages for people, the clock.
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "email_classifier.h"

#define CLI_NAME "email-classifier"

// Exit codes of the program.
enum {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_FALLBACK = 3  // answered, but without the model
};

// Bytes that belong to somebody else.
typedef struct text {
    const char *data;
    size_t length;
} text;

text text_of(const char *string);
bool text_equals(text a, text b);
// ASCII letters only.
bool text_equals_any_case(text a, const char *b);
// Without the blanks and tabs at its ends.
text text_trim(text value);

// Prints "email-classifier: ..." as exactly one line on stderr: control characters become '?'.
// Never give it any text of an email.
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void cli_error(const char *format, ...);

// Prints "email-classifier: file: field: message" for an error of the core.
void cli_error_of(const char *file, const ec_error *error);

// Writes to stdout at once, or hands on what was printed there so far. False when that fails, which
// is said on stderr; the command should then end with CLI_FAILED.
bool cli_write(const char *data, size_t length);
bool cli_flush(void);

// Flushes stdout and says so when that fails, for example on a full disk; a command that failed has
// said why already. Returns the exit code: the one given, or CLI_FAILED.
int cli_finish(int exit_code);

// Whether to write colours to stdout: a terminal, and NO_COLOR unset or empty.
bool cli_has_colour(void);

// Milliseconds of a clock that never runs backwards.
double clock_ms(void);

#endif
