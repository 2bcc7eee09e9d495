// SPDX-License-Identifier: Apache-2.0
#include "log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LAST_WAIT_MS = 1000 };

struct log_writer {
    log_level level;
    bool direct;  // without thread, lock and memory
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t waiting;  // there are lines, or closing
    char *lines;             // [LOG_CAPACITY], waiting to be written
    size_t length;
    char *writing;  // [LOG_CAPACITY], of the thread
    bool closing;
    atomic_bool hurry;  // do not wait for ever for the reader
    uint64_t dropped;
};

// ---------------------------------------------------------------------------- thread

// Whether standard output takes more; waits for that unless the program is ending.
static bool is_writable(log_writer *log) {
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    for (;;) {
        const int ready = poll(&out, 1, LAST_WAIT_MS);
        if (ready > 0) {
            return (out.revents & POLLOUT) != 0;
        }
        if ((ready < 0 && errno != EINTR) || (ready == 0 && atomic_load(&log->hurry))) {
            return false;
        }
    }
}

// What cannot be written, as on a full disk, is lost: serving goes on.
static void write_lines(log_writer *log, const char *data, size_t length) {
    // Pieces that a pipe with room takes whole, so that write does not block.
    enum { PIECE = 4096 };
    while (length > 0 && is_writable(log)) {
        const ssize_t written = write(STDOUT_FILENO, data, length < PIECE ? length : PIECE);
        if (written < 0 && errno != EINTR && errno != EAGAIN) {
            return;
        }
        data += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
}

static void *run(void *argument) {
    log_writer *log = argument;
    pthread_mutex_lock(&log->mutex);
    while (!log->closing || log->length > 0) {
        if (log->length == 0) {
            pthread_cond_wait(&log->waiting, &log->mutex);
            continue;
        }
        char *const lines = log->lines;
        const size_t length = log->length;
        log->lines = log->writing;
        log->writing = lines;
        log->length = 0;
        pthread_mutex_unlock(&log->mutex);
        write_lines(log, lines, length);
        pthread_mutex_lock(&log->mutex);
    }
    pthread_mutex_unlock(&log->mutex);
    return NULL;
}

log_writer *log_new(log_level level) {
    log_writer *log = calloc(1, sizeof *log);
    if (log == NULL) {
        return NULL;
    }
    log->level = level;
    log->lines = malloc(LOG_CAPACITY);
    log->writing = malloc(LOG_CAPACITY);
    pthread_mutex_init(&log->mutex, NULL);
    pthread_cond_init(&log->waiting, NULL);
    if (log->lines != NULL && log->writing != NULL &&
        pthread_create(&log->thread, NULL, run, log) == 0) {
        return log;
    }
    free(log->lines);
    free(log->writing);
    free(log);
    return NULL;
}

log_writer *log_new_direct(log_level level) {
    log_writer *log = calloc(1, sizeof *log);
    if (log != NULL) {
        log->level = level;
        log->direct = true;
    }
    return log;
}

void log_free(log_writer *log) {
    if (log == NULL || log->direct) {
        free(log);
        return;
    }
    atomic_store(&log->hurry, true);
    pthread_mutex_lock(&log->mutex);
    log->closing = true;
    pthread_cond_signal(&log->waiting);
    pthread_mutex_unlock(&log->mutex);
    pthread_join(log->thread, NULL);
    pthread_mutex_destroy(&log->mutex);
    pthread_cond_destroy(&log->waiting);
    free(log->lines);
    free(log->writing);
    free(log);
}

// ---------------------------------------------------------------------------- lines

bool log_wants(const log_writer *log, log_level level) { return level >= log->level; }

uint64_t log_dropped(log_writer *log) {
    pthread_mutex_lock(&log->mutex);
    const uint64_t dropped = log->dropped;
    pthread_mutex_unlock(&log->mutex);
    return dropped;
}

void log_format_time(char out[LOG_TIME_BYTES]) {
    struct timespec now = {0};
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    const size_t length = strftime(out, LOG_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out + length, LOG_TIME_BYTES - length, ".%03dZ", (int)(now.tv_nsec / 1000000));
}

void log_begin(log_line *line, log_writer *log, log_level level, const char *event,
               const char *message) {
    static const char *const names[] = {"debug", "info", "warning", "error"};
    static const char *const severities[] = {"DEBUG", "INFO", "WARNING", "ERROR"};
    char now[LOG_TIME_BYTES];
    *line = (log_line){.log = log};
    if (!log_wants(log, level) || level >= LOG_OFF) {
        line->log = NULL;
        return;
    }
    log_format_time(now);
    buffer_printf(&line->json, "{\"timestamp\":\"%s\",\"level\":\"%s\",\"severity\":\"%s\"", now,
                  names[level], severities[level]);
    log_text(line, "event", text_of(event));
    log_text(line, "message", text_of(message));
}

void log_text(log_line *line, const char *name, text value) {
    if (line->log != NULL) {
        buffer_printf(&line->json, ",\"%s\":", name);
        buffer_add_json_string(&line->json, value);
    }
}

void log_number(log_line *line, const char *name, double value, int decimals) {
    if (line->log != NULL) {
        buffer_printf(&line->json, ",\"%s\":%.*f", name, decimals, value);
    }
}

void log_classification(log_line *line, const ec_email *email, const ec_answer *answer,
                        const ec_model *model, double milliseconds) {
    log_number(line, "email_length", (double)(email->subject_length + email->message_length), 0);
    log_text(line, "prediction", text_of(answer->label));
    log_number(line, "confidence", (double)answer->confidence, 4);
    log_text(line, "source", text_of(ec_source_name(answer->source)));
    log_number(line, "processing_time_ms", milliseconds, 3);
    log_text(line, "model_version", text_of(ec_model_get_info(model)->version));
}

// Leaves a line to the thread.
static void hand_over(log_writer *log, const text_buffer *json) {
    pthread_mutex_lock(&log->mutex);
    if (json->failed || json->length > LOG_CAPACITY - log->length) {
        log->dropped++;
    } else {
        memcpy(log->lines + log->length, json->data, json->length);
        log->length += json->length;
        pthread_cond_signal(&log->waiting);
    }
    pthread_mutex_unlock(&log->mutex);
}

void log_end(log_line *line) {
    log_writer *const log = line->log;
    if (log == NULL) {
        return;
    }
    buffer_add(&line->json, "}\n", 2);
    if (!log->direct) {
        hand_over(log, &line->json);
    } else if (!line->json.failed) {
        cli_write(line->json.data, line->json.length);
    }
    buffer_free(&line->json);
}

void log_event(log_writer *log, log_level level, const char *event, const char *message) {
    log_line line;
    log_begin(&line, log, level, event, message);
    log_end(&line);
}
