// SPDX-License-Identifier: Apache-2.0
// The commands. Each gets its arguments with its own name as argv[0] and returns the exit code.
#ifndef COMMANDS_H
#define COMMANDS_H

int command_classify(int argc, char **argv);
int command_batch(int argc, char **argv);
int command_clean(int argc, char **argv);
int command_evaluate(int argc, char **argv);
int command_model_info(int argc, char **argv);
int command_tokenize(int argc, char **argv);
int command_convert(int argc, char **argv);
int command_lambda(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_serve(int argc, char **argv);
int command_probe(int argc, char **argv);

// What `--help` prints.
extern const char *const help_classify;
extern const char *const help_batch;
extern const char *const help_clean;
extern const char *const help_evaluate;
extern const char *const help_model_info;
extern const char *const help_tokenize;
extern const char *const help_convert;
extern const char *const help_lambda;
extern const char *const help_bench;
extern const char *const help_probe;

#endif
