// SPDX-License-Identifier: Apache-2.0
#include "encoder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention.h"
#include "error.h"
#include "ops.h"
#include "scratch.h"
#include "xnn.h"

struct ec_encoder {
    const ec_model *model;
    ec_operators *operators;
    uint32_t capacity;      // tokens, N
    size_t threads;         // that share the heads
    size_t attention_size;  // bytes of scratch that each of them needs
    ec_short_gemm *gemm;
    // Scratch, all in one allocation. H hidden_size, I intermediate_size.
    float *hidden;         // [N, H] residual stream
    float *wide;           // [N, max(3H, I)] query, key, value; then the intermediate layer
    float *narrow;         // [N, H] attention context; then what a linear layer adds to hidden
    char *attention;       // [threads, attention_size]
    int8_t *quantized;     // [N, max(H, I)] input of the next linear layer
    ec_row_scale *scales;  // [N + EC_SPARE_ROWS]
    void *memory;
};

// ------------------------------------------------------------- scratch memory

static size_t max_size(size_t a, size_t b) { return a > b ? a : b; }

static size_t lay_out(ec_encoder *e, char *memory) {
    const ec_model_info *info = &e->model->info;
    const size_t n = e->capacity;
    const size_t h = info->hidden_size;
    const size_t wide = max_size(3 * h, info->intermediate_size);
    size_t used = 0;
    e->hidden = ec_carve(memory, &used, n * h * sizeof(float));
    e->wide = ec_carve(memory, &used, n * wide * sizeof(float));
    e->narrow = ec_carve(memory, &used, n * h * sizeof(float));
    e->attention = ec_carve(memory, &used, e->threads * e->attention_size);
    e->scales = ec_carve(memory, &used, (n + EC_SPARE_ROWS) * sizeof(ec_row_scale));
    e->quantized = ec_carve(memory, &used, n * max_size(h, info->intermediate_size));
    ec_carve(memory, &used, 2 * EC_SPARE_BYTES);
    return used;
}

static ec_status allocate(ec_encoder *e, ec_error *error) {
    const size_t size = lay_out(e, NULL);
    e->memory = aligned_alloc(EC_SCRATCH_ALIGNMENT, size);
    if (e->memory == NULL) {
        return ec_fail(error, EC_ERROR_NO_MEMORY, "classifier", 0,
                       "no memory for %zu bytes of scratch", size);
    }
    lay_out(e, e->memory);  // and touch no page before a sequence needs it
    return EC_OK;
}

ec_status ec_encoder_new(const ec_model *model, uint32_t batch_tokens, void *threadpool,
                         ec_encoder **out, ec_error *error) {
    ec_encoder *encoder = calloc(1, sizeof *encoder);
    if (encoder == NULL) {
        return ec_fail(error, EC_ERROR_NO_MEMORY, "classifier", 0, "no memory for an encoder");
    }
    const size_t positions = model->info.max_tokens;
    encoder->model = model;
    encoder->capacity = batch_tokens < positions ? (uint32_t)positions : batch_tokens;
    encoder->gemm = ec_short_gemm_choose();
    encoder->attention_size = max_size(
        ec_attention_scratch(positions, model->info.hidden_size / model->info.attention_heads),
        ec_first_attention_scratch(positions, model->info.hidden_size));
    ec_status status = ec_operators_new(model->packed, threadpool, &encoder->operators, error);
    if (status == EC_OK) {
        const size_t threads = ec_run_threads(encoder->operators);
        const size_t heads = model->info.attention_heads;
        encoder->threads = threads < heads ? threads : heads;
        status = allocate(encoder, error);
    }
    if (status != EC_OK) {
        ec_encoder_free(encoder);
        return status;
    }
    *out = encoder;
    return EC_OK;
}

void ec_encoder_free(ec_encoder *encoder) {
    if (encoder != NULL) {
        ec_operators_free(encoder->operators);
        free(encoder->memory);
        free(encoder);
    }
}

uint32_t ec_encoder_capacity(const ec_encoder *encoder) { return encoder->capacity; }

// ------------------------------------------------------------- steps over rows

// What a task over rows needs; each step reads the members it names.
typedef struct row_step {
    ec_encoder *encoder;
    float *input;       // [rows, columns]
    const float *bias;  // [columns], of the linear layer that made the input
    const ec_layer_norm *norm;
    size_t columns;
    int8_t *quantized;  // [rows, columns]
} row_step;

static void quantize_rows(void *context, size_t first, size_t count) {
    const row_step *step = context;
    for (size_t row = first; row < first + count; row++) {
        step->encoder->scales[row] =
            ec_quantize_row(step->input + row * step->columns, step->columns,
                            step->quantized + row * step->columns);
    }
}

// encoder->quantized = input, ready for the next linear layer.
static void quantize(ec_encoder *e, float *input, size_t rows, size_t columns) {
    row_step step = {.encoder = e, .input = input, .columns = columns, .quantized = e->quantized};
    ec_run_rows(e->operators, quantize_rows, &step, rows);
}

