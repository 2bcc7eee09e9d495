// SPDX-License-Identifier: Apache-2.0
#include "hf_tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "json.h"
#include "tokenizer.h"

// Static storage, for ec_error.
static const char *const TOKENIZER = "tokenizer";
static const char *const TOKENIZER_CONFIG = "tokenizer_config";

// ------------------------------------------------------------- normalization

// A member that is a boolean, or absent or null, which leaves *value as it is.
static ec_status read_switch(const cJSON *object, const char *key, const char *field, bool *value,
                             ec_error *error) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (cJSON_IsBool(item)) {
        *value = cJSON_IsTrue(item);
    } else if (item != NULL && !cJSON_IsNull(item)) {
        return ec_fail(error, EC_ERROR_BUNDLE, field, 0, "\"%s\" must be a boolean", key);
    }
    return EC_OK;
}

// A switch that only works the one way, as it does where a file says nothing.
static ec_status require_switch(const cJSON *object, const char *key, const char *field,
                                ec_error *error) {
    bool value = true;
    EC_RETURN_IF_ERROR(read_switch(object, key, field, &value, error));
    return value ? EC_OK
                 : ec_fail(error, EC_ERROR_UNSUPPORTED, field, 0, "\"%s\" must be true", key);
}

// The names of the switches of BertNormalizer differ between the files.
typedef struct switch_names {
    const char *lower_case, *ideographs, *field;
} switch_names;

// Accents go if and only if capitals do, and ideographs are words: nothing else is built in.
static ec_status read_switches(const cJSON *object, const switch_names *names, bool *lower_case,
                               ec_error *error) {
    const char *const field = names->field;
    EC_RETURN_IF_ERROR(read_switch(object, names->lower_case, field, lower_case, error));
    bool strip_accents = *lower_case;
    EC_RETURN_IF_ERROR(read_switch(object, "strip_accents", field, &strip_accents, error));
    EC_RETURN_IF_ERROR(require_switch(object, names->ideographs, field, error));
    if (strip_accents != *lower_case) {
        return ec_fail(error, EC_ERROR_UNSUPPORTED, field, 0,
                       "\"strip_accents\" must be null or equal to \"%s\"", names->lower_case);
    }
    return EC_OK;
}

static ec_status require_text(const cJSON *object, const char *key, const char *wanted,
                              ec_error *error) {
    const char *text = ec_json_string(object, key);
    return text != NULL && strcmp(text, wanted) == 0
               ? EC_OK
               : ec_fail(error, EC_ERROR_UNSUPPORTED, TOKENIZER, 0,
                         "tokenizer.json must have the \"%s\" of BERT, \"%s\"", key, wanted);
}

// Longer words become [UNK].
static ec_status check_word_limit(const cJSON *model, ec_error *error) {
    static const char key[] = "max_input_chars_per_word";
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(model, key);
    uint64_t limit = 0;
    return item == NULL || (ec_json_is_whole(item, &limit) && limit == EC_WORD_MAX)
               ? EC_OK
               : ec_fail(error, EC_ERROR_UNSUPPORTED, TOKENIZER, 0, "\"%s\" must be %d", key,
                         EC_WORD_MAX);
}

// The parts of tokenizer.json, whose `type` must be that of BERT.
static ec_status find_part(const cJSON *json, const char *key, const char *type, const cJSON **part,
                           ec_error *error) {
    *part = cJSON_GetObjectItemCaseSensitive(json, key);
    return require_text(*part, "type", type, error);
}

// ------------------------------------------------------------- vocabulary

typedef struct pieces {
    const char **items;  // [count], index is the id; NULL where there is none
    size_t count, bytes;
} pieces;

// Counts ids up to the highest.
static ec_status count_pieces(const cJSON *vocabulary, pieces *p, ec_error *error) {
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, vocabulary) {
        uint64_t id = 0;
        if (!ec_json_is_whole(item, &id) || id >= EC_VOCAB_MAX || strchr(item->string, '\n')) {
            return ec_fail(error, EC_ERROR_BUNDLE, TOKENIZER, 0,
                           "\"vocab\" must give pieces of one line whole numbers below %d",
                           EC_VOCAB_MAX);
        }
        p->count = id >= p->count ? (size_t)id + 1 : p->count;
    }
    return p->count > 0
               ? EC_OK
               : ec_fail(error, EC_ERROR_BUNDLE, TOKENIZER, 0, "tokenizer.json has no \"vocab\"");
}

static ec_status sort_pieces(const cJSON *vocabulary, pieces *p, ec_error *error) {
    const cJSON *item = NULL;
    p->bytes = p->count;
    cJSON_ArrayForEach(item, vocabulary) {
        const size_t id = (size_t)item->valuedouble;
        if (p->items[id] != NULL) {
            return ec_fail(error, EC_ERROR_BUNDLE, TOKENIZER, 0, "two pieces have the id %zu", id);
        }
        p->items[id] = item->string;
        p->bytes += strlen(item->string);
    }
    return EC_OK;
}

