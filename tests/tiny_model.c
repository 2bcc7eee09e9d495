// SPDX-License-Identifier: Apache-2.0
#include "tiny_model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const tiny_shape tiny_default = {
    .layers = 2,
    .hidden = 32,
    .heads = 4,
    .intermediate = 64,
    .vocabulary = 80,
    .labels = 6,
    .max_tokens = 64,
};

uint64_t tiny_random(uint64_t *state) {
    uint64_t z = *state += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
}

// A growing run of bytes with a NUL after its end.
typedef struct buffer {
    char *bytes;
    size_t length, capacity;
} buffer;

static void append(buffer *b, const void *bytes, size_t size) {
    if (b->length + size + 1 > b->capacity) {
        b->capacity = 2 * (b->length + size + 1);
        b->bytes = realloc(b->bytes, b->capacity);
        if (b->bytes == NULL) {
            abort();
        }
    }
    memcpy(b->bytes + b->length, bytes, size);
    b->length += size;
    b->bytes[b->length] = '\0';
}

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void
print(buffer *b, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    append(b, text, (size_t)length);
}

// ------------------------------------------------------------- texts

static char *make_config(const tiny_shape *s) {
    const ec_model_info *builtin = ec_model_get_info(NULL);
    buffer b = {0};
    print(&b, "{\"architectures\":[\"BertForSequenceClassification\"],\"model_type\":\"bert\",");
    print(&b, "\"hidden_act\":\"gelu\",\"hidden_size\":%u,\"intermediate_size\":%u,", s->hidden,
          s->intermediate);
    print(&b, "\"num_hidden_layers\":%u,\"num_attention_heads\":%u,\"vocab_size\":%u,", s->layers,
          s->heads, s->vocabulary);
    print(&b, "\"max_position_embeddings\":%u,\"type_vocab_size\":2,\"layer_norm_eps\":1e-12,",
          s->max_tokens);
    print(&b, "\"position_embedding_type\":\"absolute\",\"id2label\":{");
    for (uint32_t i = 0; i < s->labels; i++) {
        print(&b, "%s\"%u\":", i > 0 ? "," : "", i);
        if (i < builtin->label_count) {
            print(&b, "\"%s\"", builtin->labels[i]);
        } else {
            print(&b, "\"Label%u\"", i);
        }
    }
    print(&b, "}}");
    return b.bytes;
}