static void gelu_rows(void *context, size_t first, size_t count) {
    const row_step *step = context;
    for (size_t row = first; row < first + count; row++) {
        const size_t at = row * step->columns;
        step->encoder->scales[row] =
            ec_gelu_row(step->input + at, step->bias, step->columns, step->quantized + at);
    }
}

// encoder->quantized = GELU(input + bias); input is overwritten.
static void gelu(ec_encoder *e, float *input, const float *bias, size_t rows, size_t columns) {
    row_step step = {
        .encoder = e, .input = input, .bias = bias, .columns = columns, .quantized = e->quantized};
    ec_run_rows(e->operators, gelu_rows, &step, rows);
}

static void add_norm_rows(void *context, size_t first, size_t count) {
    const row_step *step = context;
    ec_encoder *e = step->encoder;
    const size_t at = first * step->columns;
    ec_layer_norm_rows(e->hidden + at, step->input == NULL ? NULL : step->input + at, step->bias,
                       step->norm, e->model->weights.layer_norm_epsilon, count, step->columns,
                       step->quantized + at, e->scales + first);
}

// hidden = LayerNorm(hidden + input + bias), quantized as well; input may be NULL for zero.
static void add_norm(ec_encoder *e, float *input, const float *bias, const ec_layer_norm *norm,
                     size_t rows) {
    row_step step = {.encoder = e,
                     .input = input,
                     .bias = bias,
                     .norm = norm,
                     .columns = e->model->info.hidden_size,
                     .quantized = e->quantized};
    ec_run_rows(e->operators, add_norm_rows, &step, rows);
}

// ------------------------------------------------------------- attention

// The attention of one sequence: of all its tokens, or of the first alone.
typedef struct head_step {
    const ec_encoder *encoder;
    const ec_attention *all;
    const ec_first_attention *first;  // when all is NULL
} head_step;

// Every so many heads, one after another in the same scratch memory.
static void attend_heads(void *context, size_t share) {
    const head_step *step = context;
    const ec_encoder *e = step->encoder;
    char *const scratch = e->attention + share * e->attention_size;
    for (size_t head = share; head < e->model->info.attention_heads; head += e->threads) {
        if (step->all != NULL) {
            ec_attend_head(step->all, head, e->gemm, scratch);
        } else {
            ec_attend_first(step->first, head, scratch);
        }
    }
}

static void attend(ec_encoder *e, const ec_attention *all, const ec_first_attention *first) {
    head_step step = {e, all, first};
    ec_run_each(e->operators, attend_heads, &step, e->threads);
}

// ------------------------------------------------------------- layers

// A row that was not finite fails here: kernels that clamp would hide it.
static bool linear(ec_encoder *e, uint32_t index, size_t rows, float *y) {
    for (size_t row = 0; row < rows; row++) {
        if (isnan(e->scales[row].scale)) {
            return false;
        }
    }
    return ec_run_linear(e->operators, index, e->quantized, e->scales, rows, y);
}

// narrow = attention context of all tokens, from quantized.
static bool self_attention(ec_encoder *e, uint32_t first, const ec_layer *layer,
                           const ec_sequence *sequences, size_t count, size_t rows) {
    const ec_model_info *info = &e->model->info;
    const size_t h = info->hidden_size;
    if (!linear(e, first + EC_LINEAR_QKV, rows, e->wide)) {
        return false;
    }
    size_t row = 0;
    for (size_t i = 0; i < count; row += sequences[i].count, i++) {
        const ec_attention attention = {.qkv = e->wide + row * 3 * h,
                                        .bias = layer->qkv.bias,
                                        .tokens = sequences[i].count,
                                        .heads = info->attention_heads,
                                        .head_size = h / info->attention_heads,
                                        .context = e->narrow + row * h};
        attend(e, &attention, NULL);
    }
    return true;
}

// Moves the [CLS] rows of x[rows, size] to the front.
static void keep_first_rows(void *x, size_t size, const ec_sequence *sequences, size_t count) {
    char *const rows = x;
    size_t row = 0;
    for (size_t i = 0; i < count; row += sequences[i].count, i++) {
        memmove(rows + i * size, rows + row * size, size);
    }
}

// narrow[count, H] = attention context of the [CLS] rows alone, which move to the front of hidden.
static bool first_row_attention(ec_encoder *e, uint32_t first, const ec_layer *layer,
                                const ec_sequence *sequences, size_t count) {
    const ec_model_info *info = &e->model->info;
    const size_t h = info->hidden_size;
    keep_first_rows(e->quantized, h, sequences, count);
    keep_first_rows(e->scales, sizeof *e->scales, sequences, count);
    if (!linear(e, first + EC_LINEAR_QKV, count, e->wide)) {
        return false;
    }
    size_t row = 0;
    for (size_t i = 0; i < count; row += sequences[i].count, i++) {
        const ec_first_attention attention = {.query = e->wide + i * h,
                                              .hidden = e->hidden + row * h,
                                              .qkv = &layer->qkv,
                                              .tokens = sequences[i].count,
                                              .heads = info->attention_heads,
                                              .head_size = h / info->attention_heads,
                                              .context = e->narrow + i * h};
        attend(e, NULL, &attention);
    }
    keep_first_rows(e->hidden, h * sizeof(float), sequences, count);
    return true;
}

