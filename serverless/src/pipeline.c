// SPDX-License-Identifier: Apache-2.0
#include "pipeline.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_SIZE = 16 };

// A place in the ring: records that go through the network together.
typedef struct record_group {
    table_record records[GROUP_SIZE];
    ec_answer answers[GROUP_SIZE];
    ec_status statuses[GROUP_SIZE];
    ec_error errors[GROUP_SIZE];
    size_t count;
    bool done;
} record_group;

typedef struct group_ring {
    record_group *groups;
    size_t size;
    size_t filled;   // groups ever filled; group n is at n % size
    size_t taken;    // groups ever taken by a worker
    size_t emptied;  // groups ever given to the sink
    bool closing;
    pthread_mutex_t mutex;
    pthread_cond_t work;  // there is a group to take, or closing
    pthread_cond_t done;  // a group is done
} group_ring;

typedef struct ring_worker {
    group_ring *ring;
    ec_classifier *classifier;
    pthread_t thread;
    bool started;
} ring_worker;

// ---------------------------------------------------------------------------- workers

// Classifies the records of a group that are emails; the others have their problem already.
static void classify_group(ec_classifier *classifier, record_group *group) {
    ec_email emails[GROUP_SIZE];
    size_t places[GROUP_SIZE];
    size_t count = 0;
    for (size_t i = 0; i < group->count; i++) {
        const table_record *record = &group->records[i];
        if (record->problem[0] == '\0') {
            emails[count] = (ec_email){record->subject->data, record->subject->length,
                                       record->message->data, record->message->length};
            places[count++] = i;
        }
    }
    if (count == 0) {
        return;
    }
    const uint64_t now = (uint64_t)clock_ms();
    ec_answer answers[GROUP_SIZE];
    ec_status statuses[GROUP_SIZE];
    ec_error errors[GROUP_SIZE];
    memset(errors, 0, sizeof errors);
    const ec_status status =
        ec_classify_batch(classifier, emails, count, now, answers, statuses, errors);
    for (size_t i = 0; i < count; i++) {
        group->answers[places[i]] = answers[i];
        group->statuses[places[i]] = status == EC_OK ? statuses[i] : status;
        group->errors[places[i]] = errors[i];
    }
}

// The next group to work on; NULL when there will be none.
static record_group *take(group_ring *ring) {
    pthread_mutex_lock(&ring->mutex);
    while (ring->taken == ring->filled && !ring->closing) {
        pthread_cond_wait(&ring->work, &ring->mutex);
    }
    record_group *group = NULL;
    if (ring->taken < ring->filled && !ring->closing) {
        group = &ring->groups[ring->taken++ % ring->size];
    }
    pthread_mutex_unlock(&ring->mutex);
    return group;
}

static void *work(void *argument) {
    const ring_worker *worker = argument;
    for (record_group *group; (group = take(worker->ring)) != NULL;) {
        classify_group(worker->classifier, group);
        pthread_mutex_lock(&worker->ring->mutex);
        group->done = true;
        pthread_cond_signal(&worker->ring->done);
        pthread_mutex_unlock(&worker->ring->mutex);
    }
    return NULL;
}

// ---------------------------------------------------------------------------- calling thread

// Waits for the oldest group and gives it to the sink.
static bool drain_one(const email_pipeline *p, group_ring *ring) {
    record_group *group = &ring->groups[ring->emptied % ring->size];
    pthread_mutex_lock(&ring->mutex);
    while (!group->done) {
        pthread_cond_wait(&ring->done, &ring->mutex);
    }
    pthread_mutex_unlock(&ring->mutex);
    bool ok = true;
    for (size_t i = 0; i < group->count && ok; i++) {
        const table_record *record = &group->records[i];
        char problem[256] = "";
        if (record->problem[0] != '\0') {
            snprintf(problem, sizeof problem, "%s", record->problem);
        } else if (group->statuses[i] != EC_OK) {
            snprintf(problem, sizeof problem, "%s: %s", group->errors[i].field,
                     group->errors[i].message);
        }
        const ec_answer *answer = problem[0] == '\0' ? &group->answers[i] : NULL;
        const email_outcome outcome = {record, answer, problem};
        ok = p->sink(p->context, &outcome);
    }
    group->done = false;
    ring->emptied++;
    return ok;
}

