// SPDX-License-Identifier: Apache-2.0
#ifndef EC_READ_FILE_H
#define EC_READ_FILE_H

#include <stdio.h>
#include <stdlib.h>

// The bytes of a file, *size of them, for the caller to free. Exits with a message on failure.
static inline char *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        exit(2);
    }
    const long end = ftell(file);
    *size = end > 0 ? (size_t)end : 0;
    char *bytes = malloc(*size + 1);
    rewind(file);
    if (bytes == NULL || fread(bytes, 1, *size, file) != *size) {
        perror(path);
        exit(2);
    }
    fclose(file);
    return bytes;
}

#endif
