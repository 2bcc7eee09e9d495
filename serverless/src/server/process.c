// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE  // sched_getaffinity
#include "process.h"

#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLE_MS = 1000 };

struct system_sampler {
    pthread_mutex_t mutex;
    double taken_ms;
    uint64_t busy, total;  // processor time so far
    system_load load;
};

// Reads a small file of the system into out, ending in NUL; empty when it cannot be read.
static void read_small(const char *path, char *out, size_t capacity) {
    FILE *file = fopen(path, "re");
    size_t length = 0;
    if (file != NULL) {
        length = fread(out, 1, capacity - 1, file);
        fclose(file);
    }
    out[length] = '\0';
}

// ---------------------------------------------------------------------------- process

static size_t count_fds(void) {
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL) {
        return 0;
    }
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count > 3 ? count - 3 : 0;  // without ".", ".." and the folder's own
}

// Seconds from boot to this process's start: field 22 of /proc/self/stat, after the name in
// parentheses, which may hold anything.
static double start_after_boot(void) {
    char stat[1024];
    read_small("/proc/self/stat", stat, sizeof stat);
    const char *at = strrchr(stat, ')');
    for (int field = 2; at != NULL && field < 22; field++) {
        at = strchr(at + 1, ' ');
    }
    return at != NULL ? strtod(at, NULL) / (double)sysconf(_SC_CLK_TCK) : 0.0;
}

static double boot_time(void) {
    struct timespec wall = {0};
    struct timespec since_boot = {0};
    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_BOOTTIME, &since_boot);
    return (double)(wall.tv_sec - since_boot.tv_sec) +
           (double)(wall.tv_nsec - since_boot.tv_nsec) / 1e9;
}

process_usage process_measure(void) {
    process_usage usage = {0};
    struct rusage self;
    struct rlimit files;
    char statm[128];
    if (getrusage(RUSAGE_SELF, &self) == 0) {
        usage.cpu_seconds = (double)(self.ru_utime.tv_sec + self.ru_stime.tv_sec) +
                            (double)(self.ru_utime.tv_usec + self.ru_stime.tv_usec) / 1e6;
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        usage.max_fds = (size_t)files.rlim_cur;
    }
    read_small("/proc/self/statm", statm, sizeof statm);
    uint64_t pages = 0;
    uint64_t resident = 0;
    if (sscanf(statm, "%" SCNu64 " %" SCNu64, &pages, &resident) == 2) {
        const uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
        usage.virtual_bytes = pages * page_bytes;
        usage.resident_bytes = resident * page_bytes;
    }
    usage.open_fds = count_fds();
    usage.start_seconds = boot_time() + start_after_boot();
    return usage;
}

// ---------------------------------------------------------------------------- system

// Part of the processors' time that was work since the sample before.
static double cpu_percent(system_sampler *s) {
    char stat[512];
    read_small("/proc/stat", stat, sizeof stat);
    uint64_t t[8] = {0};  // user nice system idle iowait irq softirq steal
    if (sscanf(stat,
               "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
               " %" SCNu64 " %" SCNu64,
               &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]) < 4) {
        return 0.0;
    }
    uint64_t total = 0;
    for (size_t i = 0; i < 8; i++) {
        total += t[i];
    }
    const uint64_t busy = total - t[3] - t[4];
    const bool moved = total > s->total && busy >= s->busy;
    const double percent =
        moved ? 100.0 * (double)(busy - s->busy) / (double)(total - s->total) : s->load.cpu_percent;
    s->busy = busy;
    s->total = total;
    return percent;
}

// A number in a file of its own; 0 when there is none, as for "max".
static double read_number(const char *path) {
    char number[64];
    read_small(path, number, sizeof number);
    return strtod(number, NULL);
}

static double memory_field(const char *meminfo, const char *name) {
    const char *at = strstr(meminfo, name);
    return at != NULL ? strtod(at + strlen(name), NULL) : 0.0;
}

static double memory_percent(void) {
    const double limit = read_number("/sys/fs/cgroup/memory.max");
    if (limit > 0) {
        return 100.0 * read_number("/sys/fs/cgroup/memory.current") / limit;
    }
    char meminfo[2048];
    read_small("/proc/meminfo", meminfo, sizeof meminfo);
    const double total = memory_field(meminfo, "MemTotal:");
    const double available = memory_field(meminfo, "MemAvailable:");
    return total > 0 ? 100.0 * (total - available) / total : 0.0;
}

static double disk_percent(void) {
    struct statvfs disk;
    if (statvfs(".", &disk) != 0 || disk.f_blocks == 0) {
        return 0.0;
    }
    const double used = (double)(disk.f_blocks - disk.f_bfree);
    const double usable = used + (double)disk.f_bavail;
    return usable > 0 ? 100.0 * used / usable : 0.0;
}

system_sampler *system_sampler_new(void) {
    system_sampler *sampler = calloc(1, sizeof *sampler);
    if (sampler != NULL) {
        pthread_mutex_init(&sampler->mutex, NULL);
        sampler->taken_ms = -SAMPLE_MS;
    }
    return sampler;
}

void system_sampler_free(system_sampler *sampler) {
    if (sampler != NULL) {
        pthread_mutex_destroy(&sampler->mutex);
        free(sampler);
    }
}

system_load system_sampler_get(system_sampler *sampler) {
    pthread_mutex_lock(&sampler->mutex);
    const double now = clock_ms();
    if (now - sampler->taken_ms >= SAMPLE_MS) {
        sampler->taken_ms = now;
        sampler->load.cpu_percent = cpu_percent(sampler);
        sampler->load.memory_percent = memory_percent();
        sampler->load.disk_percent = disk_percent();
    }
    const system_load load = sampler->load;
    pthread_mutex_unlock(&sampler->mutex);
    return load;
}

unsigned process_processors(void) {
    cpu_set_t allowed;
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned count = online > 0 ? (unsigned)online : 1;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0 &&
        (unsigned)CPU_COUNT(&allowed) < count) {
        count = (unsigned)CPU_COUNT(&allowed);
    }
    // "200000 100000": two processors' time; "max 100000": no limit.
    char share[64];
    double quota = 0.0;
    double period = 0.0;
    read_small("/sys/fs/cgroup/cpu.max", share, sizeof share);
    if (sscanf(share, "%lf %lf", &quota, &period) == 2 && quota > 0 && period > 0 &&
        ceil(quota / period) < (double)count) {
        count = (unsigned)ceil(quota / period);
    }
    return count > 0 ? count : 1;
}
