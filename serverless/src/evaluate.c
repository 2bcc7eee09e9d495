// SPDX-License-Identifier: Apache-2.0
// evaluate: the model against labelled emails.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "metrics.h"
#include "model_file.h"
#include "options.h"
#include "output.h"
#include "pipeline.h"

const char *const help_evaluate =
    "usage: email-classifier evaluate [OPTION...] FILE\n"
    "\n"
    "Classifies a table like that of batch which also has a column label, and prints accuracy,\n"
    "precision, recall and F1 of each class, the confusion matrix, the expected calibration error\n"
    "(15 bins), and how many emails need no review and how often those are right.\n"
    "\n"
    "      --input-format FORMAT   csv or jsonl (default: by the ending of FILE)\n"
    "  -f, --format FORMAT         text (default) or json\n"
    "      --whole-messages        read messages as they came, signatures and quoted mail "
    "included\n"
    "      --predictions OUT       write each answer as a line of JSON, without the mail\n"
    "  -t, --threads N             emails in work at once (default: processors, at most 8)\n"
    "  -m, --model FILE            the model bundle\n"
    "      --require-model         fail rather than evaluate the key-word rules\n"
    "  -h, --help                  this text\n"
    "\n"
    "examples:\n"
    "  email-classifier evaluate models/data/validation.jsonl\n"
    "  email-classifier evaluate --format json --predictions answers.jsonl mails.csv\n"
    "\n"
    "exit status: 0 done, 1 failed, 2 wrong usage, 3 evaluated without the model\n";

enum { DEFAULT_MAX_THREADS = 8, MAX_COMPLAINTS = 10 };

typedef struct evaluation {
    const ec_model_info *info;
    const ec_model *model;
    const char *name;
    metrics metrics;
    size_t problems, fallbacks;
    output_file predictions;  // file NULL: not asked for
    text_buffer line;
    double seconds;
} evaluation;

// ---------------------------------------------------------------------------- counting

// The class_id of a label; label_count when there is no such class.
static size_t class_of(const ec_model_info *info, text label) {
    size_t id = 0;
    while (id < info->label_count && !text_equals(label, text_of(info->labels[id]))) {
        id++;
    }
    return id;
}

static bool write_prediction(evaluation *e, const email_outcome *outcome, size_t truth) {
    if (e->predictions.file == NULL) {
        return true;
    }
    text_buffer *line = &e->line;
    buffer_clear(line);
    buffer_printf(line, "{\"line\":%zu,\"expected\":", outcome->record->line);
    buffer_add_json_string(line, text_of(e->info->labels[truth]));
    buffer_add_string(line, ",\"answer\":");
    buffer_add_answer(line, outcome->answer, NULL, e->model, -1.0);
    buffer_add_string(line, "}\n");
    if (line->failed) {
        cli_error("no memory");
        return false;
    }
    return output_write(&e->predictions, line->data, line->length);
}

static bool take_outcome(void *context, const email_outcome *outcome) {
    evaluation *e = context;
    const table_record *record = outcome->record;
    if (outcome->answer == NULL) {
        if (e->problems++ < MAX_COMPLAINTS) {
            cli_error("%s: line %zu: %s; left out", e->name, record->line, outcome->problem);
        }
        return true;
    }
    const size_t truth =
        record->label != NULL ? class_of(e->info, *record->label) : e->info->label_count;
    if (truth == e->info->label_count) {
        cli_error("%s: line %zu: label: %s", e->name, record->line,
                  record->label == NULL ? "is missing" : "is none of the model's");
        return false;
    }
    e->fallbacks += outcome->answer->fallback_used;
    metrics_add(&e->metrics, truth, outcome->answer);
    return write_prediction(e, outcome, truth);
}

// ---------------------------------------------------------------------------- printing

static double share(size_t part, size_t whole) {
    return whole > 0 ? (double)part / (double)whole : 0.0;
}

static void print_summary(const evaluation *e) {
    const metrics *m = &e->metrics;
    const double count = m->count > 0 ? (double)m->count : 1.0;
    printf("emails             %zu", m->count);
    printf(e->problems > 0 ? " and %zu left out\n" : "\n", e->problems);
    printf("accuracy           %.2f %%\n", 100.0 * metrics_accuracy(m));
    printf("macro F1           %.4f\n", metrics_macro_f1(m));
    printf("calibration error  %.4f\n", metrics_calibration_error(m));
    printf("need no review     %.2f %%, of them right %.2f %%\n", 100.0 * share(m->sure, m->count),
           100.0 * share(m->sure_right, m->sure));
    printf("mean tokens        %.1f\n", m->tokens / count);
    printf("emails a second    %.1f\n", (double)m->count / e->seconds);
}

static void print_text(const evaluation *e) {
    const metrics *m = &e->metrics;
    print_summary(e);
    printf("\n%-16s %9s %9s %9s %9s\n", "class", "precision", "recall", "F1", "support");
    for (size_t i = 0; i < m->labels; i++) {
        const class_metrics c = metrics_of_class(m, i);
        printf("%-16s %9.4f %9.4f %9.4f %9zu\n", e->info->labels[i], c.precision, c.recall, c.f1,
               c.support);
    }
    printf("\n%-16s", "truth \\ answer");
    for (size_t i = 0; i < m->labels; i++) {
        printf(" %13.13s", e->info->labels[i]);
    }
    for (size_t row = 0; row < m->labels; row++) {
        printf("\n%-16s", e->info->labels[row]);
        for (size_t i = 0; i < m->labels; i++) {
            printf(" %13zu", m->confusion[row * m->labels + i]);
        }
    }
    puts("");
}

