// SPDX-License-Identifier: Apache-2.0
// What this process and its machine or container use, read from /proc and /sys. Any thread.
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include "cli.h"

typedef struct process_usage {
    double cpu_seconds;
    uint64_t resident_bytes, virtual_bytes;
    size_t open_fds, max_fds;
    double start_seconds;  // since 1970
} process_usage;

// What cannot be read is 0.
process_usage process_measure(void);

typedef struct system_load {
    double cpu_percent;     // of all processors since the sample before
    double memory_percent;  // of the container's limit, else of the machine
    double disk_percent;    // of the file system of the working folder
} system_load;

// Samples of the system, at most one a second.
typedef struct system_sampler system_sampler;

system_sampler *system_sampler_new(void);
void system_sampler_free(system_sampler *sampler);
system_load system_sampler_get(system_sampler *sampler);

// Processors this process may use: online, allowed, and within the container's share.
unsigned process_processors(void);

#endif
