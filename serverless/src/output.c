// SPDX-License-Identifier: Apache-2.0
#define _XOPEN_SOURCE 700  // realpath
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(output_file *output, int error) {
    if (!output->failed) {
        cli_error("%s: %s", output->name, error != 0 ? strerror(error) : "write failed");
    }
    output->failed = true;
    return false;
}

// ---------------------------------------------------------------------------- signals

// The signals that end the program and that it was not told to ignore.
static sigset_t ending_signals(void) {
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction action;
        if (sigaction(signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN) {
            sigaddset(&set, signals[i]);
        }
    }
    return set;
}

static void *watch(void *argument) {
    const char *temporary = argument;
    const sigset_t set = ending_signals();
    int number = 0;
    if (sigwait(&set, &number) == 0) {
        unlink(temporary);
        signal(number, SIG_DFL);
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, number);
        pthread_sigmask(SIG_UNBLOCK, &one, NULL);
        raise(number);
    }
    return NULL;
}

// From here on only the watcher, once it runs, gets those signals; threads started later inherit
// that.
static void hold_signals(output_file *output) {
    const sigset_t set = ending_signals();
    output->holds_signals = pthread_sigmask(SIG_BLOCK, &set, NULL) == 0;
}

static void release_signals(output_file *output) {
    if (output->holds_signals) {
        const sigset_t set = ending_signals();
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
        output->holds_signals = false;
    }
}

static void start_watching(output_file *output) {
    output->watched = pthread_create(&output->watcher, NULL, watch, output->temporary) == 0;
    if (!output->watched) {
        release_signals(output);
    }
}

static void stop_watching(output_file *output) {
    if (output->watched) {
        pthread_cancel(output->watcher);
        pthread_join(output->watcher, NULL);
        output->watched = false;
    }
    release_signals(output);
}

// ---------------------------------------------------------------------------- files

// Mode of the new file: that of the file it replaces, else what the umask leaves.
static mode_t new_mode(const struct stat *old) {
    if (old != NULL) {
        return old->st_mode & 0777;
    }
    const mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static bool open_temporary(output_file *output, const char *path, const struct stat *old) {
    // A link is followed, so that its target is replaced and not the link.
    output->path = old != NULL ? realpath(path, NULL) : strdup(path);
    const size_t size = output->path != NULL ? strlen(output->path) + sizeof ".XXXXXX" : 0;
    output->temporary = size > 0 ? malloc(size) : NULL;
    if (output->temporary == NULL) {
        return fail(output, errno);
    }
    snprintf(output->temporary, size, "%s.XXXXXX", output->path);
    hold_signals(output);
    const int fd = mkstemp(output->temporary);
    if (fd < 0) {
        free(output->temporary);
        output->temporary = NULL;
        return fail(output, errno);
    }
    const bool ok = fchmod(fd, new_mode(old)) == 0;
    output->file = ok ? fdopen(fd, "wb") : NULL;
    if (output->file == NULL) {
        fail(output, errno);
        close(fd);
        return false;
    }
    start_watching(output);
    return true;
}

bool output_open(output_file *output, const char *path) {
    memset(output, 0, sizeof *output);
    if (path == NULL || strcmp(path, "-") == 0) {
        output->file = stdout;
        output->name = "standard output";
        return true;
    }
    output->name = path;
    struct stat old;
    const bool exists = stat(path, &old) == 0;
    if (exists && S_ISDIR(old.st_mode)) {
        return fail(output, EISDIR);
    }
    if (exists && !S_ISREG(old.st_mode)) {
        output->file = fopen(path, "wb");
        return output->file != NULL || fail(output, errno);
    }
    if (!open_temporary(output, path, exists ? &old : NULL)) {
        output_close(output, false);
        return false;
    }
    return true;
}

bool output_write(output_file *output, const char *data, size_t length) {
    if (output->failed) {
        return false;
    }
    errno = 0;
    return fwrite(data, 1, length, output->file) == length || fail(output, errno);
}

bool output_flush(output_file *output) {
    if (output->failed) {
        return false;
    }
    errno = 0;
    return fflush(output->file) == 0 || fail(output, errno);
}

bool output_close(output_file *output, bool keep) {
    if (output->file != NULL) {
        output_flush(output);
        errno = 0;
        if (output->file != stdout && fclose(output->file) != 0) {
            fail(output, errno);
        }
    }
    if (output->temporary != NULL) {
        const bool complete = keep && !output->failed;
        if (complete && rename(output->temporary, output->path) != 0) {
            fail(output, errno);
        }
        if (!complete || output->failed) {
            unlink(output->temporary);
        }
    }
    stop_watching(output);
    free(output->temporary);
    free(output->path);
    output->file = NULL;
    output->temporary = NULL;
    output->path = NULL;
    return !output->failed;
}
