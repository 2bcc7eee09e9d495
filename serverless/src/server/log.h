// SPDX-License-Identifier: Apache-2.0
// The log: one JSON object a line on standard output. Never give it any text of an email, a token
// or the value of a header other than the checked ids.
//
// Lines are kept in memory and written by a thread of their own, so a slow reader of the log slows
// no request. When LOG_CAPACITY bytes wait, further lines are dropped and counted.
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include "buffer.h"

enum { LOG_CAPACITY = 1 << 20, LOG_TIME_BYTES = 32 };

typedef enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR, LOG_OFF } log_level;

typedef struct log_writer log_writer;

// Starts the thread. NULL without memory or thread.
log_writer *log_new(log_level level);
// Without a thread: each line is written before log_end returns, as for Lambda, which may freeze
// the process at any moment after. NULL without memory.
log_writer *log_new_direct(log_level level);
// Writes what is left, but waits no longer than a second for a reader that has stopped.
void log_free(log_writer *log);

bool log_wants(const log_writer *log, log_level level);
uint64_t log_dropped(log_writer *log);

// A line that one thread puts together: begin, add members, end.
typedef struct log_line {
    log_writer *log;
    text_buffer json;
} log_line;

// `message` is a sentence for people, `event` a name for programs. Any thread.
void log_begin(log_line *line, log_writer *log, log_level level, const char *event,
               const char *message);
void log_text(log_line *line, const char *name, text value);
void log_number(log_line *line, const char *name, double value, int decimals);
// What every log of a classification has: the email's length, the answer and the time it took.
void log_classification(log_line *line, const ec_email *email, const ec_answer *answer,
                        const ec_model *model, double milliseconds);
void log_end(log_line *line);

// A line without further members.
void log_event(log_writer *log, log_level level, const char *event, const char *message);

// The time as in 2026-01-31T12:34:56.789Z.
void log_format_time(char out[LOG_TIME_BYTES]);

#endif
