// SPDX-License-Identifier: Apache-2.0
// bench: load time, time of one pass by length and threads, throughput, memory.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "model_file.h"
#include "options.h"
#include "pipeline.h"

const char *const help_bench =
    "usage: email-classifier bench [OPTION...]\n"
    "\n"
    "Measures the network on random tokens, and whole emails when a table is named.\n"
    "\n"
    "      --tokens LIST        lengths (default 16,64,128,256,512)\n"
    "  -t, --threads LIST       threads (default 1,2)\n"
    "  -n, --iterations N       passes of each kind (default 200)\n"
    "      --emails FILE        also classify this table (csv, jsonl) with as many workers\n"
    "      --input-format FORMAT  of that table (default: by the ending of FILE)\n"
    "  -f, --format FORMAT      text (default) or json\n"
    "  -m, --model FILE         the model bundle\n"
    "  -h, --help               this text\n"
    "\n"
    "examples:\n"
    "  email-classifier bench\n"
    "  email-classifier bench --tokens 128 --threads 1,2,4 --format json\n";

enum { DEFAULT_ITERATIONS = 200, WARM_UP = 5 };

typedef struct bench {
    const cli_options *options;
    const model_file *file;
    const ec_model_info *info;
    unsigned iterations;
    uint32_t *ids;   // [max_tokens]
    uint8_t *types;  // [max_tokens], all 0
    double *times;   // [iterations], milliseconds
    float *logits;
    text_buffer json;
    bool first;  // nothing in the current list yet
} bench;

// A number in kB of /proc/self/status as MB; 0 when the system does not tell.
static double memory_mb(const char *key) {
    FILE *status = fopen("/proc/self/status", "r");
    double result = 0.0;
    char line[256];
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, key, strlen(key)) == 0) {
            result = strtod(line + strlen(key), NULL) / 1024.0;
        }
    }
    if (status != NULL) {
        fclose(status);
    }
    return result;
}