static bool drain_all(const email_pipeline *p, group_ring *ring) {
    while (ring->emptied < ring->filled) {
        if (!drain_one(p, ring)) {
            return false;
        }
    }
    return p->flush == NULL || p->flush(p->context);
}

static void submit(group_ring *ring) {
    pthread_mutex_lock(&ring->mutex);
    ring->filled++;
    pthread_cond_signal(&ring->work);
    pthread_mutex_unlock(&ring->mutex);
}

// Fills a group with what there is to read without waiting, but at least one record.
static table_result fill_group(const email_pipeline *p, record_group *group) {
    group->count = 0;
    table_result result = TABLE_RECORD;
    while (group->count < GROUP_SIZE && result == TABLE_RECORD) {
        if (group->count > 0 && !input_is_ready(&p->table->input)) {
            break;
        }
        result = table_read(p->table, &group->records[group->count]);
        group->count += result == TABLE_RECORD;
    }
    return result;
}

static bool feed(const email_pipeline *p, group_ring *ring) {
    for (;;) {
        if (!input_is_ready(&p->table->input) && !drain_all(p, ring)) {
            return false;
        }
        if (ring->filled - ring->emptied == ring->size && !drain_one(p, ring)) {
            return false;
        }
        record_group *group = &ring->groups[ring->filled % ring->size];
        const table_result result = fill_group(p, group);
        if (group->count > 0) {
            submit(ring);
        }
        if (result != TABLE_RECORD) {
            return drain_all(p, ring) && result == TABLE_END;
        }
    }
}

// ---------------------------------------------------------------------------- start and stop

static bool start_worker(const email_pipeline *p, group_ring *ring, ring_worker *worker) {
    const ec_classifier_options options = {.struct_size = sizeof options,
                                           .whole_messages = p->whole_messages};
    ec_error error = {0};
    worker->ring = ring;
    if (ec_classifier_new(p->model, &options, &worker->classifier, &error) != EC_OK) {
        cli_error_of("classifier", &error);
        return false;
    }
    const int failure = pthread_create(&worker->thread, NULL, work, worker);
    if (failure != 0) {
        cli_error("cannot start a thread: %s", strerror(failure));
        return false;
    }
    worker->started = true;
    return true;
}

static void stop(group_ring *ring, ring_worker *workers, unsigned count) {
    pthread_mutex_lock(&ring->mutex);
    ring->closing = true;
    pthread_cond_broadcast(&ring->work);
    pthread_mutex_unlock(&ring->mutex);
    for (unsigned i = 0; i < count; i++) {
        if (workers[i].started) {
            pthread_join(workers[i].thread, NULL);
        }
        ec_classifier_free(workers[i].classifier);
    }
}

static void free_groups(group_ring *ring) {
    for (size_t i = 0; ring->groups != NULL && i < ring->size; i++) {
        for (size_t j = 0; j < GROUP_SIZE; j++) {
            table_record_free(&ring->groups[i].records[j]);
        }
    }
    free(ring->groups);
}

bool pipeline_run(const email_pipeline *p) {
    group_ring ring = {.size = p->threads + 2};
    ring.groups = calloc(ring.size, sizeof *ring.groups);
    ring_worker *workers = calloc(p->threads, sizeof *workers);
    bool ok = ring.groups != NULL && workers != NULL;
    if (ok) {
        pthread_mutex_init(&ring.mutex, NULL);
        pthread_cond_init(&ring.work, NULL);
        pthread_cond_init(&ring.done, NULL);
        for (unsigned i = 0; i < p->threads && ok; i++) {
            ok = start_worker(p, &ring, &workers[i]);
        }
        ok = ok && feed(p, &ring);
        stop(&ring, workers, p->threads);
        pthread_cond_destroy(&ring.done);
        pthread_cond_destroy(&ring.work);
        pthread_mutex_destroy(&ring.mutex);
    } else {
        cli_error("no memory");
    }
    free_groups(&ring);
    free(workers);
    return ok;
}