// The rest of a layer after attention, over the first `rows` rows.
static bool feed_forward(ec_encoder *e, uint32_t index, const ec_layer *layer, size_t rows) {
    const ec_model_info *info = &e->model->info;
    quantize(e, e->narrow, rows, info->hidden_size);
    if (!linear(e, index + EC_LINEAR_ATTENTION_OUTPUT, rows, e->narrow)) {
        return false;
    }
    add_norm(e, e->narrow, layer->attention_output.bias, &layer->attention_norm, rows);
    if (!linear(e, index + EC_LINEAR_INTERMEDIATE, rows, e->wide)) {
        return false;
    }
    gelu(e, e->wide, layer->intermediate.bias, rows, info->intermediate_size);
    if (!linear(e, index + EC_LINEAR_OUTPUT, rows, e->narrow)) {
        return false;
    }
    add_norm(e, e->narrow, layer->output.bias, &layer->output_norm, rows);
    return true;
}

// Words lie all over memory, so they are fetched this many tokens ahead.
enum { AHEAD = 8 };

static void embed(ec_encoder *e, const ec_sequence *sequences, size_t count, size_t rows) {
    const ec_weights *w = &e->model->weights;
    const size_t h = e->model->info.hidden_size;
    const ec_embedding *const embeddings[] = {&w->word, &w->position, &w->token_type};
    float *out = e->hidden;
    for (size_t i = 0; i < count; i++) {
        const ec_sequence *s = &sequences[i];
        for (uint32_t position = 0; position < s->count; position++, out += h) {
            const uint32_t indices[] = {s->ids[position], position, s->token_type_ids[position]};
            if (position + AHEAD < s->count) {
                ec_fetch_row(w->word.rows + (size_t)s->ids[position + AHEAD] * h, h);
            }
            ec_embed_row(embeddings, indices, h, out);
        }
    }
    add_norm(e, NULL, NULL, &w->embedding_norm, rows);
}

// logits[count, labels] from quantized [CLS] rows: pooler, tanh, classifier.
static bool classify_rows(ec_encoder *e, size_t count, float *logits) {
    const ec_model_info *info = &e->model->info;
    const ec_weights *w = &e->model->weights;
    const size_t h = info->hidden_size;
    const uint32_t pooler = EC_LINEARS_PER_LAYER * info->layer_count + EC_LINEAR_POOLER;
    if (!linear(e, pooler, count, e->narrow)) {
        return false;
    }
    bool finite = true;
    for (size_t i = 0; i < count; i++) {
        ec_tanh_row(e->narrow + i * h, w->pooler.bias, h);
        for (size_t label = 0; label < info->label_count; label++) {
            const float logit = ec_dot(e->narrow + i * h, w->classifier_weight + label * h, h) +
                                w->classifier_bias[label];
            logits[i * info->label_count + label] = logit;
            finite = finite && isfinite(logit);
        }
    }
    return finite;
}

static bool forward(ec_encoder *e, const ec_sequence *sequences, size_t count, size_t rows,
                    float *logits) {
    const ec_weights *w = &e->model->weights;
    const uint32_t last = e->model->info.layer_count - 1;
    embed(e, sequences, count, rows);
    for (uint32_t i = 0; i < last; i++) {
        const uint32_t first = EC_LINEARS_PER_LAYER * i;
        if (!self_attention(e, first, &w->layers[i], sequences, count, rows) ||
            !feed_forward(e, first, &w->layers[i], rows)) {
            return false;
        }
    }
    const uint32_t first = EC_LINEARS_PER_LAYER * last;
    return first_row_attention(e, first, &w->layers[last], sequences, count) &&
           feed_forward(e, first, &w->layers[last], count) && classify_rows(e, count, logits);
}

// Whether every id may index its table.
static bool is_valid(const ec_model *model, const ec_sequence *sequence) {
    if (sequence->count == 0 || sequence->count > model->info.max_tokens) {
        return false;
    }
    for (uint32_t i = 0; i < sequence->count; i++) {
        if (sequence->ids[i] >= model->weights.word.count ||
            sequence->token_type_ids[i] >= model->weights.token_type.count) {
            return false;
        }
    }
    return true;
}

ec_status ec_encoder_run(ec_encoder *encoder, const ec_sequence *sequences, size_t count,
                         float *logits, ec_error *error) {
    size_t rows = 0;
    bool valid = count >= 1 && count <= EC_MAX_BATCH;
    for (size_t i = 0; i < count && valid; i++) {
        valid = is_valid(encoder->model, &sequences[i]);
        rows += sequences[i].count;
    }
    if (!valid || rows > encoder->capacity) {
        return ec_fail(error, EC_ERROR_ARGUMENT, "ids", 0, "token ids or lengths out of range");
    }
    if (!forward(encoder, sequences, count, rows, logits)) {
        return ec_fail(error, EC_ERROR_INFERENCE, "model", 0, "the forward pass failed");
    }
    return EC_OK;
}
