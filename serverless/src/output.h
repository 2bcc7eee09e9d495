// SPDX-License-Identifier: Apache-2.0
// Where results go: standard output, or a file that appears only when it is complete. A signal that
// ends the program meanwhile (SIGINT, SIGTERM, SIGHUP) takes the unfinished file with it.
#ifndef OUTPUT_H
#define OUTPUT_H

#include <pthread.h>
#include <stdio.h>

#include "cli.h"

typedef struct output_file {
    FILE *file;
    const char *name;   // for messages
    char *path;         // where the file goes in the end; NULL for standard output and devices
    char *temporary;    // the file beside it that is written meanwhile
    pthread_t watcher;  // waits for signals, to remove the temporary file
    bool holds_signals;
    bool watched;
    bool failed;  // has been said on stderr
} output_file;

// "-" or NULL: standard output. A device or pipe is written directly, anything else to a temporary
// file beside it. Says on stderr what went wrong.
bool output_open(output_file *output, const char *path);

// After the first failure, which is said on stderr, returns false and does nothing.
bool output_write(output_file *output, const char *data, size_t length);
bool output_flush(output_file *output);

// Ends it: with `keep` and no failure so far the file gets its name, else it is removed.
// True when everything has been written.
bool output_close(output_file *output, bool keep);

#endif
