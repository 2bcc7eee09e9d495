// SPDX-License-Identifier: Apache-2.0
#include "engine.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct worker {
    engine *engine;
    pthread_t thread;
    generation *generation;  // what the classifier was made of
    ec_classifier *classifier;
    unsigned epoch;  // of the engine's generation that was last tried
    // Of the present pass.
    double pass_ms, network_ms;  // in all, and in the network
    double network_start;        // clock_ms
    size_t count;
    engine_job *jobs[EC_MAX_BATCH];
    size_t indexes[EC_MAX_BATCH];  // in the job
    ec_email emails[EC_MAX_BATCH];
    ec_answer answers[EC_MAX_BATCH];
    ec_status statuses[EC_MAX_BATCH];
    ec_error errors[EC_MAX_BATCH];
    ec_explanation explanation;
} worker;

struct engine {
    ec_policy policy;
    size_t capacity;
    pthread_mutex_t mutex;
    pthread_cond_t work;  // there is a job or a new generation, or closing
    engine_job *first;    // jobs with emails that no worker has taken
    engine_job *last;
    size_t reserved;  // places taken, waiting emails included
    size_t waiting;   // emails in the jobs above
    generation *generation;
    unsigned epoch;  // counts the generations
    bool closing;
    size_t worker_count;
    worker *workers;
};

// ---------------------------------------------------------------------------- queue

static void append(engine *e, engine_job *job) {
    job->next = NULL;
    if (e->last != NULL) {
        e->last->next = job;
    } else {
        e->first = job;
    }
    e->last = job;
}

static engine_job *pop(engine *e) {
    engine_job *job = e->first;
    e->first = job->next;
    if (e->first == NULL) {
        e->last = NULL;
    }
    return job;
}

// About the tokens of an email: English has four to five bytes in one.
static size_t guess_tokens(const ec_email *email) {
    return 3 + (email->subject_length + email->message_length) / 4;
}

// Takes what one pass has room for, an email of each job in turn. What is to be explained goes
// alone.
static void take(engine *e, worker *w, size_t budget) {
    const double now = clock_ms();
    size_t tokens = 0;
    w->count = 0;
    while (e->first != NULL && w->count < EC_MAX_BATCH) {
        const ec_email *email = &e->first->emails[e->first->taken];
        tokens += guess_tokens(email);
        if (w->count > 0 && (tokens > budget || e->first->explain)) {
            break;
        }
        engine_job *job = pop(e);
        job->queue_ms = job->taken == 0 ? now - job->submitted_ms : job->queue_ms;
        w->jobs[w->count] = job;
        w->indexes[w->count] = job->taken++;
        w->emails[w->count++] = *email;
        if (job->taken < job->count) {
            append(e, job);
        }
        if (job->explain) {
            break;
        }
    }
    e->waiting -= w->count;
    e->reserved -= w->count;
    if (e->closing && e->reserved == 0) {
        pthread_cond_broadcast(&e->work);
    }
}

bool engine_is_full(engine *e) {
    pthread_mutex_lock(&e->mutex);
    const bool full = e->closing || e->reserved >= e->capacity;
    pthread_mutex_unlock(&e->mutex);
    return full;
}

bool engine_reserve(engine *e, size_t count) {
    pthread_mutex_lock(&e->mutex);
    const bool ok = !e->closing && (e->reserved == 0 || e->reserved + count <= e->capacity);
    e->reserved += ok ? count : 0;
    pthread_mutex_unlock(&e->mutex);
    return ok;
}

void engine_submit(engine *e, engine_job *job) {
    job->taken = job->finished = 0;
    job->queue_ms = job->tokenize_ms = job->infer_ms = 0.0;
    job->submitted_ms = clock_ms();
    pthread_mutex_lock(&e->mutex);
    append(e, job);
    e->waiting += job->count;
    if (job->count > 1) {
        pthread_cond_broadcast(&e->work);
    } else {
        pthread_cond_signal(&e->work);
    }
    pthread_mutex_unlock(&e->mutex);
}

size_t engine_queue_depth(engine *e) {
    pthread_mutex_lock(&e->mutex);
    const size_t waiting = e->waiting;
    pthread_mutex_unlock(&e->mutex);
    return waiting;
}

// ---------------------------------------------------------------------------- workers

// ec_classifier_options.on_pass
static void on_pass(void *context, bool begins) {
    worker *w = context;
    if (begins) {
        w->network_start = clock_ms();
    } else {
        w->network_ms += clock_ms() - w->network_start;
    }
}

// Makes the worker's classifier for a generation, which it takes over. On failure the one before
// stays in use.
static bool prepare(worker *w, generation *next) {
    const ec_classifier_options options = {.struct_size = sizeof options,
                                           .policy = w->engine->policy,
                                           .shared = generation_shared(next),
                                           .on_pass = on_pass,
                                           .on_pass_context = w};
    ec_classifier *classifier = NULL;
    ec_error error = {0};
    if (ec_classifier_new(generation_model(next), &options, &classifier, &error) != EC_OK) {
        cli_error_of("classifier", &error);
        generation_release(next);
        return false;
    }
    ec_classifier_free(w->classifier);
    generation_release(w->generation);
    w->classifier = classifier;
    w->generation = next;
    return true;
}

// The tokens that go through the network together; the rules take any number.
static size_t pass_budget(const worker *w) {
    const ec_model *model = generation_model(w->generation);
    return model != NULL ? ec_model_get_info(model)->max_tokens : SIZE_MAX;
}

