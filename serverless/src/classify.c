// SPDX-License-Identifier: Apache-2.0
// classify: one email as a small report, several as one line each.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "email_file.h"
#include "model_file.h"
#include "options.h"
#include "report.h"

const char *const help_classify =
    "usage: email-classifier classify [OPTION...] [FILE...]\n"
    "\n"
    "Classifies emails. A FILE begins with a line 'Subject: ...' and perhaps further header\n"
    "lines; the message follows after an empty line. With --subject the whole file is the\n"
    "message. Without FILE, or with -, standard input is read.\n"
    "\n"
    "  -s, --subject TEXT   the subject; all of FILE is then the message\n"
    "  -f, --format FORMAT  text (default), or json: one line an email\n"
    "  -e, --explain        also say which parts of the email decided\n"
    "  -m, --model FILE     the model bundle\n"
    "      --require-model  fail rather than answer by key-word rules\n"
    "  -t, --threads N      threads for one classification (default 1)\n"
    "  -h, --help           this text\n"
    "\n"
    "examples:\n"
    "  email-classifier classify email.txt\n"
    "  email-classifier classify --explain email.txt\n"
    "  email-classifier classify --format json inbox/*.txt\n"
    "  echo 'My car will not start.' | email-classifier classify --subject 'Help'\n"
    "\n"
    "exit status: 0 done, 1 failed, 2 wrong usage, 3 answered without the model\n";

// Far more than a permitted email and its headers take.
enum { MAX_FILE = 1 << 20 };

typedef struct session {
    const cli_options *options;
    const ec_model *model;
    ec_classifier *classifier;
    int name_width;  // of the longest file name, when there are several files
    report_style style;
    bool any_model;  // an answer came from the model
    bool any_failed;
} session;

typedef struct outcome {
    ec_answer answer;
    const ec_explanation *explanation;  // NULL: not asked for
    double milliseconds;
} outcome;

// ---------------------------------------------------------------------------- printing

static bool print_json(const session *s, const outcome *o) {
    text_buffer line = {0};
    buffer_add_answer(&line, &o->answer, o->explanation, s->model, o->milliseconds);
    buffer_add(&line, "\n", 1);
    if (line.failed) {
        cli_error("no memory");
    }
    const bool ok = !line.failed && cli_write(line.data, line.length);
    buffer_free(&line);
    return ok;
}

static bool print_outcome(const session *s, const char *path, const ec_email *email,
                          const outcome *o) {
    if (s->options->json) {
        return print_json(s, o);
    }
    if (s->options->file_count <= 1) {
        report_print(s->style, &o->answer, o->explanation, email, ec_model_get_info(s->model),
                     o->milliseconds);
        return cli_flush();
    }
    char number[16];
    printf("%-*s  %-14s %8s %8.1f ms%s\n", s->name_width, path, o->answer.label,
           report_percent(number, o->answer.confidence), o->milliseconds,
           o->answer.needs_review ? "  needs review" : "");
    return cli_flush();
}

// Among several emails as JSON, one that failed still has its line.
static void print_failure(const session *s, const char *code, const char *field,
                          const char *message) {
    if (!s->options->json || s->options->file_count <= 1) {
        return;
    }
    text_buffer line = {0};
    buffer_printf(&line, "{\"error\":{\"code\":\"%s\",\"field\":\"%s\",\"message\":", code, field);
    buffer_add_json_string(&line, text_of(message));
    buffer_add_string(&line, "}}\n");
    if (!line.failed) {
        cli_write(line.data, line.length);
    }
    buffer_free(&line);
}

// ---------------------------------------------------------------------------- classifying

static bool classify_email(session *s, const char *path, const ec_email *email) {
    ec_explanation explanation;
    ec_error error = {0};
    outcome o = {.explanation = s->options->explain ? &explanation : NULL};
    const double start = clock_ms();
    const ec_status status =
        s->options->explain
            ? ec_explain(s->classifier, email, (uint64_t)start, &o.answer, &explanation, &error)
            : ec_classify(s->classifier, email, (uint64_t)start, &o.answer, &error);
    if (status != EC_OK) {
        cli_error_of(input_name(path), &error);
        print_failure(s, ec_status_name(error.status), error.field, error.message);
        return false;
    }
    o.milliseconds = clock_ms() - start;
    s->any_model = s->any_model || !o.answer.fallback_used;
    return print_outcome(s, path, email, &o);
}

static bool classify_file(session *s, const char *path) {
    text_buffer content = {0};
    if (!input_read_file(path, MAX_FILE, &content)) {
        buffer_free(&content);
        print_failure(s, "unreadable", "file", "the file cannot be read");
        return false;
    }
    const text file = {content.length > 0 ? content.data : "", content.length};
    ec_email email;
    bool ok = email_file_read(file, s->options->subject, &email);
    if (ok) {
        ok = classify_email(s, path, &email);
    } else {
        const char *message = "is missing: begin the file with 'Subject: ...', or use --subject";
        cli_error("%s: subject: %s", input_name(path), message);
        print_failure(s, "missing", "subject", message);
    }
    buffer_free(&content);
    return ok;
}

static int classify_files(session *s) {
    const cli_options *o = s->options;
    if (o->file_count == 0) {
        if (isatty(STDIN_FILENO) == 1) {
            cli_error("reading standard input; Ctrl-D ends it");
        }
        s->any_failed = !classify_file(s, "-");
    }
    for (int i = 0; i < o->file_count && ferror(stdout) == 0; i++) {
        s->any_failed = !classify_file(s, o->files[i]) || s->any_failed;
    }
    return s->any_failed ? CLI_FAILED : s->any_model ? CLI_OK : CLI_FALLBACK;
}

static int run(session *s, unsigned threads) {
    bool ok = false;
    void *pool = thread_pool_new(threads, &ok);
    const ec_classifier_options settings = {.struct_size = sizeof settings, .threadpool = pool};
    ec_error error = {0};
    int exit_code = CLI_FAILED;
    if (ok && ec_classifier_new(s->model, &settings, &s->classifier, &error) == EC_OK) {
        exit_code = classify_files(s);
    } else if (ok) {
        cli_error_of("classifier", &error);
    }
    ec_classifier_free(s->classifier);
    thread_pool_free(pool);
    return exit_code;
}

int command_classify(int argc, char **argv) {
    cli_options o;
    const unsigned accepted = OPTION_SUBJECT | OPTION_FORMAT | OPTION_EXPLAIN | OPTION_MODEL |
                              OPTION_REQUIRE_MODEL | OPTION_THREADS;
    if (!options_read(&o, accepted, argc, argv)) {
        return options_usage(argv[0]);
    }
    model_file file;
    if (!model_file_open(&file, &o, o.require_model)) {
        return CLI_FAILED;
    }
    session s = {.options = &o, .model = file.model};
    s.style = report_style_here();
    for (int i = 0; i < o.file_count; i++) {
        const int width = (int)strlen(o.files[i]);
        s.name_width = width > s.name_width ? width : s.name_width;
    }
    const int exit_code = run(&s, options_threads(&o, 1));
    model_file_close(&file);
    return exit_code;
}
