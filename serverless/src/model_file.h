// SPDX-License-Identifier: Apache-2.0
// Finding, mapping and loading the model bundle.
#ifndef MODEL_FILE_H
#define MODEL_FILE_H

#include "input.h"
#include "options.h"

typedef struct model_file {
    ec_model *model;  // NULL: answers come from the rules
    file_mapping image;
    char path[4096];
    double load_ms;
} model_file;

// Loads the model that --model, $MODEL_PATH, or the places beside the executable give.
// Without a usable one: a line on stderr, and false when `needed`, else true with model NULL.
bool model_file_open(model_file *file, const cli_options *options, bool needed);
void model_file_close(model_file *file);

// The folder of the executable, ending in NUL; false when the system does not tell.
bool own_folder(char *folder, size_t capacity);

// A thread pool for one classifier: a pthreadpool_t, NULL for one thread. *ok is false when it
// cannot be had, which is said on stderr.
void *thread_pool_new(unsigned threads, bool *ok);
void thread_pool_free(void *pool);

// Processors online, at most `max`.
unsigned processor_count(unsigned max);

#endif
