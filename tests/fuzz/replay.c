// SPDX-License-Identifier: Apache-2.0
// replay FOLDER: gives a fuzz target each file of its corpus, whole, cut off at every byte and with
// each byte changed, with no fuzzer in it: on every compiler and processor. Each input ends where
// the next page cannot be read.
#include <dirent.h>

#include "fuzz.h"
#include "guard_page.h"

enum { LARGEST = 1 << 14 };

static void run(const char *data, size_t length) {
    guard_page page;
    const char *copy = guard_page_copy(&page, data, length);
    LLVMFuzzerTestOneInput((const uint8_t *)copy, length);
    guard_page_free(&page);
}

static void run_variants(char *data, size_t length) {
    for (size_t cut = 0; cut <= length; cut++) {
        run(data, cut);
    }
    for (size_t i = 0; i < length; i++) {
        const char original = data[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            data[i] = (char)(original ^ 1 << bit);
            run(data, length);
        }
        data[i] = original;
    }
}

static void run_file(const char *folder, const char *name) {
    static char data[LARGEST];
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    fuzz_check(file != NULL);
    const size_t length = fread(data, 1, sizeof data, file);
    fuzz_check(feof(file) != 0);
    fclose(file);
    run_variants(data, length);
}

int main(int argc, char **argv) {
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (folder == NULL) {
        fprintf(stderr, "usage: replay FOLDER\n");
        return 2;
    }
    size_t files = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] != '.') {
            run_file(argv[1], entry->d_name);
            files++;
        }
    }
    closedir(folder);
    printf("%zu files\n", files);
    return files > 0 ? 0 : 1;
}
