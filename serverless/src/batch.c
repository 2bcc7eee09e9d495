// SPDX-License-Identifier: Apache-2.0
// batch: a table in, the same table with answers out.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "model_file.h"
#include "options.h"
#include "output.h"
#include "pipeline.h"

const char *const help_batch =
    "usage: email-classifier batch [OPTION...] [FILE]\n"
    "\n"
    "Classifies a table of emails: CSV with a header row, or one JSON object a line, with the\n"
    "columns or keys subject and message (in any case). All others are kept. Adds label,\n"
    "confidence, source and needs_review, and error for an email that is not permitted; columns\n"
    "of these names that are there already are replaced. The order stays. Tables of any size are\n"
    "streamed. Without FILE, or with -, standard input is read.\n"
    "\n"
    "      --input-format FORMAT   csv or jsonl (default: by the ending of FILE)\n"
    "      --output-format FORMAT  csv or jsonl (default: by the ending of OUT, else as input)\n"
    "  -o, --output OUT            write to OUT, which appears when all is done\n"
    "  -t, --threads N             emails in work at once (default: processors, at most 8)\n"
    "  -m, --model FILE            the model bundle\n"
    "      --require-model         fail rather than answer by key-word rules\n"
    "  -h, --help                  this text\n"
    "\n"
    "examples:\n"
    "  email-classifier batch emails.csv -o answers.csv\n"
    "  email-classifier batch --input-format jsonl --output-format csv - < emails.jsonl\n"
    "\n"
    "exit status: 0 done (also when some emails had an error), 1 failed, 2 wrong usage,\n"
    "3 answered without the model\n";

enum { DEFAULT_MAX_THREADS = 8, PROGRESS_MS = 200 };

static const char *const added[] = {"label", "confidence", "source", "needs_review", "error"};
enum { ADDED_COUNT = sizeof added / sizeof *added };

typedef struct batch {
    const email_table *table;
    output_file out;
    table_format format;
    text_buffer columns;  // memory of their names
    text_buffer line;
    bool header_written;
    bool progress;
    double started, shown;
    size_t emails, problems, fallbacks, lost_values;
} batch;

static bool is_added(text key) {
    for (size_t i = 0; i < ADDED_COUNT; i++) {
        if (text_equals(key, text_of(added[i]))) {
            return true;
        }
    }
    return false;
}

static const char *needs_review(const ec_answer *answer) {
    return answer->needs_review ? "true" : "false";
}

// ---------------------------------------------------------------------------- JSON lines out

static void add_key(text_buffer *line, bool *first, text key) {
    buffer_add_string(line, *first ? "{" : ",");
    *first = false;
    buffer_add_json_string(line, key);
    buffer_add(line, ":", 1);
}

static void write_json(batch *b, const email_outcome *outcome) {
    text_buffer *line = &b->line;
    bool first = true;
    for (size_t i = 0; i < outcome->record->count; i++) {
        const table_field *field = &outcome->record->fields[i];
        if (is_added(field->key)) {
            continue;
        }
        add_key(line, &first, field->key);
        if (field->is_json) {
            buffer_add(line, field->value.data, field->value.length);
        } else {
            buffer_add_json_string(line, field->value);
        }
    }
    const ec_answer *answer = outcome->answer;
    if (answer != NULL) {
        add_key(line, &first, text_of("label"));
        buffer_add_json_string(line, text_of(answer->label));
        buffer_printf(line, ",\"confidence\":%.4f,\"source\":\"%s\",\"needs_review\":%s}\n",
                      (double)answer->confidence, ec_source_name(answer->source),
                      needs_review(answer));
    } else {
        add_key(line, &first, text_of("error"));
        buffer_add_json_string(line, text_of(outcome->problem));
        buffer_add_string(line, "}\n");
    }
}

// ---------------------------------------------------------------------------- CSV out

static const table_field *field_named(const table_record *record, text key) {
    for (size_t i = 0; i < record->count; i++) {
        if (text_equals(record->fields[i].key, key)) {
            return &record->fields[i];
        }
    }
    return NULL;
}

// A line of as many kept columns as the header has, of this record.
static void add_kept(batch *b, const table_record *record) {
    bool first = true;
    size_t used = 0;
    for (size_t at = 0; at < b->columns.length;) {
        const text key = text_of(b->columns.data + at);
        const table_field *field = field_named(record, key);
        csv_add_field(&b->line, field != NULL ? field->value : (text){"", 0}, first);
        first = false;
        used += field != NULL;
        at += key.length + 1;
    }
    for (size_t i = 0; i < record->count; i++) {
        used += is_added(record->fields[i].key);
    }
    b->lost_values += record->count - used;
}

static void write_csv_header(batch *b) {
    bool first = true;
    for (size_t at = 0; at < b->columns.length;) {
        const text key = text_of(b->columns.data + at);
        csv_add_field(&b->line, key, first);
        first = false;
        at += key.length + 1;
    }
    for (size_t i = 0; i < ADDED_COUNT; i++) {
        csv_add_field(&b->line, text_of(added[i]), first && i == 0);
    }
    buffer_add(&b->line, "\n", 1);
    b->header_written = true;
}

// Names of the kept columns, each ending in NUL.
static void add_column(batch *b, text key) {
    if (!is_added(key)) {
        buffer_add(&b->columns, key.data, key.length);
        buffer_add(&b->columns, "", 1);
    }
}

