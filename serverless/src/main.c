// SPDX-License-Identifier: Apache-2.0
// email-classifier: the command table.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "commands.h"
#include "options.h"

typedef struct cli_command {
    const char *name;
    const char *summary;
    const char *const *help;  // NULL: the command prints it itself
    int (*run)(int argc, char **argv);
} cli_command;

static const cli_command commands[] = {
    {"classify", "say what one or more emails are about", &help_classify, command_classify},
    {"batch", "classify a table of emails, CSV or JSON lines", &help_batch, command_batch},
    {"clean", "show what the model reads of a table of emails", &help_clean, command_clean},
    {"evaluate", "measure the model on labelled emails", &help_evaluate, command_evaluate},
    {"model-info", "show facts about the model", &help_model_info, command_model_info},
    {"tokenize", "show the tokens the model reads", &help_tokenize, command_tokenize},
    {"convert", "make a model bundle from a Hugging Face folder", &help_convert, command_convert},
    {"serve", "answer over HTTP", NULL, command_serve},
    {"probe", "ask a running server how it is", &help_probe, command_probe},
    {"lambda", "answer invocations of AWS Lambda", &help_lambda, command_lambda},
    {"bench", "measure speed and memory", &help_bench, command_bench},
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_help(FILE *out) {
    fputs("usage: " CLI_NAME " COMMAND [OPTION...] [FILE...]\n"
          "\nSorts emails to a car insurer: breakdown, crash, renewal, theft, windshield, other.\n"
          "Nothing leaves this machine.\n\ncommands:\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, "  %-12s%s\n", commands[i].name, commands[i].summary);
    }
    fputs("\n  COMMAND --help      options and examples of a command\n"
          "  --version           version of the program\n"
          "\nexamples:\n"
          "  " CLI_NAME " classify email.txt\n"
          "  echo 'My car will not start.' | " CLI_NAME " classify --subject 'Help'\n"
          "  " CLI_NAME " batch emails.csv -o answers.csv\n"
          "\nexit status: 0 done, 1 failed, 2 wrong usage, 3 answered without the model\n"
          "\nThe model is the file given by --model or MODEL_PATH, else email-classifier.ecm\n"
          "beside the program, in the source tree it was built in, or in\n"
          "../share/email-classifier.\n",
          out);
}

static bool asks_for(int argc, char **argv, const char *option) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], option) == 0) {
            return true;
        }
    }
    return false;
}

static int run_command(const cli_command *command, int argc, char **argv) {
    if (command->help == NULL) {
        return command->run(argc, argv);
    }
    if (asks_for(argc, argv, "--help") || asks_for(argc, argv, "-h")) {
        fputs(*command->help, stdout);
        return CLI_OK;
    }
    if (asks_for(argc, argv, "--version")) {
        puts(CLI_NAME " " EC_VERSION);
        return CLI_OK;
    }
    return command->run(argc, argv);
}

static int run(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return run_command(&commands[i], argc - 1, argv + 1);
        }
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        puts(CLI_NAME " " EC_VERSION);
        return CLI_OK;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help(stdout);
        return CLI_OK;
    }
    if (argc < 2 && getenv("AWS_LAMBDA_RUNTIME_API") != NULL) {
        char command[] = "lambda";
        char *arguments[] = {command, NULL};
        return command_lambda(1, arguments);
    }
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    cli_error("unknown command '%s'; see '" CLI_NAME " --help'", name);
    return CLI_USAGE;
}

int main(int argc, char **argv) {
    // A closed pipe or a file grown too large is an error of writing like any other.
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    return cli_finish(run(argc, argv));
}
