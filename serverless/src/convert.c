// SPDX-License-Identifier: Apache-2.0
// convert: a Hugging Face folder to a model bundle.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "input.h"
#include "options.h"
#include "output.h"

const char *const help_convert =
    "usage: email-classifier convert [OPTION...] FOLDER OUT\n"
    "\n"
    "Makes the int8 bundle OUT from a Hugging Face BertForSequenceClassification in FOLDER:\n"
    "config.json, model.safetensors, vocab.txt or tokenizer.json, and, when they are there,\n"
    "tokenizer_config.json (cased or uncased) and email_classifier.json (version, rules,\n"
    "calibration; see models/FORMAT.md).\n"
    "\n"
    "      --settings FILE  use this instead of email_classifier.json\n"
    "      --force          replace OUT when it exists\n"
    "  -h, --help           this text\n"
    "\n"
    "example:\n"
    "  email-classifier convert ./my-bert mine.ecm\n"
    "  email-classifier model-info --model mine.ecm\n";

enum { MAX_PATH = 4096 };

typedef struct convert_source {
    file_mapping config, vocabulary, tokenizer, tokenizer_config, weights, settings;
} convert_source;

static bool map_file(file_mapping *mapping, const char *path) {
    const char *message = mapping_open(mapping, path);
    if (message != NULL) {
        cli_error("%s: %s", path, message);
    }
    return message == NULL;
}

// `optional`: a file that is not there is no error.
static bool map_in(file_mapping *mapping, const char *folder, const char *name, bool optional) {
    char path[MAX_PATH];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) {
        cli_error("%s: the path is too long", name);
        return false;
    }
    return (optional && access(path, F_OK) != 0) || map_file(mapping, path);
}

static bool open_tokenizer(convert_source *source, const char *folder) {
    if (!map_in(&source->vocabulary, folder, "vocab.txt", true) ||
        !map_in(&source->tokenizer, folder, "tokenizer.json", true) ||
        !map_in(&source->tokenizer_config, folder, "tokenizer_config.json", true)) {
        return false;
    }
    const bool found = source->vocabulary.data != NULL || source->tokenizer.data != NULL;
    if (!found) {
        cli_error("%s: has neither vocab.txt nor tokenizer.json", folder);
    }
    return found;
}

static bool open_source(convert_source *source, const char *folder, const char *settings) {
    memset(source, 0, sizeof *source);
    return map_in(&source->config, folder, "config.json", false) &&
           open_tokenizer(source, folder) &&
           map_in(&source->weights, folder, "model.safetensors", false) &&
           (settings != NULL ? map_file(&source->settings, settings)
                             : map_in(&source->settings, folder, "email_classifier.json", true));
}

static void close_source(convert_source *source) {
    mapping_close(&source->config);
    mapping_close(&source->vocabulary);
    mapping_close(&source->tokenizer);
    mapping_close(&source->tokenizer_config);
    mapping_close(&source->weights);
    mapping_close(&source->settings);
}

static bool write_bundle(const char *path, const char *bundle, size_t size) {
    output_file out;
    if (!output_open(&out, path)) {
        return false;
    }
    const bool written = output_write(&out, bundle, size);
    return output_close(&out, written) && written;
}

static bool convert(const convert_source *source, const char *folder, const char *path) {
    const ec_convert_input input = {
        .struct_size = sizeof input,
        .config = source->config.data,
        .config_length = source->config.length,
        .vocabulary = source->vocabulary.data,
        .vocabulary_length = source->vocabulary.length,
        .tokenizer = source->tokenizer.data,
        .tokenizer_length = source->tokenizer.length,
        .tokenizer_config = source->tokenizer_config.data,
        .tokenizer_config_length = source->tokenizer_config.length,
        .weights = source->weights.data,
        .weights_length = source->weights.length,
        .settings = source->settings.data,
        .settings_length = source->settings.length,
    };
    size_t size = 0;
    ec_error error = {0};
    ec_status status = ec_convert(&input, NULL, 0, &size, &error);
    if (status != EC_OK) {
        cli_error_of(folder, &error);
        return false;
    }
    char *bundle = malloc(size);
    if (bundle == NULL) {
        cli_error("no memory");
        return false;
    }
    status = ec_convert(&input, bundle, size, &size, &error);
    if (status != EC_OK) {
        cli_error_of(folder, &error);
    }
    const bool ok = status == EC_OK && write_bundle(path, bundle, size);
    free(bundle);
    return ok;
}

int command_convert(int argc, char **argv) {
    cli_options o;
    if (!options_read(&o, OPTION_SETTINGS | OPTION_FORCE, argc, argv)) {
        return options_usage(argv[0]);
    }
    if (o.file_count != 2) {
        cli_error("convert takes a folder and the file to make");
        return options_usage(argv[0]);
    }
    const char *folder = o.files[0];
    const char *path = o.files[1];
    const bool to_stdout = strcmp(path, "-") == 0;
    if (!o.force && !to_stdout && access(path, F_OK) == 0) {
        cli_error("%s: exists; --force replaces it", path);
        return CLI_FAILED;
    }
    convert_source source;
    const bool ok = open_source(&source, folder, o.settings) && convert(&source, folder, path);
    close_source(&source);
    return ok ? CLI_OK : CLI_FAILED;
}