static void choose_columns(batch *b, const table_record *record) {
    for (size_t i = 0; i < b->table->header.count; i++) {
        add_column(b, csv_field(&b->table->header, i));
    }
    for (size_t i = 0; i < record->count && b->table->format == TABLE_JSONL; i++) {
        add_column(b, record->fields[i].key);
    }
    if (b->columns.length == 0) {
        add_column(b, text_of("subject"));
        add_column(b, text_of("message"));
    }
}

static void write_csv(batch *b, const email_outcome *outcome) {
    if (!b->header_written) {
        choose_columns(b, outcome->record);
        write_csv_header(b);
    }
    add_kept(b, outcome->record);
    const ec_answer *answer = outcome->answer;
    if (answer != NULL) {
        csv_add_field(&b->line, text_of(answer->label), false);
        buffer_printf(&b->line, ",%.4f,%s,%s,\n", (double)answer->confidence,
                      ec_source_name(answer->source), needs_review(answer));
    } else {
        buffer_add_string(&b->line, ",,,,");
        csv_add_field(&b->line, text_of(outcome->problem), false);
        buffer_add(&b->line, "\n", 1);
    }
}

// ---------------------------------------------------------------------------- running

static void show_progress(batch *b) {
    const double now = clock_ms();
    if (b->progress && now - b->shown >= PROGRESS_MS) {
        b->shown = now;
        fprintf(stderr, "\r%zu emails, %.0f a second ", b->emails,
                (double)b->emails * 1e3 / (now - b->started));
    }
}

static bool write_line(batch *b) {
    if (b->line.failed || b->columns.failed) {
        cli_error("no memory");
        return false;
    }
    return output_write(&b->out, b->line.data, b->line.length);
}

static bool take_outcome(void *context, const email_outcome *outcome) {
    batch *b = context;
    buffer_clear(&b->line);
    if (b->format == TABLE_CSV) {
        write_csv(b, outcome);
    } else {
        write_json(b, outcome);
    }
    b->emails++;
    b->problems += outcome->answer == NULL;
    b->fallbacks += outcome->answer != NULL && outcome->answer->fallback_used;
    show_progress(b);
    return write_line(b);
}

static bool flush(void *context) {
    batch *b = context;
    return output_flush(&b->out);
}

// An empty CSV table still has a header.
static bool write_empty_header(batch *b) {
    if (b->format != TABLE_CSV || b->header_written || b->table->format != TABLE_CSV) {
        return true;
    }
    const table_record none = {0};
    buffer_clear(&b->line);
    choose_columns(b, &none);
    write_csv_header(b);
    return write_line(b);
}

static void report(const batch *b) {
    if (b->progress) {
        fprintf(stderr, "\r%zu emails in %.1f s\033[K\n", b->emails,
                (clock_ms() - b->started) / 1e3);
    }
    if (b->problems > 0) {
        cli_error("%s: %zu of %zu emails could not be classified, see \"error\" in the output",
                  b->table->input.name, b->problems, b->emails);
    }
    if (b->lost_values > 0) {
        cli_error("%s: %zu values left out, which have no column in the first line",
                  b->table->input.name, b->lost_values);
    }
}

static int classify_table(email_table *table, const model_file *file, const cli_options *o,
                          table_format format) {
    batch b = {.table = table, .format = format, .started = clock_ms()};
    if (!output_open(&b.out, o->output)) {
        return CLI_FAILED;
    }
    b.progress = isatty(STDERR_FILENO) == 1 && (b.out.file != stdout || isatty(STDOUT_FILENO) != 1);
    const unsigned threads = options_threads(o, processor_count(DEFAULT_MAX_THREADS));
    const email_pipeline pipeline = {table, file->model, threads, false, take_outcome, flush, &b};
    bool ok = pipeline_run(&pipeline) && write_empty_header(&b);
    ok = output_close(&b.out, ok) && ok;
    if (ok) {
        report(&b);
    }
    buffer_free(&b.line);
    buffer_free(&b.columns);
    const size_t answers = b.emails - b.problems;
    const bool only_fallbacks = answers > 0 ? b.fallbacks == answers : file->model == NULL;
    return !ok ? CLI_FAILED : only_fallbacks ? CLI_FALLBACK : CLI_OK;
}

static int run(const cli_options *o, const char *path, table_format in, table_format out) {
    model_file file;
    if (!model_file_open(&file, o, o->require_model)) {
        return CLI_FAILED;
    }
    email_table table;
    int exit_code = CLI_FAILED;
    if (table_open(&table, path, in)) {
        exit_code = classify_table(&table, &file, o, out);
        table_close(&table);
    }
    model_file_close(&file);
    return exit_code;
}

int command_batch(int argc, char **argv) {
    cli_options o;
    const unsigned accepted = OPTION_INPUT_FORMAT | OPTION_OUTPUT_FORMAT | OPTION_OUTPUT |
                              OPTION_THREADS | OPTION_MODEL | OPTION_REQUIRE_MODEL;
    if (!options_read(&o, accepted, argc, argv)) {
        return options_usage(argv[0]);
    }
    if (o.file_count > 1) {
        cli_error("batch takes one file");
        return options_usage(argv[0]);
    }
    const char *path = o.file_count == 1 ? o.files[0] : "-";
    const table_format in = options_table_format(&o, path);
    if (in == TABLE_UNKNOWN) {
        return options_usage(argv[0]);
    }
    table_format out = o.output_format;
    out = out != TABLE_UNKNOWN || o.output == NULL ? out : table_format_of(o.output);
    return run(&o, path, in, out != TABLE_UNKNOWN ? out : in);
}
