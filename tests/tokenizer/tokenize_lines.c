// SPDX-License-Identifier: Apache-2.0
//
// tokenize_lines VOCAB           answers requests from stdin on stdout, framed as reference.py says
// tokenize_lines VOCAB --bench   times the index and a 5,000-character email
#define _POSIX_C_SOURCE 200809L

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "read_file.h"
#include "tokenizer.h"

enum { UNCASED, CASED, PAIR, SINGLE, TEXT_MAX = 1 << 20 };

static ec_vocab *new_vocab(const char *text, size_t length, bool lower_case) {
    const size_t size = ec_vocab_size(text, length);
    ec_vocab *vocab = NULL;
    ec_error error = {.message = ""};
    if (ec_vocab_init(&vocab, malloc(size), size, text, length, lower_case, &error) != EC_OK) {
        fprintf(stderr, "tokenize_lines: %s\n", error.message);
        exit(2);
    }
    return vocab;
}

static uint32_t read_u32(void) {
    uint8_t b[4];
    if (fread(b, 1, sizeof b, stdin) != sizeof b) {
        exit(2);
    }
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void write_u32(size_t value) {
    for (int shift = 0; shift < 32; shift += 8) {
        putchar((int)(value >> shift & 0xFF));
    }
}

static size_t read_text(char *text) {
    const size_t length = read_u32();
    if (length > TEXT_MAX || fread(text, 1, length, stdin) != length) {
        exit(2);
    }
    return length;
}

static void write_ids(size_t total, const uint32_t *ids, size_t count) {
    write_u32(total);
    write_u32(count);
    for (size_t i = 0; i < count; i++) {
        write_u32(ids[i]);
    }
}

static void answer_requests(const ec_vocab *uncased, const ec_vocab *cased) {
    static char first[TEXT_MAX], second[TEXT_MAX];
    static uint32_t ids[TEXT_MAX];
    static ec_span spans[TEXT_MAX];
    static uint8_t types[TEXT_MAX];
    for (int kind = getchar(); kind != EOF; kind = getchar()) {
        const size_t limit = read_u32();
        const size_t length = read_text(first);
        const size_t length2 = read_text(second);
        if (kind == UNCASED || kind == CASED) {
            const size_t count = ec_tokenize_spans(kind == CASED ? cased : uncased, first, length,
                                                   ids, spans, TEXT_MAX);
            write_ids(count, ids, count);
            for (size_t i = 0; i < count; i++) {
                write_u32(spans[i].start);
                write_u32(spans[i].end);
            }
        } else {
            const size_t total = ec_encode_pair(
                uncased, first, length, kind == PAIR ? second : NULL, length2, ids, types, limit);
            const size_t count = total < limit ? total : limit;
            write_ids(total, ids, count);
            fwrite(types, 1, count, stdout);
        }
    }
}

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static const char EMAIL[] =
    "Dear claims team,\n\nI am writing because my Škoda Octavia (reg. LR19 XKD) was broken into "
    "on Tuesday night outside 14 King's Road. Somebody smashed the rear windscreen and took the "
    "sat-nav, two bags and my wife's coat; the police gave me reference 0412/23-B. I've rung your "
    "helpline three times and waited 45 minutes, but nobody has called back. Could you please "
    "tell me whether I'm covered, what the excess is, and where I can get the glass replaced? "
    "Unfortunately the comprehensive policy documents were misplaced during redecoration.\n\n";

// Median of many runs.
static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void bench(const char *text, size_t length, const ec_vocab *vocab) {
    enum { RUNS = 201, SIZE = 5000 };
    static char email[SIZE];
    static uint32_t ids[SIZE];
    double index_ms[RUNS], email_ms[RUNS];
    const size_t memory_size = ec_vocab_size(text, length);
    void *memory = malloc(memory_size);
    size_t tokens = 0;
    for (size_t i = 0; i < SIZE; i++) {
        email[i] = EMAIL[i % (sizeof EMAIL - 1)];
    }
    for (int run = 0; run < RUNS; run++) {
        ec_vocab *built = NULL;
        const double start = now_ms();
        ec_vocab_init(&built, memory, memory_size, text, length, true, NULL);
        const double middle = now_ms();
        tokens = ec_tokenize(vocab, email, SIZE, ids, SIZE);
        index_ms[run] = middle - start;
        email_ms[run] = now_ms() - middle;
    }
    const double first_ms = index_ms[0];
    qsort(index_ms, RUNS, sizeof *index_ms, compare_doubles);
    qsort(email_ms, RUNS, sizeof *email_ms, compare_doubles);
    printf("index: %u pieces, %zu bytes, first %.3f ms, median %.3f ms\n", ec_vocab_count(vocab),
           memory_size, first_ms, index_ms[RUNS / 2]);
    printf("email: %d characters, %zu tokens, median %.4f ms\n", SIZE, tokens, email_ms[RUNS / 2]);
    free(memory);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: tokenize_lines VOCAB [--bench]\n");
        return 2;
    }
    size_t length = 0;
    char *text = read_file(argv[1], &length);
    ec_vocab *uncased = new_vocab(text, length, true);
    ec_vocab *cased = new_vocab(text, length, false);
    if (argc > 2 && strcmp(argv[2], "--bench") == 0) {
        bench(text, length, uncased);
    } else {
        answer_requests(uncased, cased);
    }
    free(uncased);
    free(cased);
    free(text);
    return 0;
}
