// SPDX-License-Identifier: Apache-2.0
#define _DEFAULT_SOURCE  // MAP_POPULATE
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_SIZE = 64 * 1024 };

const char *input_name(const char *path) {
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static int open_path(const char *path) {
    return strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
}

static ssize_t read_some(int fd, char *data, size_t size) {
    ssize_t got;
    do {
        got = read(fd, data, size);
    } while (got < 0 && errno == EINTR);
    return got;
}

bool input_open(input_stream *input, const char *path, size_t max_pending) {
    memset(input, 0, sizeof *input);
    input->name = input_name(path);
    input->max_capacity = max_pending;
    input->at_start = true;
    input->fd = open_path(path);
    if (input->fd < 0) {
        cli_error("%s: %s", path, strerror(errno));
    }
    return input->fd >= 0;
}

void input_close(input_stream *input) {
    if (input->fd > STDIN_FILENO) {
        close(input->fd);
    }
    free(input->data);
    memset(input, 0, sizeof *input);
}

// Makes room behind what is pending: moves it to the front, then grows.
static bool make_room(input_stream *input) {
    if (input->start > 0) {
        memmove(input->data, input->data + input->start, input->end - input->start);
        input->end -= input->start;
        input->start = 0;
    }
    if (input->end + READ_SIZE <= input->capacity) {
        return true;
    }
    const size_t capacity = input->capacity * 2 + READ_SIZE;
    char *data = realloc(input->data, capacity);
    if (data == NULL) {
        cli_error("%s: no memory", input->name);
        return false;
    }
    input->data = data;
    input->capacity = capacity;
    return true;
}

static void skip_byte_order_mark(input_stream *input) {
    if (input->end >= 3 && memcmp(input->data, "\xef\xbb\xbf", 3) == 0) {
        input->start = 3;
    }
    input->at_start = false;
}

fill_result input_fill(input_stream *input) {
    if (input->end - input->start >= input->max_capacity) {
        return FILL_FULL;
    }
    if (!make_room(input)) {
        return FILL_FAILED;
    }
    // The first fill gets at least the three bytes that a byte order mark takes.
    do {
        const ssize_t got =
            read_some(input->fd, input->data + input->end, input->capacity - input->end);
        if (got < 0) {
            cli_error("%s: %s", input->name, strerror(errno));
            return FILL_FAILED;
        }
        input->at_end = got == 0;
        input->end += (size_t)got;
    } while (input->at_start && !input->at_end && input->end < 3);
    if (input->at_start) {
        skip_byte_order_mark(input);
    }
    return FILL_OK;
}

bool input_is_ready(const input_stream *input) {
    const size_t pending = input->end - input->start;
    if (input->at_end ||
        (pending > 0 && memchr(input->data + input->start, '\n', pending) != NULL)) {
        return true;
    }
    struct pollfd waiting = {.fd = input->fd, .events = POLLIN};
    return poll(&waiting, 1, 0) != 0;
}

bool input_read_file(const char *path, size_t max_bytes, text_buffer *content) {
    input_stream stream;
    if (!input_open(&stream, path, max_bytes + 1)) {
        return false;
    }
    fill_result result = FILL_OK;
    while (result == FILL_OK && !stream.at_end) {
        result = input_fill(&stream);
    }
    const size_t length = stream.end - stream.start;
    if (result == FILL_FULL || (result == FILL_OK && length > max_bytes)) {
        cli_error("%s: larger than %zu bytes", stream.name, max_bytes);
        result = FILL_FULL;
    }
    if (result == FILL_OK) {
        buffer_clear(content);
        buffer_add(content, stream.data + stream.start, length);
        if (content->failed) {
            cli_error("%s: no memory", stream.name);
            result = FILL_FAILED;
        }
    }
    input_close(&stream);
    return result == FILL_OK;
}

const char *mapping_open(file_mapping *mapping, const char *path) {
    memset(mapping, 0, sizeof *mapping);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        const char *message = strerror(errno);
        if (fd >= 0) {
            close(fd);
        }
        return message;
    }
    const char *message = NULL;
    if (!S_ISREG(status.st_mode)) {
        message = S_ISDIR(status.st_mode) ? strerror(EISDIR) : "not a regular file";
    } else if (status.st_size == 0) {
        message = "is empty";
    } else {
        const size_t length = (size_t)status.st_size;
        // A model is read from end to end (its digest), so all pages at once cost less than one by
        // one.
        void *data = mmap(NULL, length, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
        if (data == MAP_FAILED) {
            message = strerror(errno);
        } else {
            mapping->data = data;
            mapping->length = length;
        }
    }
    close(fd);
    return message;
}

void mapping_close(file_mapping *mapping) {
    if (mapping->data != NULL) {
        munmap(mapping->data, mapping->length);
    }
    memset(mapping, 0, sizeof *mapping);
}
