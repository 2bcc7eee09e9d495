// SPDX-License-Identifier: Apache-2.0
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

text text_of(const char *string) { return (text){string, strlen(string)}; }

bool text_equals(text a, text b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

bool text_equals_any_case(text a, const char *b) {
    return a.length == strlen(b) && strncasecmp(a.data, b, a.length) == 0;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

text text_trim(text value) {
    while (value.length > 0 && is_blank(value.data[0])) {
        value = (text){value.data + 1, value.length - 1};
    }
    while (value.length > 0 && is_blank(value.data[value.length - 1])) {
        value.length--;
    }
    return value;
}

void cli_error(const char *format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (char *c = line; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?';
        }
    }
    fprintf(stderr, CLI_NAME ": %s\n", line);
}

void cli_error_of(const char *file, const ec_error *error) {
    cli_error("%s: %s: %s", file, error->field, error->message);
}

static bool is_written(bool ok) {
    if (!ok) {
        cli_error("standard output: %s", errno != 0 ? strerror(errno) : "write failed");
    }
    return ok;
}

bool cli_write(const char *data, size_t length) {
    errno = 0;
    return is_written(fwrite(data, 1, length, stdout) == length && fflush(stdout) == 0);
}

bool cli_flush(void) {
    errno = 0;
    return is_written(ferror(stdout) == 0 && fflush(stdout) == 0);
}

int cli_finish(int exit_code) {
    return exit_code == CLI_FAILED || cli_flush() ? exit_code : CLI_FAILED;
}

bool cli_has_colour(void) {
    const char *no_colour = getenv("NO_COLOR");
    return (no_colour == NULL || *no_colour == '\0') && isatty(STDOUT_FILENO) == 1;
}

double clock_ms(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}