static char *make_vocabulary(uint32_t pieces) {
    static const char *const words[] = {"stolen", "crash", "windshield", "broke", "renew", "car"};
    buffer b = {0};
    print(&b, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n");
    for (char c = 'a'; c <= 'z'; c++) {
        print(&b, "%c\n", c);
    }
    for (char c = 'a'; c <= 'z'; c++) {
        print(&b, "##%c\n", c);
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        print(&b, "%s\n", words[i]);
    }
    for (uint32_t i = TINY_VOCABULARY_MIN; i < pieces; i++) {
        print(&b, "word%u\n", i);
    }
    return b.bytes;
}

static char *make_tokenizer(const char *vocabulary) {
    buffer b = {0};
    print(&b, "{\"normalizer\":{\"type\":\"BertNormalizer\",\"clean_text\": true,");
    print(&b, "\"lowercase\":true},");
    print(&b, "\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},");
    print(&b, "\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",");
    print(&b, "\"max_input_chars_per_word\":100,");
    print(&b, "\"continuing_subword_prefix\":\"##\",\"vocab\":{");
    uint32_t id = 0;
    for (const char *line = vocabulary; *line != '\0'; id++) {
        const char *end = strchr(line, '\n');
        print(&b, "%s\"%.*s\":%u", id > 0 ? "," : "", (int)(end - line), line, id);
        line = end + 1;
    }
    print(&b, "}}}");
    return b.bytes;
}

// ------------------------------------------------------------- weights

typedef struct maker {
    const tiny_shape *shape;
    buffer header, data;
    uint64_t state;
} maker;

// Adds a tensor of values around `center`; columns 0 means a vector.
static void add(maker *m, const char *name, uint32_t rows, uint32_t columns, float center,
                float spread) {
    const size_t begin = m->data.length;
    const size_t count = (size_t)rows * (columns == 0 ? 1 : columns);
    for (size_t i = 0; i < count; i++) {
        const float unit = (float)(tiny_random(&m->state) >> 40) / 8388608.0f - 1.0f;
        const float value = center + spread * unit;
        append(&m->data, &value, sizeof value);
    }
    print(&m->header, "%c\"%s\":{\"dtype\":\"F32\",\"shape\":[%u", begin == 0 ? '{' : ',', name,
          rows);
    if (columns > 0) {
        print(&m->header, ",%u", columns);
    }
    print(&m->header, "],\"data_offsets\":[%zu,%zu]}", begin, m->data.length);
}

static void add_pair(maker *m, const char *name, uint32_t rows, uint32_t columns) {
    char full[96];
    const int norm = columns == 0;
    snprintf(full, sizeof full, "%s.weight", name);
    add(m, full, rows, columns, norm ? 1.0f : 0.0f, norm ? 0.2f : 0.3f);
    snprintf(full, sizeof full, "%s.bias", name);
    add(m, full, rows, 0, 0.0f, 0.1f);
}

static void add_layer(maker *m, uint32_t index) {
    const uint32_t h = m->shape->hidden;
    const uint32_t wide = m->shape->intermediate;
    const struct {
        const char *name;
        uint32_t rows, columns;
    } parts[] = {
        {"attention.self.query", h, h},
        {"attention.self.key", h, h},
        {"attention.self.value", h, h},
        {"attention.output.dense", h, h},
        {"attention.output.LayerNorm", h, 0},
        {"intermediate.dense", wide, h},
        {"output.dense", h, wide},
        {"output.LayerNorm", h, 0},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char name[80];
        snprintf(name, sizeof name, "bert.encoder.layer.%u.%s", index, parts[i].name);
        add_pair(m, name, parts[i].rows, parts[i].columns);
    }
}

static void make_weights(const tiny_shape *s, uint64_t seed, tiny_directory *directory) {
    maker m = {.shape = s, .state = seed};
    add(&m, "bert.embeddings.word_embeddings.weight", s->vocabulary, s->hidden, 0.0f, 0.5f);
    add(&m, "bert.embeddings.position_embeddings.weight", s->max_tokens, s->hidden, 0.0f, 0.2f);
    add(&m, "bert.embeddings.token_type_embeddings.weight", 2, s->hidden, 0.0f, 0.2f);
    add_pair(&m, "bert.embeddings.LayerNorm", s->hidden, 0);
    for (uint32_t i = 0; i < s->layers; i++) {
        add_layer(&m, i);
    }
    add_pair(&m, "bert.pooler.dense", s->hidden, s->hidden);
    add_pair(&m, "classifier", s->labels, s->hidden);
    print(&m.header, "}");
    buffer all = {0};
    for (unsigned i = 0; i < 8; i++) {
        const uint8_t byte = (uint8_t)((uint64_t)m.header.length >> (8 * i));
        append(&all, &byte, 1);
    }
    append(&all, m.header.bytes, m.header.length);
    append(&all, m.data.bytes, m.data.length);
    free(m.header.bytes);
    free(m.data.bytes);
    directory->weights = (uint8_t *)all.bytes;
    directory->weights_length = all.length;
}

// ------------------------------------------------------------- directory, bundle

tiny_directory tiny_directory_new(const tiny_shape *shape, uint64_t seed) {
    tiny_directory directory = {.config = make_config(shape),
                                .vocabulary = make_vocabulary(shape->vocabulary)};
    directory.tokenizer = make_tokenizer(directory.vocabulary);
    make_weights(shape, seed, &directory);
    return directory;
}

void tiny_directory_free(tiny_directory *directory) {
    free(directory->config);
    free(directory->vocabulary);
    free(directory->tokenizer);
    free(directory->weights);
}

ec_convert_input tiny_input(const tiny_directory *directory, const char *settings) {
    return (ec_convert_input){.struct_size = sizeof(ec_convert_input),
                              .config = directory->config,
                              .config_length = strlen(directory->config),
                              .vocabulary = directory->vocabulary,
                              .vocabulary_length = strlen(directory->vocabulary),
                              .weights = directory->weights,
                              .weights_length = directory->weights_length,
                              .settings = settings,
                              .settings_length = settings != NULL ? strlen(settings) : 0};
}

uint8_t *tiny_bundle_new(const tiny_shape *shape, uint64_t seed, const char *settings,
                         size_t *size) {
    tiny_directory directory = tiny_directory_new(shape, seed);
    const ec_convert_input input = tiny_input(&directory, settings);
    ec_error error = {0};
    size_t needed = 0;
    if (ec_convert(&input, NULL, 0, &needed, &error) != EC_OK) {
        fprintf(stderr, "tiny model: %s: %s\n", error.field, error.message);
        abort();
    }
    uint8_t *const bundle = malloc(needed);
    if (bundle == NULL || ec_convert(&input, bundle, needed, size, &error) != EC_OK) {
        abort();
    }
    tiny_directory_free(&directory);
    return bundle;
}