static int compare_times(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(const bench *b, unsigned percent) {
    const size_t rank = ((size_t)b->iterations * percent + 99) / 100;
    return b->times[rank > 0 ? rank - 1 : 0];
}

// ---------------------------------------------------------------------------- one pass

static void print_times(bench *b, unsigned threads, unsigned tokens) {
    double sum = 0.0;
    for (unsigned i = 0; i < b->iterations; i++) {
        sum += b->times[i];
    }
    const double mean = sum / b->iterations;
    qsort(b->times, b->iterations, sizeof *b->times, compare_times);
    const double p50 = percentile(b, 50);
    const double p99 = percentile(b, 99);
    buffer_printf(&b->json,
                  "%s{\"threads\":%u,\"tokens\":%u,\"p50_ms\":%.4f,\"p99_ms\":%.4f,"
                  "\"mean_ms\":%.4f,\"per_second\":%.2f}",
                  b->first ? "" : ",", threads, tokens, p50, p99, mean, 1e3 / mean);
    b->first = false;
    if (!b->options->json) {
        printf("%7u %7u %10.3f %10.3f %12.1f\n", threads, tokens, p50, p99, 1e3 / mean);
    }
}

static bool measure(bench *b, ec_classifier *classifier, unsigned threads, unsigned tokens) {
    ec_error error = {0};
    for (unsigned i = 0; i < b->iterations + WARM_UP; i++) {
        const double start = clock_ms();
        if (ec_classifier_logits(classifier, b->ids, b->types, tokens, b->logits, &error) !=
            EC_OK) {
            cli_error_of(b->file->path, &error);
            return false;
        }
        if (i >= WARM_UP) {
            b->times[i - WARM_UP] = clock_ms() - start;
        }
    }
    print_times(b, threads, tokens);
    return true;
}

static bool measure_lengths(bench *b, unsigned threads) {
    static const number_list usual = {{16, 64, 128, 256, 512}, 5};
    const number_list *lengths = b->options->tokens.count > 0 ? &b->options->tokens : &usual;
    bool ok = false;
    void *pool = thread_pool_new(threads, &ok);
    ec_classifier *classifier = NULL;
    const ec_classifier_options settings = {.struct_size = sizeof settings, .threadpool = pool};
    ec_error error = {0};
    if (ok && ec_classifier_new(b->file->model, &settings, &classifier, &error) != EC_OK) {
        cli_error_of(b->file->path, &error);
        ok = false;
    }
    for (size_t i = 0; i < lengths->count && ok; i++) {
        if (lengths->values[i] <= b->info->max_tokens) {
            ok = measure(b, classifier, threads, lengths->values[i]);
        }
    }
    ec_classifier_free(classifier);
    thread_pool_free(pool);
    return ok;
}

// ---------------------------------------------------------------------------- whole emails

static bool count_outcome(void *context, const email_outcome *outcome) {
    size_t *emails = context;
    *emails += outcome->answer != NULL;
    return true;
}

static bool measure_emails(bench *b, unsigned threads) {
    email_table table;
    if (!table_open(&table, b->options->emails, b->options->input_format)) {
        return false;
    }
    size_t emails = 0;
    const double start = clock_ms();
    const email_pipeline pipeline = {&table,        b->file->model, threads, false,
                                     count_outcome, NULL,           &emails};
    const bool ok = pipeline_run(&pipeline);
    const double per_second = (double)emails * 1e3 / (clock_ms() - start);
    table_close(&table);
    const double memory = memory_mb("VmRSS:");
    buffer_printf(&b->json, "%s{\"workers\":%u,\"emails\":%zu,\"per_second\":%.2f,\"rss_mb\":%.1f}",
                  b->first ? "" : ",", threads, emails, per_second, memory);
    b->first = false;
    if (ok && !b->options->json) {
        printf("%7u %7zu %12.1f %10.1f\n", threads, emails, per_second, memory);
    }
    return ok;
}

// ---------------------------------------------------------------------------- all of it

static bool check_lengths(const bench *b) {
    const number_list *lengths = &b->options->tokens;
    for (size_t i = 0; i < lengths->count; i++) {
        if (lengths->values[i] > b->info->max_tokens) {
            cli_error("--tokens %u: the model reads at most %u", lengths->values[i],
                      b->info->max_tokens);
            return false;
        }
    }
    return true;
}

static bool prepare(bench *b) {
    const size_t tokens = b->info->max_tokens;
    b->ids = malloc(tokens * sizeof *b->ids);
    b->types = calloc(tokens, sizeof *b->types);
    b->times = malloc(b->iterations * sizeof *b->times);
    b->logits = malloc(b->info->label_count * sizeof *b->logits);
    if (b->ids == NULL || b->types == NULL || b->times == NULL || b->logits == NULL) {
        cli_error("no memory");
        return false;
    }
    uint32_t random = 2463534242u;
    for (size_t i = 0; i < tokens; i++) {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        b->ids[i] = random % b->info->vocabulary_size;
    }
    return true;
}

static void start_list(bench *b, const char *name, const char *heading) {
    buffer_printf(&b->json, ",\"%s\":[", name);
    b->first = true;
    if (!b->options->json) {
        printf("\n%s\n", heading);
    }
}

static bool run_all(bench *b) {
    static const number_list usual = {{1, 2}, 2};
    const number_list *threads = b->options->threads.count > 0 ? &b->options->threads : &usual;
    buffer_printf(&b->json, "{\"load_ms\":%.3f,\"iterations\":%u,\"rss_loaded_mb\":%.1f",
                  b->file->load_ms, b->iterations, memory_mb("VmRSS:"));
    if (!b->options->json) {
        printf("load %.1f ms, resident %.1f MB\n", b->file->load_ms, memory_mb("VmRSS:"));
    }
    bool ok = true;
    if (b->options->emails != NULL) {
        start_list(b, "emails", "workers  emails     a second        MB");
        for (size_t i = 0; i < threads->count && ok; i++) {
            ok = measure_emails(b, threads->values[i]);
        }
        buffer_add_string(&b->json, "]");
    }
    start_list(b, "passes", "threads  tokens     p50 ms     p99 ms     a second");
    for (size_t i = 0; i < threads->count && ok; i++) {
        ok = measure_lengths(b, threads->values[i]);
    }
    buffer_printf(&b->json, "],\"rss_mb\":%.1f,\"rss_peak_mb\":%.1f}\n", memory_mb("VmRSS:"),
                  memory_mb("VmHWM:"));
    if (!ok) {
        return false;
    }
    if (!b->options->json) {
        printf("\nresident %.1f MB, at most %.1f MB\n", memory_mb("VmRSS:"), memory_mb("VmHWM:"));
        return true;
    }
    if (b->json.failed) {
        cli_error("no memory");
        return false;
    }
    return cli_write(b->json.data, b->json.length);
}

int command_bench(int argc, char **argv) {
    cli_options o;
    const unsigned accepted = OPTION_TOKENS | OPTION_THREAD_LIST | OPTION_ITERATIONS |
                              OPTION_EMAILS | OPTION_INPUT_FORMAT | OPTION_FORMAT | OPTION_MODEL;
    if (!options_read(&o, accepted, argc, argv)) {
        return options_usage(argv[0]);
    }
    if (o.file_count != 0) {
        cli_error("bench takes no file; name emails with --emails");
        return options_usage(argv[0]);
    }
    if (o.emails != NULL) {
        o.input_format = options_table_format(&o, o.emails);
        if (o.input_format == TABLE_UNKNOWN) {
            return options_usage(argv[0]);
        }
    }
    model_file file;
    if (!model_file_open(&file, &o, true)) {
        return CLI_FAILED;
    }
    bench b = {.options = &o, .file = &file, .info = ec_model_get_info(file.model)};
    b.iterations = o.iterations > 0 ? o.iterations : DEFAULT_ITERATIONS;
    const bool ok = check_lengths(&b) && prepare(&b) && run_all(&b);
    free(b.ids);
    free(b.types);
    free(b.times);
    free(b.logits);
    buffer_free(&b.json);
    model_file_close(&file);
    return ok ? CLI_OK : CLI_FAILED;
}
