// SPDX-License-Identifier: Apache-2.0
// The files of the web page: listed once at start, so that no path of a request ever reaches the
// file system. A file with FILE.gz beside it is sent compressed to clients that take that.
#ifndef SERVER_STATIC_FILES_H
#define SERVER_STATIC_FILES_H

#include "cli.h"

enum { STATIC_TAG_BYTES = 48 };

// One way to send a file.
typedef struct static_variant {
    char *path;  // NULL: there is none
    uint64_t size;
    char tag[STATIC_TAG_BYTES];  // ETag, made of size and time
} static_variant;

typedef struct static_file {
    char *url;
    const char *type;
    static_variant plain, gzip;
} static_file;

typedef struct static_files static_files;

// Lists the files below `root`, without those that begin with a dot. NULL root: none. Returns NULL
// when the folder cannot be read or memory ran out, which is said on stderr.
static_files *static_files_new(const char *root);
void static_files_free(static_files *files);

size_t static_files_count(const static_files *files);

// The file at this path of a URL ("/" is "/index.html"), or NULL.
const static_file *static_files_find(const static_files *files, const char *url);

// Opens a variant that has not changed since it was listed; else -1.
int static_variant_open(const static_variant *variant);

#endif
