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
    "Classifies emails. A FILE is an email as mail programs save it (.eml), with HTML or without,\n"
    "or plain text: a line 'Subject: ...', perhaps further header lines, an empty line, the\n"
    "message. Attachments are not read. A mailbox of several emails (mbox) gives a line for each,\n"
    "FILE:1, FILE:2 and so on. With --subject the whole file is the message. Without FILE, or\n"
    "with -, standard input is read.\n"
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
    "  email-classifier classify email.eml\n"
    "  email-classifier classify --explain email.txt\n"
    "  email-classifier classify --format json inbox/*.eml\n"
    "  email-classifier classify inbox.mbox\n"
    "  echo 'My car will not start.' | email-classifier classify --subject 'Help'\n"
    "\n"
    "exit status: 0 done, 1 failed, 2 wrong usage, 3 answered without the model\n";

// Places for the number of an email in a mailbox, when names are aligned.
enum { NUMBER_WIDTH = 4 };

typedef struct session {
    const cli_options *options;
    const ec_model *model;
    ec_classifier *classifier;
    bool several;      // emails, a line for each
    int name_width;    // of the longest name, when there are several
    text_buffer name;  // of the email in work, as people are told it
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

static bool print_outcome(const session *s, const ec_email *email, const outcome *o) {
    if (s->options->json) {
        return print_json(s, o);
    }
    if (!s->several) {
        report_print(s->style, &o->answer, o->explanation, email, ec_model_get_info(s->model),
                     o->milliseconds);
        return cli_flush();
    }
    char number[16];
    printf("%-*s  %-14s %8s %8.1f ms%s\n", s->name_width, s->name.data, o->answer.label,
           report_percent(number, o->answer.confidence), o->milliseconds,
           o->answer.needs_review ? "  needs review" : "");
    return cli_flush();
}

// Among several emails as JSON, one that failed still has its line.
static void print_failure(const session *s, const char *code, const char *field,
                          const char *message) {
    if (!s->options->json || !s->several) {
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

static bool classify_email(session *s, const ec_email *email) {
    ec_explanation explanation;
    ec_error error = {0};
    outcome o = {.explanation = s->options->explain ? &explanation : NULL};
    const double start = clock_ms();
    const ec_status status =
        s->options->explain
            ? ec_explain(s->classifier, email, (uint64_t)start, &o.answer, &explanation, &error)
            : ec_classify(s->classifier, email, (uint64_t)start, &o.answer, &error);
    if (status != EC_OK) {
        cli_error_of(s->name.data, &error);
        print_failure(s, ec_status_name(error.status), error.field, error.message);
        return false;
    }
    o.milliseconds = clock_ms() - start;
    s->any_model = s->any_model || !o.answer.fallback_used;
    return print_outcome(s, email, &o);
}

// Names the email that has been read: "FILE", or "FILE:2" in a mailbox.
static bool set_name(session *s, const email_file *file) {
    buffer_clear(&s->name);
    buffer_add_string(&s->name, input_name(file->path));
    if (file->is_mailbox) {
        buffer_printf(&s->name, ":%zu", file->number);
    }
    buffer_add(&s->name, "", 1);
    if (s->name.failed) {
        cli_error("no memory");
    }
    return !s->name.failed;
}

static bool classify_next(session *s, const email_file *file, const ec_email *email,
                          email_file_result result) {
    if (!set_name(s, file)) {
        return false;
    }
    if (result == EMAIL_FILE_EMAIL) {
        return classify_email(s, email);
    }
    cli_error("%s: %s: %s", s->name.data, file->problem_field, file->problem);
    print_failure(s, file->problem_code, file->problem_field, file->problem);
    return false;
}

// Classifies the emails of an open file; false when one of them failed.
static bool classify_emails(session *s, email_file *file) {
    bool ok = true;
    ec_email email;
    email_file_result result;
    while ((result = email_file_next(file, &email)) != EMAIL_FILE_END) {
        if (result == EMAIL_FILE_FAILED) {
            print_failure(s, "unreadable", "file", "the file cannot be read");
            return false;
        }
        ok = classify_next(s, file, &email, result) && ok;
        if (ferror(stdout) != 0) {
            return false;
        }
    }
    return ok;
}

static bool classify_file(session *s, const char *path) {
    email_file file;
    s->several = s->options->file_count > 1;
    if (!email_file_open(&file, path, s->options->subject)) {
        print_failure(s, "unreadable", "file", "the file cannot be read");
        return false;
    }
    if (file.is_mailbox) {
        const int width = (int)strlen(input_name(path)) + NUMBER_WIDTH;
        s->name_width = width > s->name_width ? width : s->name_width;
        s->several = true;
    }
    const bool ok = classify_emails(s, &file);
    email_file_close(&file);
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
    buffer_free(&s.name);
    model_file_close(&file);
    return exit_code;
}
