// SPDX-License-Identifier: Apache-2.0
// The workers: threads with a classifier each, that answer what waits in one bounded queue.
//
// A worker takes the emails that are waiting, as many as one forward pass has tokens for, in turn
// from the jobs they belong to, so that a large batch does not hold up the others. A lone email
// never waits for company.
#ifndef SERVER_ENGINE_H
#define SERVER_ENGINE_H

#include "config.h"
#include "generation.h"

typedef struct engine engine;

// What came of one email, for the duration of the call.
typedef struct engine_outcome {
    const ec_model *model;
    const ec_answer *answer;  // NULL: see error
    const ec_error *error;
    const ec_explanation *explanation;  // NULL unless the job wishes one
    double milliseconds;                // in the classifier
} engine_outcome;

// Emails that belong to one request. The caller's, until `done` is called.
typedef struct engine_job engine_job;
struct engine_job {
    const ec_email *emails;  // [count], 1 to EC_MAX_BATCH
    size_t count;
    bool explain;  // its emails go one by one, for as many passes as they have sentences
    // Called once for each email, by any worker and by several at once.
    void (*answered)(engine_job *job, size_t index, const engine_outcome *outcome);
    // Called once, after the last email; nothing touches the job afterwards.
    void (*done)(engine_job *job);

    // Set when `done` is called: time in the queue, time reading texts and in the network, both of
    // the passes that had one of the emails.
    double queue_ms, tokenize_ms, infer_ms;

    // The engine's own.
    double submitted_ms;
    size_t taken, finished;
    engine_job *next;
};

// Starts the workers. Holds the generation. NULL when they cannot be had, said on stderr.
engine *engine_new(const server_config *config, generation *first);
// Takes no more jobs, and waits until those that it has are done.
void engine_close(engine *e);
// Closes and frees it.
void engine_free(engine *e);

// Whether not even one more email may wait.
bool engine_is_full(engine *e);
// Takes `count` places in the queue for a job; false when it is full or closed. More emails than
// the queue holds are let in when nothing waits. Any thread.
bool engine_reserve(engine *e, size_t count);
// Hands in a job whose places are reserved. Any thread.
void engine_submit(engine *e, engine_job *job);

// The generation that new work goes to; the caller holds it.
generation *engine_generation(engine *e);
// Moves to another one between two passes.
void engine_set_generation(engine *e, generation *next);

size_t engine_queue_depth(engine *e);  // emails waiting

#endif
