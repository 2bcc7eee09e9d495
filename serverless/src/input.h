// SPDX-License-Identifier: Apache-2.0
// Files that come in: whole ones, mapped ones, and streams read piece by piece.
#ifndef INPUT_H
#define INPUT_H

#include "buffer.h"

// Reads a whole file ("-": standard input) into *content. Says on stderr what went wrong, a file
// larger than max_bytes included.
bool input_read_file(const char *path, size_t max_bytes, text_buffer *content);

// The name to show for a path: "standard input" for "-".
const char *input_name(const char *path);

// A read-only file mapping.
typedef struct file_mapping {
    void *data;
    size_t length;
} file_mapping;

// Returns NULL, or why it failed (a static string, or strerror's).
const char *mapping_open(file_mapping *mapping, const char *path);
void mapping_close(file_mapping *mapping);

// A stream. What has been read and not yet consumed is data[start..end).
typedef struct input_stream {
    const char *name;
    int fd;
    char *data;
    size_t start, end, capacity;
    size_t max_capacity;
    bool at_end;    // nothing follows what is in data
    bool at_start;  // nothing has been read
} input_stream;

// Says on stderr what went wrong. max_pending: most bytes that can be pending, for one record.
bool input_open(input_stream *input, const char *path, size_t max_pending);
void input_close(input_stream *input);

typedef enum fill_result { FILL_OK, FILL_FULL, FILL_FAILED } fill_result;

// Reads more, or sets at_end. FULL: max_pending is reached. FAILED: has been said on stderr.
fill_result input_fill(input_stream *input);

// Whether the next line, or the end, can be read without waiting for a slow writer.
bool input_is_ready(const input_stream *input);

#endif
