// SPDX-License-Identifier: Apache-2.0
#include "model_file.h"

#include <pthreadpool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUNDLE_NAME "email-classifier.ecm"

enum { MAX_PARENTS = 4 };

// Joins into out; false when it does not fit or no such file can be read.
static bool try_path(model_file *file, const char *folder, const char *rest) {
    const int length = snprintf(file->path, sizeof file->path, "%s/%s", folder, rest);
    return length > 0 && (size_t)length < sizeof file->path && access(file->path, R_OK) == 0;
}

bool own_folder(char *folder, size_t capacity) {
    const ssize_t length = readlink("/proc/self/exe", folder, capacity - 1);
    if (length <= 0) {
        return false;
    }
    folder[length] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    return true;
}

// Beside the executable, in the source tree it was built in, in the prefix it is installed in.
static bool search(model_file *file) {
    char folder[3072];
    if (!own_folder(folder, sizeof folder)) {
        return false;
    }
    if (try_path(file, folder, BUNDLE_NAME)) {
        return true;
    }
    char parent[3072];
    memcpy(parent, folder, sizeof parent);
    for (int i = 0; i < MAX_PARENTS; i++) {
        char *slash = strrchr(parent, '/');
        if (slash == NULL) {
            break;
        }
        *slash = '\0';
        if (try_path(file, parent, "models/default/" BUNDLE_NAME)) {
            return true;
        }
    }
    return try_path(file, folder, "../share/email-classifier/" BUNDLE_NAME);
}

static bool find(model_file *file, const cli_options *options) {
    const char *given = options->model != NULL ? options->model : getenv("MODEL_PATH");
    if (given == NULL || *given == '\0') {
        return search(file);
    }
    snprintf(file->path, sizeof file->path, "%s", given);
    return true;
}

static bool load(model_file *file, const char *what_then) {
    const double start = clock_ms();
    const char *message = mapping_open(&file->image, file->path);
    if (message != NULL) {
        cli_error("%s: model: %s%s", file->path, message, what_then);
        return false;
    }
    ec_error error = {0};
    if (ec_model_load(file->image.data, file->image.length, &file->model, &error) != EC_OK) {
        cli_error("%s: model: %s: %s%s", file->path, error.field, error.message, what_then);
        mapping_close(&file->image);
        return false;
    }
    file->load_ms = clock_ms() - start;
    return true;
}

bool model_file_open(model_file *file, const cli_options *options, bool needed) {
    memset(file, 0, sizeof *file);
    const char *what_then = needed ? "" : "; answering by key-word rules";
    if (!find(file, options)) {
        cli_error("no model found; name one with --model or MODEL_PATH%s", what_then);
        return !needed;
    }
    return load(file, what_then) || !needed;
}

void model_file_close(model_file *file) {
    ec_model_free(file->model);
    file->model = NULL;
    mapping_close(&file->image);
}

void *thread_pool_new(unsigned threads, bool *ok) {
    pthreadpool_t pool = threads > 1 ? pthreadpool_create(threads) : NULL;
    *ok = threads <= 1 || pool != NULL;
    if (!*ok) {
        cli_error("cannot start %u threads", threads);
    }
    return pool;
}

void thread_pool_free(void *pool) {
    if (pool != NULL) {
        pthreadpool_destroy(pool);
    }
}

unsigned processor_count(unsigned max) {
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online<1 ? 1 : online>(long) max ? max : (unsigned)online;
}
