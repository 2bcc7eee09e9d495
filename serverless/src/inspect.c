// SPDX-License-Identifier: Apache-2.0
// model-info and tokenize: what the model is, and what it reads.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "email_file.h"
#include "model_file.h"
#include "options.h"

const char *const help_model_info =
    "usage: email-classifier model-info [OPTION...]\n"
    "\n"
    "Shows what the model is: version, labels, size, thresholds, and what its makers measured.\n"
    "\n"
    "  -f, --format FORMAT  text (default) or json\n"
    "  -m, --model FILE     the model bundle\n"
    "  -h, --help           this text\n"
    "\n"
    "examples:\n"
    "  email-classifier model-info\n"
    "  email-classifier model-info --format json --model mine.ecm\n";

const char *const help_tokenize =
    "usage: email-classifier tokenize [OPTION...] [FILE]\n"
    "\n"
    "Shows the tokens the model reads of an email, one a line: id, tab, piece. The file is as for\n"
    "classify. Without FILE, or with -, standard input is read.\n"
    "\n"
    "  -s, --subject TEXT   the subject; all of FILE is then the message\n"
    "  -f, --format FORMAT  text (default) or json\n"
    "  -m, --model FILE     the model bundle\n"
    "  -h, --help           this text\n"
    "\n"
    "examples:\n"
    "  email-classifier tokenize email.txt\n"
    "  echo 'My car will not start.' | email-classifier tokenize --subject Help --format json\n";

static int print_buffer(text_buffer *out) {
    if (out->failed) {
        cli_error("no memory");
    }
    const bool ok = !out->failed && cli_write(out->data, out->length);
    buffer_free(out);
    return ok ? CLI_OK : CLI_FAILED;
}

// ---------------------------------------------------------------------------- model-info

static void print_info(const model_file *file, const ec_model_info *info) {
    printf("name               %s\n", info->name);
    printf("version            %s\n", info->version);
    printf("file               %s, %.1f MB\n", file->path, (double)file->image.length / 1e6);
    printf("digest             %s\n", info->digest);
    printf("labels            ");
    for (uint32_t i = 0; i < info->label_count; i++) {
        printf(" %s", info->labels[i]);
    }
    printf("\ndefault label      %s\n", info->labels[info->default_class_id]);
    printf("network            BERT, %u layers, hidden size %u, intermediate size %u, %u heads\n",
           info->layer_count, info->hidden_size, info->intermediate_size, info->attention_heads);
    printf("vocabulary         %u pieces\n", info->vocabulary_size);
    printf("window             %u tokens\n", info->max_tokens);
    printf("temperature        %.4f\n", (double)info->temperature);
    printf("review below       %.4f\n", (double)info->review_threshold);
    printf("packed weights     %.1f MB\n", (double)info->packed_bytes / 1e6);
    printf("loaded in          %.1f ms\n", file->load_ms);
    printf("metadata           %s\n", info->metadata);
}

static int print_info_json(const model_file *file, const ec_model_info *info) {
    text_buffer out = {0};
    buffer_add_string(&out, "{\"name\":");
    buffer_add_json_string(&out, text_of(info->name));
    buffer_add_string(&out, ",\"version\":");
    buffer_add_json_string(&out, text_of(info->version));
    buffer_printf(&out, ",\"digest\":\"%s\",\"bytes\":%zu,\"labels\":[", info->digest,
                  file->image.length);
    for (uint32_t i = 0; i < info->label_count; i++) {
        buffer_add_string(&out, i == 0 ? "" : ",");
        buffer_add_json_string(&out, text_of(info->labels[i]));
    }
    buffer_printf(&out,
                  "],\"default_class_id\":%u,\"hidden_size\":%u,\"intermediate_size\":%u,"
                  "\"layers\":%u,\"attention_heads\":%u,\"vocabulary_size\":%u,\"max_tokens\":%u,",
                  info->default_class_id, info->hidden_size, info->intermediate_size,
                  info->layer_count, info->attention_heads, info->vocabulary_size,
                  info->max_tokens);
    buffer_printf(&out,
                  "\"temperature\":%.6f,\"review_threshold\":%.6f,\"packed_bytes\":%zu,"
                  "\"load_ms\":%.3f,\"metadata\":",
                  (double)info->temperature, (double)info->review_threshold, info->packed_bytes,
                  file->load_ms);
    buffer_add_string(&out, *info->metadata != '\0' ? info->metadata : "{}");
    buffer_add_string(&out, "}\n");
    return print_buffer(&out);
}

