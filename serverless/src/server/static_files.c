// SPDX-License-Identifier: Apache-2.0
#include "static_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILES = 4096, MAX_DEPTH = 8, PATH_BYTES = 4096 };

struct static_files {
    static_file *files;  // sorted by url
    size_t count, capacity;
    size_t root_length;
};

// ---------------------------------------------------------------------------- types

static const char *type_of(const char *name) {
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".wasm", "application/wasm"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
        {".csv", "text/csv; charset=utf-8"},
        {".map", "application/json"},
    };
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending != NULL && i < sizeof types / sizeof *types; i++) {
        if (strcmp(ending, types[i][0]) == 0) {
            return types[i][1];
        }
    }
    return "application/octet-stream";
}

// ---------------------------------------------------------------------------- listing

static void make_tag(const struct stat *status, const char *kind, char out[STATIC_TAG_BYTES]) {
    snprintf(out, STATIC_TAG_BYTES, "\"%llx-%llx%s\"", (unsigned long long)status->st_size,
             (unsigned long long)status->st_mtim.tv_sec * 1000000000ULL +
                 (unsigned long long)status->st_mtim.tv_nsec,
             kind);
}

// Fills the variant when there is a file at `path`. False without memory.
static bool add_variant(static_variant *variant, const char *path, const char *kind) {
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode) || access(path, R_OK) != 0) {
        return true;
    }
    variant->size = (uint64_t)status.st_size;
    make_tag(&status, kind, variant->tag);
    variant->path = strdup(path);
    return variant->path != NULL;
}

static bool add_file(static_files *files, const char *path) {
    if (files->count == files->capacity) {
        const size_t capacity = files->capacity * 2 + 64;
        static_file *grown = realloc(files->files, capacity * sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        files->files = grown;
        files->capacity = capacity;
    }
    static_file *file = &files->files[files->count];
    *file = (static_file){.url = strdup(path + files->root_length), .type = type_of(path)};
    files->count++;
    char zipped[PATH_BYTES + 4];
    snprintf(zipped, sizeof zipped, "%s.gz", path);
    return file->url != NULL && add_variant(&file->plain, path, "") &&
           add_variant(&file->gzip, zipped, "-gzip");
}

static bool ends_in_gz(const char *name) {
    const size_t length = strlen(name);
    return length > 3 && strcmp(name + length - 3, ".gz") == 0;
}

static const char *list_folder(static_files *files, const char *folder, int depth);

// NULL, or what went wrong.
static const char *list_entry(static_files *files, const char *path, int depth) {
    struct stat status;
    if (stat(path, &status) != 0) {
        return NULL;
    }
    if (S_ISDIR(status.st_mode)) {
        return depth < MAX_DEPTH ? list_folder(files, path, depth + 1) : "too deep";
    }
    if (!S_ISREG(status.st_mode) || ends_in_gz(path)) {
        return NULL;
    }
    if (files->count == MAX_FILES) {
        return "too many files";
    }
    return add_file(files, path) ? NULL : "no memory";
}

static const char *list_folder(static_files *files, const char *folder, int depth) {
    DIR *open = opendir(folder);
    if (open == NULL) {
        return strerror(errno);
    }
    const char *problem = NULL;
    for (const struct dirent *entry; problem == NULL && (entry = readdir(open)) != NULL;) {
        char path[PATH_BYTES];
        const int length = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.' && length > 0 && (size_t)length < sizeof path) {
            problem = list_entry(files, path, depth);
        }
    }
    closedir(open);
    return problem;
}

static int compare(const void *a, const void *b) {
    return strcmp(((const static_file *)a)->url, ((const static_file *)b)->url);
}

static_files *static_files_new(const char *root) {
    static_files *files = calloc(1, sizeof *files);
    if (files == NULL) {
        cli_error("no memory");
        return NULL;
    }
    if (root == NULL) {
        return files;
    }
    files->root_length = strlen(root);
    const char *problem = list_folder(files, root, 0);
    if (problem != NULL) {
        cli_error("%s: web page: %s", root, problem);
        static_files_free(files);
        return NULL;
    }
    qsort(files->files, files->count, sizeof *files->files, compare);
    return files;
}

void static_files_free(static_files *files) {
    if (files == NULL) {
        return;
    }
    for (size_t i = 0; i < files->count; i++) {
        free(files->files[i].url);
        free(files->files[i].plain.path);
        free(files->files[i].gzip.path);
    }
    free(files->files);
    free(files);
}

// ---------------------------------------------------------------------------- finding

size_t static_files_count(const static_files *files) { return files->count; }

static int compare_url(const void *url, const void *file) {
    return strcmp(url, ((const static_file *)file)->url);
}

const static_file *static_files_find(const static_files *files, const char *url) {
    const char *wanted = strcmp(url, "/") == 0 ? "/index.html" : url;
    return files->count == 0
               ? NULL
               : bsearch(wanted, files->files, files->count, sizeof *files->files, compare_url);
}

int static_variant_open(const static_variant *variant) {
    const int fd = open(variant->path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd >= 0 && (fstat(fd, &status) != 0 || (uint64_t)status.st_size != variant->size)) {
        close(fd);
        return -1;
    }
    return fd;
}
