// SPDX-License-Identifier: Apache-2.0
// clean: a table in, the same table with messages as the model reads them out.
#include <stdlib.h>

#include "commands.h"
#include "options.h"
#include "output.h"

const char *const help_clean =
    "usage: email-classifier clean [OPTION...] [FILE]\n"
    "\n"
    "Reads a table like that of batch and writes it as one JSON object a line, each message as "
    "the\n"
    "model reads it: without quoted mail, signatures, disclaimers and banners, and HTML as text.\n"
    "Quoted mail stays where the new text says too little without it. All other columns are kept.\n"
    "Needs no model. Without FILE, or with -, standard input is read.\n"
    "\n"
    "      --input-format FORMAT   csv or jsonl (default: by the ending of FILE)\n"
    "  -o, --output OUT            write to OUT, which appears when all is done\n"
    "  -e, --explain               add left_out: kind, start and end of each part that is "
    "missing,\n"
    "                              in bytes of the message as it was\n"
    "  -h, --help                  this text\n"
    "\n"
    "examples:\n"
    "  email-classifier clean emails.csv -o cleaned.jsonl\n"
    "  email-classifier clean --explain --input-format jsonl - < emails.jsonl\n";

typedef struct cleaning {
    email_table table;
    output_file out;
    table_record record;
    text_buffer line;
    ec_cleaned *cleaned;
    bool explain;
} cleaning;

static const char LEFT_OUT[] = "left_out";

static void add_left_out(text_buffer *line, const ec_cleaned *cleaned) {
    buffer_printf(line, ",\"%s\":[", LEFT_OUT);
    for (uint32_t i = 0; i < cleaned->left_out_count; i++) {
        const ec_left_out *part = &cleaned->left_out[i];
        buffer_printf(line, "%s{\"kind\":\"%s\",\"start\":%zu,\"end\":%zu}", i > 0 ? "," : "",
                      ec_left_out_name(part->kind), part->start, part->start + part->length);
    }
    buffer_add(line, "]", 1);
}

static void add_record(const cleaning *c, text_buffer *line) {
    const table_record *record = &c->record;
    bool first = true;
    for (size_t i = 0; i < record->count; i++) {
        const table_field *field = &record->fields[i];
        if (c->explain && text_equals(field->key, text_of(LEFT_OUT))) {
            continue;
        }
        buffer_add_string(line, first ? "{" : ",");
        first = false;
        buffer_add_json_string(line, field->key);
        buffer_add(line, ":", 1);
        if (&field->value == record->message) {
            buffer_add_json_string(line, (text){c->cleaned->text, c->cleaned->length});
        } else if (field->is_json) {
            buffer_add(line, field->value.data, field->value.length);
        } else {
            buffer_add_json_string(line, field->value);
        }
    }
    if (c->explain) {
        add_left_out(line, c->cleaned);
    }
    buffer_add_string(line, "}\n");
}

// Says what is wrong with a record, which ends it all: a table that lacks emails misleads.
static bool clean_record(cleaning *c) {
    const table_record *record = &c->record;
    ec_error error = {0};
    if (record->problem[0] != '\0') {
        cli_error("%s: line %zu: %s", c->table.input.name, record->line, record->problem);
        return false;
    }
    const ec_email email = {record->subject->data, record->subject->length, record->message->data,
                            record->message->length};
    if (ec_clean(&email, c->cleaned, &error) != EC_OK) {
        cli_error("%s: line %zu: %s: %s", c->table.input.name, record->line, error.field,
                  error.message);
        return false;
    }
    buffer_clear(&c->line);
    add_record(c, &c->line);
    if (c->line.failed) {
        cli_error("no memory");
        return false;
    }
    return output_write(&c->out, c->line.data, c->line.length);
}

static bool clean_table(cleaning *c) {
    table_result result;
    while ((result = table_read(&c->table, &c->record)) == TABLE_RECORD) {
        if (!clean_record(c)) {
            return false;
        }
    }
    return result == TABLE_END;
}

static int run(const cli_options *o, const char *path, table_format format) {
    cleaning c = {.explain = o->explain, .cleaned = malloc(sizeof *c.cleaned)};
    int exit_code = CLI_FAILED;
    if (c.cleaned == NULL) {
        cli_error("no memory");
        return exit_code;
    }
    if (table_open(&c.table, path, format)) {
        if (output_open(&c.out, o->output)) {
            const bool ok = clean_table(&c);
            exit_code = output_close(&c.out, ok) && ok ? CLI_OK : CLI_FAILED;
        }
        table_close(&c.table);
    }
    table_record_free(&c.record);
    buffer_free(&c.line);
    free(c.cleaned);
    return exit_code;
}

int command_clean(int argc, char **argv) {
    cli_options o;
    if (!options_read(&o, OPTION_INPUT_FORMAT | OPTION_OUTPUT | OPTION_EXPLAIN, argc, argv)) {
        return options_usage(argv[0]);
    }
    if (o.file_count > 1) {
        cli_error("clean takes one file");
        return options_usage(argv[0]);
    }
    const char *path = o.file_count == 1 ? o.files[0] : "-";
    const table_format format = options_table_format(&o, path);
    return format != TABLE_UNKNOWN ? run(&o, path, format) : options_usage(argv[0]);
}