int command_model_info(int argc, char **argv) {
    cli_options o;
    if (!options_read(&o, OPTION_FORMAT | OPTION_MODEL, argc, argv)) {
        return options_usage(argv[0]);
    }
    if (o.file_count != 0) {
        cli_error("model-info takes no file; name the model with --model");
        return options_usage(argv[0]);
    }
    model_file file;
    if (!model_file_open(&file, &o, true)) {
        return CLI_FAILED;
    }
    int exit_code = CLI_OK;
    if (o.json) {
        exit_code = print_info_json(&file, ec_model_get_info(file.model));
    } else {
        print_info(&file, ec_model_get_info(file.model));
    }
    model_file_close(&file);
    return exit_code;
}

// ---------------------------------------------------------------------------- tokenize

static text piece_of(const ec_model *model, uint32_t id) {
    size_t length = 0;
    const char *piece = ec_model_piece(model, id, &length);
    return (text){piece != NULL ? piece : "", length};
}

static void add_tokens(text_buffer *out, const ec_model *model, const uint32_t *ids, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const text piece = piece_of(model, ids[i]);
        buffer_printf(out, "%u\t", ids[i]);
        buffer_add(out, piece.data, piece.length);
        buffer_add(out, "\n", 1);
    }
}

static void add_tokens_json(text_buffer *out, const ec_model *model, const uint32_t *ids,
                            size_t count) {
    buffer_printf(out, "{\"count\":%zu,\"ids\":[", count);
    for (size_t i = 0; i < count; i++) {
        buffer_printf(out, i == 0 ? "%u" : ",%u", ids[i]);
    }
    buffer_add_string(out, "],\"pieces\":[");
    for (size_t i = 0; i < count; i++) {
        buffer_add_string(out, i == 0 ? "" : ",");
        buffer_add_json_string(out, piece_of(model, ids[i]));
    }
    buffer_add_string(out, "]}\n");
}

static int tokenize_email(const ec_model *model, const ec_email *email, bool json) {
    const size_t count = ec_model_tokenize(model, email, NULL, 0);
    uint32_t *ids = malloc((count + 1) * sizeof *ids);
    if (ids == NULL) {
        cli_error("no memory");
        return CLI_FAILED;
    }
    ec_model_tokenize(model, email, ids, count);
    text_buffer out = {0};
    if (json) {
        add_tokens_json(&out, model, ids, count);
    } else {
        add_tokens(&out, model, ids, count);
    }
    free(ids);
    return print_buffer(&out);
}

static int tokenize_file(const ec_model *model, const char *path, const cli_options *o) {
    email_file file;
    ec_email email;
    if (!email_file_open(&file, path, o->subject)) {
        return CLI_FAILED;
    }
    int exit_code = CLI_FAILED;
    if (file.is_mailbox) {
        cli_error("%s: is a mailbox; tokenize takes one email", input_name(path));
    } else {
        const email_file_result result = email_file_next(&file, &email);
        if (result == EMAIL_FILE_EMAIL) {
            exit_code = tokenize_email(model, &email, o->json);
        } else if (result == EMAIL_FILE_PROBLEM) {
            cli_error("%s: %s: %s", input_name(path), file.problem_field, file.problem);
        }
    }
    email_file_close(&file);
    return exit_code;
}

int command_tokenize(int argc, char **argv) {
    cli_options o;
    if (!options_read(&o, OPTION_SUBJECT | OPTION_FORMAT | OPTION_MODEL, argc, argv)) {
        return options_usage(argv[0]);
    }
    if (o.file_count > 1) {
        cli_error("tokenize takes one file");
        return options_usage(argv[0]);
    }
    model_file file;
    if (!model_file_open(&file, &o, true)) {
        return CLI_FAILED;
    }
    const int exit_code = tokenize_file(file.model, o.file_count == 1 ? o.files[0] : "-", &o);
    model_file_close(&file);
    return exit_code;
}