// An id without a piece gets an empty line, which no text matches.
static ec_status join_pieces(const pieces *p, ec_hf_tokenizer *tokenizer, ec_error *error) {
    char *at = tokenizer->made = malloc(p->bytes);
    if (at == NULL) {
        return ec_fail(error, EC_ERROR_NO_MEMORY, TOKENIZER, 0, "no memory for the vocabulary");
    }
    for (size_t i = 0; i < p->count; i++) {
        const char *piece = p->items[i] != NULL ? p->items[i] : "";
        const size_t length = strlen(piece);
        memcpy(at, piece, length);
        at[length] = '\n';
        at += length + 1;
    }
    tokenizer->vocabulary = tokenizer->made;
    tokenizer->vocabulary_length = p->bytes;
    return EC_OK;
}

static ec_status make_vocabulary(const cJSON *model, ec_hf_tokenizer *tokenizer, ec_error *error) {
    const cJSON *vocabulary = cJSON_GetObjectItemCaseSensitive(model, "vocab");
    pieces p = {.items = NULL};
    if (!cJSON_IsObject(vocabulary)) {
        vocabulary = NULL;  // an array has no pieces for keys
    }
    EC_RETURN_IF_ERROR(count_pieces(vocabulary, &p, error));
    p.items = calloc(p.count, sizeof *p.items);
    if (p.items == NULL) {
        return ec_fail(error, EC_ERROR_NO_MEMORY, TOKENIZER, 0, "no memory for the vocabulary");
    }
    ec_status status = sort_pieces(vocabulary, &p, error);
    if (status == EC_OK) {
        status = join_pieces(&p, tokenizer, error);
    }
    free((void *)p.items);
    return status;
}

// ------------------------------------------------------------- files

static ec_status read_tokenizer(const cJSON *json, ec_hf_tokenizer *tokenizer, ec_error *error) {
    const switch_names names = {"lowercase", "handle_chinese_chars", TOKENIZER};
    const cJSON *normalizer = NULL;
    const cJSON *words = NULL;
    const cJSON *model = NULL;
    EC_RETURN_IF_ERROR(find_part(json, "normalizer", "BertNormalizer", &normalizer, error));
    EC_RETURN_IF_ERROR(find_part(json, "pre_tokenizer", "BertPreTokenizer", &words, error));
    EC_RETURN_IF_ERROR(find_part(json, "model", "WordPiece", &model, error));
    EC_RETURN_IF_ERROR(require_text(model, "unk_token", "[UNK]", error));
    EC_RETURN_IF_ERROR(require_text(model, "continuing_subword_prefix", "##", error));
    EC_RETURN_IF_ERROR(check_word_limit(model, error));
    EC_RETURN_IF_ERROR(require_switch(normalizer, "clean_text", TOKENIZER, error));
    EC_RETURN_IF_ERROR(read_switches(normalizer, &names, &tokenizer->lower_case, error));
    return tokenizer->vocabulary != NULL ? EC_OK : make_vocabulary(model, tokenizer, error);
}

static ec_status read_tokenizer_config(const cJSON *json, ec_hf_tokenizer *tokenizer,
                                       ec_error *error) {
    const switch_names names = {"do_lower_case", "tokenize_chinese_chars", TOKENIZER_CONFIG};
    return read_switches(json, &names, &tokenizer->lower_case, error);
}

typedef ec_status (*reader)(const cJSON *json, ec_hf_tokenizer *tokenizer, ec_error *error);

// Does nothing without the file.
static ec_status read_file(const char *text, size_t length, const char *field, reader read,
                           ec_hf_tokenizer *tokenizer, ec_error *error) {
    if (text == NULL) {
        return EC_OK;
    }
    cJSON *json = NULL;
    EC_RETURN_IF_ERROR(ec_json_parse(text, length, field, &json, error));
    const ec_status status = read(json, tokenizer, error);
    cJSON_Delete(json);
    return status;
}

ec_status ec_hf_tokenizer_open(const ec_convert_input *input, bool lower_case,
                               ec_hf_tokenizer *tokenizer, ec_error *error) {
    tokenizer->vocabulary = input->vocabulary;
    tokenizer->vocabulary_length = input->vocabulary_length;
    tokenizer->lower_case = lower_case;
    EC_RETURN_IF_ERROR(read_file(input->tokenizer, input->tokenizer_length, TOKENIZER,
                                 read_tokenizer, tokenizer, error));
    return read_file(input->tokenizer_config, input->tokenizer_config_length, TOKENIZER_CONFIG,
                     read_tokenizer_config, tokenizer, error);
}

void ec_hf_tokenizer_close(ec_hf_tokenizer *tokenizer) { free(tokenizer->made); }
