// SPDX-License-Identifier: Apache-2.0
#include "reference_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_abort(void *memory) {
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static ref_model *make_model(const ec_model_info *info, float epsilon) {
    ref_model *m = or_abort(calloc(1, sizeof *m));
    m->hidden_size = info->hidden_size;
    m->intermediate_size = info->intermediate_size;
    m->heads = info->attention_heads;
    m->layer_count = info->layer_count;
    m->label_count = info->label_count;
    m->epsilon = epsilon;
    m->layers = or_abort(calloc(m->layer_count, sizeof *m->layers));
    return m;
}

// ------------------------------------------------------------- from a checkpoint

static float *tensor(const ec_safetensors *file, const char *prefix, const char *suffix) {
    char name[160];
    snprintf(name, sizeof name, "%s%s", prefix, suffix);
    const ec_tensor *t = or_abort((void *)(uintptr_t)ec_safetensors_find(file, name));
    return memcpy(or_abort(malloc(t->size)), t->data, t->size);
}

static ref_linear read_linear(const ec_safetensors *file, const char *prefix, size_t inputs,
                              size_t outputs) {
    return (ref_linear){tensor(file, prefix, ".weight"), tensor(file, prefix, ".bias"), inputs,
                        outputs};
}

static ref_norm read_norm(const ec_safetensors *file, const char *prefix) {
    return (ref_norm){tensor(file, prefix, ".LayerNorm.weight"),
                      tensor(file, prefix, ".LayerNorm.bias")};
}

static ref_layer read_layer(const ec_safetensors *file, size_t index, size_t h, size_t wide) {
    static const char *const parts[] = {"attention.self.query", "attention.self.key",
                                        "attention.self.value", "attention.output.dense",
                                        "intermediate.dense",   "output.dense",
                                        "attention.output",     "output"};
    enum { QUERY, KEY, VALUE, ATTENTION, INTERMEDIATE, OUTPUT, NORM, OUTPUT_NORM, COUNT };
    char names[COUNT][100];
    for (int i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "bert.encoder.layer.%zu.%s", index, parts[i]);
    }
    return (ref_layer){
        .query = read_linear(file, names[QUERY], h, h),
        .key = read_linear(file, names[KEY], h, h),
        .value = read_linear(file, names[VALUE], h, h),
        .attention_output = read_linear(file, names[ATTENTION], h, h),
        .intermediate = read_linear(file, names[INTERMEDIATE], h, wide),
        .output = read_linear(file, names[OUTPUT], wide, h),
        .attention_norm = read_norm(file, names[NORM]),
        .output_norm = read_norm(file, names[OUTPUT_NORM]),
    };
}

ref_model *ref_from_safetensors(const ec_safetensors *file, const ec_model_info *like,
                                float epsilon) {
    ref_model *m = make_model(like, epsilon);
    m->word = tensor(file, "bert.embeddings.word_embeddings", ".weight");
    m->position = tensor(file, "bert.embeddings.position_embeddings", ".weight");
    m->token_type = tensor(file, "bert.embeddings.token_type_embeddings", ".weight");
    m->embedding_norm = read_norm(file, "bert.embeddings");
    for (size_t i = 0; i < m->layer_count; i++) {
        m->layers[i] = read_layer(file, i, m->hidden_size, m->intermediate_size);
    }
    m->pooler = read_linear(file, "bert.pooler.dense", m->hidden_size, m->hidden_size);
    m->classifier = read_linear(file, "classifier", m->hidden_size, m->label_count);
    return m;
}

// ------------------------------------------------------------- from a loaded model

static float *copy(const float *from, size_t count) {
    return memcpy(or_abort(malloc(count * sizeof *from)), from, count * sizeof *from);
}

static float *dequantize(const int8_t *q, const float *scale, size_t rows, size_t columns) {
    float *x = or_abort(malloc(rows * columns * sizeof *x));
    for (size_t i = 0; i < rows * columns; i++) {
        x[i] = (float)q[i] * scale[i / columns];
    }
    return x;
}

static ref_linear copy_linear(const ec_linear *l, size_t first, size_t count) {
    const size_t inputs = l->input_channels;
    return (ref_linear){dequantize(l->weight + first * inputs, l->scale + first, count, inputs),
                        copy(l->bias + first, count), inputs, count};
}

static ref_norm copy_norm(const ec_layer_norm *norm, size_t n) {
    return (ref_norm){copy(norm->gamma, n), copy(norm->beta, n)};
}

static float *copy_embedding(const ec_embedding *e, size_t n) {
    return dequantize(e->rows, e->scale, e->count, n);
}

ref_model *ref_from_model(const ec_model *model) {
    const ec_weights *w = &model->weights;
    const size_t h = model->info.hidden_size;
    ref_model *m = make_model(&model->info, w->layer_norm_epsilon);
    m->word = copy_embedding(&w->word, h);
    m->position = copy_embedding(&w->position, h);
    m->token_type = copy_embedding(&w->token_type, h);
    m->embedding_norm = copy_norm(&w->embedding_norm, h);
    for (size_t i = 0; i < m->layer_count; i++) {
        const ec_layer *l = &w->layers[i];
        m->layers[i] = (ref_layer){
            .query = copy_linear(&l->qkv, 0, h),
            .key = copy_linear(&l->qkv, h, h),
            .value = copy_linear(&l->qkv, 2 * h, h),
            .attention_output = copy_linear(&l->attention_output, 0, h),
            .intermediate = copy_linear(&l->intermediate, 0, m->intermediate_size),
            .output = copy_linear(&l->output, 0, h),
            .attention_norm = copy_norm(&l->attention_norm, h),
            .output_norm = copy_norm(&l->output_norm, h),
        };
    }
    m->pooler = copy_linear(&w->pooler, 0, h);
    m->classifier = (ref_linear){copy(w->classifier_weight, m->label_count * h),
                                 copy(w->classifier_bias, m->label_count), h, m->label_count};
    return m;
}

// ------------------------------------------------------------- freeing

static void free_linear(ref_linear *l) {
    free(l->weight);
    free(l->bias);
}

static void free_norm(ref_norm *norm) {
    free(norm->gamma);
    free(norm->beta);
}

void ref_free(ref_model *m) {
    for (size_t i = 0; i < m->layer_count; i++) {
        ref_layer *l = &m->layers[i];
        ref_linear *linears[] = {&l->query,        &l->key,   &l->value, &l->attention_output,
                                 &l->intermediate, &l->output};
        for (size_t j = 0; j < sizeof linears / sizeof *linears; j++) {
            free_linear(linears[j]);
        }
        free_norm(&l->attention_norm);
        free_norm(&l->output_norm);
    }
    free_norm(&m->embedding_norm);
    free_linear(&m->pooler);
    free_linear(&m->classifier);
    free(m->word);
    free(m->position);
    free(m->token_type);
    free(m->layers);
    free(m);
}
