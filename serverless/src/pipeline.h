// SPDX-License-Identifier: Apache-2.0
// Classifies a table on several threads, in order and in bounded memory.
//
//     table --> group of records --> ring --> workers, each with a classifier --> ring --> sink
//               [ the calling thread ]                                     [ the calling thread ]
//
// The calling thread reads into free places of the ring and hands finished ones to the sink, in the
// order they were read. When input is slow to come, what has been read is answered meanwhile.
#ifndef PIPELINE_H
#define PIPELINE_H

#include "table.h"

// What came of one record: an answer, or why there is none ("message: too short ...").
typedef struct email_outcome {
    const table_record *record;
    const ec_answer *answer;  // NULL: see problem
    const char *problem;
} email_outcome;

typedef struct email_pipeline {
    email_table *table;
    const ec_model *model;  // NULL: rules
    unsigned threads;
    bool whole_messages;  // read them as they came
    // Called for every record, in order; false stops.
    bool (*sink)(void *context, const email_outcome *outcome);
    // Called before waiting for input, and at the end; false stops. May be NULL.
    bool (*flush)(void *context);
    void *context;
} email_pipeline;

// True when every record has been read and handed to the sink. All that goes wrong is said on
// stderr.
bool pipeline_run(const email_pipeline *pipeline);

#endif