static void classify(worker *w) {
    const double start = clock_ms();
    w->network_ms = 0.0;
    memset(w->errors, 0, w->count * sizeof *w->errors);
    const bool explain = w->jobs[0]->explain;
    ec_status status;
    if (explain) {
        w->statuses[0] = status = ec_explain(w->classifier, &w->emails[0], (uint64_t)start,
                                             &w->answers[0], &w->explanation, &w->errors[0]);
    } else {
        status = ec_classify_batch(w->classifier, w->emails, w->count, (uint64_t)start, w->answers,
                                   w->statuses, w->errors);
    }
    w->pass_ms = clock_ms() - start;
    for (size_t i = 0; i < w->count; i++) {
        const bool ok = status == EC_OK && w->statuses[i] == EC_OK;
        const engine_outcome outcome = {
            .model = generation_model(w->generation),
            .answer = ok ? &w->answers[i] : NULL,
            .error = &w->errors[i],
            .explanation = explain ? &w->explanation : NULL,
            .milliseconds = w->pass_ms,
        };
        w->jobs[i]->answered(w->jobs[i], w->indexes[i], &outcome);
    }
}

// Whether no email before i in the pass is of the same job.
static bool is_first_of_job(const worker *w, size_t i) {
    size_t other = 0;
    while (w->jobs[other] != w->jobs[i]) {
        other++;
    }
    return other == i;
}

// Counts the emails of the pass as finished, and ends the jobs that are.
static void finish(worker *w) {
    engine_job *ended[EC_MAX_BATCH];
    size_t count = 0;
    pthread_mutex_lock(&w->engine->mutex);
    for (size_t i = 0; i < w->count; i++) {
        engine_job *job = w->jobs[i];
        if (is_first_of_job(w, i)) {
            job->tokenize_ms += w->pass_ms - w->network_ms;
            job->infer_ms += w->network_ms;
        }
        if (++job->finished == job->count) {
            ended[count++] = job;
        }
    }
    pthread_mutex_unlock(&w->engine->mutex);
    for (size_t i = 0; i < count; i++) {
        ended[i]->done(ended[i]);
    }
}

// Moves to the engine's generation. Called and left with the mutex locked.
static void follow(engine *e, worker *w) {
    generation *next = generation_hold(e->generation);
    w->epoch = e->epoch;
    pthread_mutex_unlock(&e->mutex);
    prepare(w, next);
    pthread_mutex_lock(&e->mutex);
}

static void *work(void *argument) {
    worker *w = argument;
    engine *e = w->engine;
    pthread_mutex_lock(&e->mutex);
    while (e->reserved > 0 || !e->closing) {
        if (w->epoch != e->epoch) {
            follow(e, w);
        } else if (e->first == NULL) {
            pthread_cond_wait(&e->work, &e->mutex);
        } else {
            take(e, w, pass_budget(w));
            pthread_mutex_unlock(&e->mutex);
            classify(w);
            finish(w);
            pthread_mutex_lock(&e->mutex);
        }
    }
    pthread_mutex_unlock(&e->mutex);
    return NULL;
}

// ---------------------------------------------------------------------------- engine

static void worker_free(worker *w) {
    ec_classifier_free(w->classifier);
    generation_release(w->generation);
}

static bool start_workers(engine *e, size_t wanted) {
    e->workers = calloc(wanted, sizeof *e->workers);
    if (e->workers == NULL) {
        cli_error("no memory");
        return false;
    }
    for (; e->worker_count < wanted; e->worker_count++) {
        worker *w = &e->workers[e->worker_count];
        w->engine = e;
        if (!prepare(w, generation_hold(e->generation)) ||
            pthread_create(&w->thread, NULL, work, w) != 0) {
            worker_free(w);
            cli_error("cannot start worker %zu", e->worker_count + 1);
            return false;
        }
    }
    return true;
}

engine *engine_new(const server_config *config, generation *first) {
    engine *e = calloc(1, sizeof *e);
    if (e == NULL) {
        cli_error("no memory");
        return NULL;
    }
    e->policy = config->policy;
    e->capacity = config->max_queue;
    e->generation = generation_hold(first);
    pthread_mutex_init(&e->mutex, NULL);
    pthread_cond_init(&e->work, NULL);
    if (!start_workers(e, config->workers)) {
        engine_free(e);
        return NULL;
    }
    return e;
}

void engine_close(engine *e) {
    pthread_mutex_lock(&e->mutex);
    e->closing = true;
    pthread_cond_broadcast(&e->work);
    pthread_mutex_unlock(&e->mutex);
    for (size_t i = 0; i < e->worker_count; i++) {
        pthread_join(e->workers[i].thread, NULL);
        worker_free(&e->workers[i]);
    }
    e->worker_count = 0;
}

void engine_free(engine *e) {
    if (e == NULL) {
        return;
    }
    engine_close(e);
    free(e->workers);
    generation_release(e->generation);
    pthread_mutex_destroy(&e->mutex);
    pthread_cond_destroy(&e->work);
    free(e);
}

generation *engine_generation(engine *e) {
    pthread_mutex_lock(&e->mutex);
    generation *g = generation_hold(e->generation);
    pthread_mutex_unlock(&e->mutex);
    return g;
}

void engine_set_generation(engine *e, generation *next) {
    pthread_mutex_lock(&e->mutex);
    generation *before = e->generation;
    e->generation = generation_hold(next);
    e->epoch++;
    pthread_cond_broadcast(&e->work);
    pthread_mutex_unlock(&e->mutex);
    generation_release(before);
}