static void add_classes(text_buffer *out, const evaluation *e) {
    const metrics *m = &e->metrics;
    for (size_t i = 0; i < m->labels; i++) {
        const class_metrics c = metrics_of_class(m, i);
        buffer_add_string(out, i == 0 ? "{" : ",");
        buffer_add_json_string(out, text_of(e->info->labels[i]));
        buffer_printf(out, ":{\"precision\":%.6f,\"recall\":%.6f,\"f1\":%.6f,\"support\":%zu}",
                      c.precision, c.recall, c.f1, c.support);
    }
    buffer_add_string(out, "},\"confusion\":[");
    for (size_t i = 0; i < m->labels * m->labels; i++) {
        buffer_add_string(out, i == 0 ? "[" : i % m->labels == 0 ? "],[" : ",");
        buffer_printf(out, "%zu", m->confusion[i]);
    }
    buffer_add_string(out, "]]");
}

static bool print_json(evaluation *e) {
    const metrics *m = &e->metrics;
    text_buffer *out = &e->line;
    buffer_clear(out);
    buffer_printf(out,
                  "{\"emails\":%zu,\"left_out\":%zu,\"accuracy\":%.6f,\"macro_f1\":%.6f,"
                  "\"calibration_error\":%.6f,\"coverage\":%.6f,\"covered_accuracy\":%.6f,"
                  "\"mean_tokens\":%.2f,\"emails_per_second\":%.2f,\"classes\":",
                  m->count, e->problems, metrics_accuracy(m), metrics_macro_f1(m),
                  metrics_calibration_error(m), share(m->sure, m->count),
                  share(m->sure_right, m->sure), m->count > 0 ? m->tokens / (double)m->count : 0.0,
                  (double)m->count / e->seconds);
    add_classes(out, e);
    buffer_add_string(out, "}\n");
    if (out->failed) {
        cli_error("no memory");
        return false;
    }
    return cli_write(out->data, out->length);
}

// ---------------------------------------------------------------------------- running

static bool evaluate_table(evaluation *e, email_table *table, const cli_options *o) {
    const unsigned threads = options_threads(o, processor_count(DEFAULT_MAX_THREADS));
    const email_pipeline pipeline = {table,        e->model, threads, o->whole_messages,
                                     take_outcome, NULL,     e};
    const double start = clock_ms();
    if (!pipeline_run(&pipeline)) {
        return false;
    }
    e->seconds = (clock_ms() - start) / 1e3;
    if (e->metrics.count == 0) {
        cli_error("%s: no labelled email in it", e->name);
        return false;
    }
    return true;
}

static int evaluate_model(const model_file *file, email_table *table, const cli_options *o) {
    evaluation e = {.model = file->model, .info = ec_model_get_info(file->model)};
    e.name = table->input.name;
    e.metrics.labels = e.info->label_count;
    e.metrics.confusion = calloc(e.metrics.labels * e.metrics.labels, sizeof(size_t));
    bool ok = e.metrics.confusion != NULL;
    if (!ok) {
        cli_error("no memory");
    }
    if (ok && o->predictions != NULL) {
        ok = output_open(&e.predictions, o->predictions);
    }
    ok = ok && evaluate_table(&e, table, o);
    if (e.predictions.file != NULL) {
        ok = output_close(&e.predictions, ok) && ok;
    }
    if (ok && o->json) {
        ok = print_json(&e);
    } else if (ok) {
        print_text(&e);
    }
    const bool only_fallbacks = e.fallbacks == e.metrics.count;
    free(e.metrics.confusion);
    buffer_free(&e.line);
    return !ok ? CLI_FAILED : only_fallbacks ? CLI_FALLBACK : CLI_OK;
}

int command_evaluate(int argc, char **argv) {
    cli_options o;
    const unsigned accepted = OPTION_INPUT_FORMAT | OPTION_FORMAT | OPTION_PREDICTIONS |
                              OPTION_THREADS | OPTION_MODEL | OPTION_REQUIRE_MODEL | OPTION_WHOLE;
    if (!options_read(&o, accepted, argc, argv)) {
        return options_usage(argv[0]);
    }
    if (o.file_count != 1) {
        cli_error("evaluate takes one file");
        return options_usage(argv[0]);
    }
    const table_format format = options_table_format(&o, o.files[0]);
    if (format == TABLE_UNKNOWN) {
        return options_usage(argv[0]);
    }
    model_file file;
    if (!model_file_open(&file, &o, o.require_model)) {
        return CLI_FAILED;
    }
    email_table table;
    int exit_code = CLI_FAILED;
    if (table_open(&table, o.files[0], format)) {
        exit_code = evaluate_model(&file, &table, &o);
        table_close(&table);
    }
    model_file_close(&file);
    return exit_code;
}
