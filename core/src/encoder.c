// SPDX-License-Identifier: Apache-2.0
#include "encoder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "ops.h"
#include "xnn.h"

enum { ALIGNMENT = 64 };

struct ec_encoder {
    const ec_model *model;
    ec_operators *operators;
    uint32_t capacity;      // tokens, N
    size_t score_capacity;  // floats in scores
    size_t workspace_size;
    // Scratch, all in one allocation. H hidden_size, I intermediate_size, P max_tokens, G the
    // largest heads x tokens of one attention group, D head size.
    float *hidden;         // [N, H] residual stream
    float *wide;           // [N, max(3H, I)] query, key, value; then the intermediate layer
    float *narrow;         // [N, H] attention context; then what a linear layer adds to hidden
    float *query;          // [G, D] heads apart, as batched matrix products want them
    float *key;            // [G, D]
    float *value;          // [G, D]
    float *context;        // [G, D]
    float *scores;         // [heads, rows, tokens] of one group
    void *workspace;       // of the matrix products
    int8_t *quantized;     // [N, max(H, I)] input of the next linear layer
    ec_row_scale *scales;  // [N]
    void *memory;
};

// ------------------------------------------------------------- scratch memory

// Heads of a sequence handled together: as many as keep the scores in max_tokens^2 floats.
static size_t group_heads(const ec_encoder *encoder, size_t tokens) {
    const size_t heads = encoder->model->info.attention_heads;
    const size_t fit = encoder->score_capacity / (tokens * tokens);
    return fit == 0 ? 1 : fit < heads ? fit : heads;
}

static size_t max_size(size_t a, size_t b) { return a > b ? a : b; }

static size_t head_size(const ec_encoder *encoder) {
    return encoder->model->info.hidden_size / encoder->model->info.attention_heads;
}

// Hands out the next aligned piece of memory; with memory NULL it only counts.
static void *carve(char *memory, size_t *used, size_t bytes) {
    void *piece = memory == NULL ? NULL : memory + *used;
    *used += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return piece;
}

static size_t lay_out(ec_encoder *e, char *memory) {
    const ec_model_info *info = &e->model->info;
    const size_t n = e->capacity;
    const size_t h = info->hidden_size;
    const size_t wide = max_size(3 * h, info->intermediate_size);
    size_t group = 0;
    e->workspace_size = 0;
    for (size_t tokens = 1; tokens <= info->max_tokens; tokens++) {
        const size_t heads = group_heads(e, tokens);
        const size_t d = head_size(e);
        group = max_size(group, heads * tokens * d);
        const size_t scores = ec_matmul_workspace((ec_matmul_shape){heads, 0, d, tokens});
        const size_t context = ec_matmul_workspace((ec_matmul_shape){heads, 0, tokens, d});
        e->workspace_size = max_size(e->workspace_size, max_size(scores, context));
    }
    size_t used = 0;
    e->hidden = carve(memory, &used, n * h * sizeof(float));
    e->wide = carve(memory, &used, n * wide * sizeof(float));
    e->narrow = carve(memory, &used, n * h * sizeof(float));
    e->query = carve(memory, &used, group * sizeof(float));
    e->key = carve(memory, &used, group * sizeof(float));
    e->value = carve(memory, &used, group * sizeof(float));
    e->context = carve(memory, &used, group * sizeof(float));
    e->scores = carve(memory, &used, e->score_capacity * sizeof(float));
    e->workspace = carve(memory, &used, e->workspace_size);
    e->scales = carve(memory, &used, (n + EC_SPARE_ROWS) * sizeof(ec_row_scale));
    e->quantized = carve(memory, &used, n * max_size(h, info->intermediate_size));
    carve(memory, &used, 2 * EC_SPARE_BYTES);
    return used;
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
    encoder->score_capacity = positions * positions;
    const size_t size = lay_out(encoder, NULL);
    encoder->memory = aligned_alloc(ALIGNMENT, size);
    ec_status status = encoder->memory != NULL
                           ? ec_operators_new(model->packed, threadpool, &encoder->operators, error)
                           : ec_fail(error, EC_ERROR_NO_MEMORY, "classifier", 0,
                                     "no memory for %zu bytes of scratch", size);
    if (status != EC_OK) {
        ec_encoder_free(encoder);
        return status;
    }
    // Pages are touched only as far as sequences need them; what is read past their end is zero.
    lay_out(encoder, encoder->memory);
    memset(encoder->scales, 0, (encoder->capacity + EC_SPARE_ROWS) * sizeof(ec_row_scale));
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
        ec_gelu_row(step->input + row * step->columns, step->bias, step->columns);
    }
    quantize_rows(context, first, count);
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
    const size_t h = step->columns;
    const float epsilon = e->model->weights.layer_norm_epsilon;
    for (size_t row = first; row < first + count; row++) {
        float *hidden = e->hidden + row * h;
        if (step->input != NULL) {
            ec_add_row(hidden, step->input + row * h, step->bias, h);
        }
        ec_layer_norm_row(hidden, step->norm, epsilon, h, hidden);
        e->scales[row] = ec_quantize_row(hidden, h, step->quantized + row * h);
    }
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

// One sequence's queries, keys and values, one token a row, heads side by side.
typedef struct attention {
    const float *query;  // [rows, query_stride]
    const float *key;    // [tokens, key_stride]
    const float *value;  // [tokens, key_stride]
    const float *bias;   // [3, hidden_size], of query, key and value
    size_t query_stride, key_stride;
    size_t rows, tokens;
    float *context;  // [rows, hidden_size]
} attention;

// out[heads, rows, size] = short((x[rows, stride] + bias) * factor) from head `first` on.
static void split_heads(const float *x, const float *bias, size_t stride, size_t rows, size_t first,
                        size_t heads, size_t size, float factor, float *out) {
    for (size_t head = first; head < first + heads; head++) {
        const float *in = x + head * size;
        for (size_t row = 0; row < rows; row++, in += stride, out += size) {
            ec_short_row(in, bias + head * size, factor, size, out);
        }
    }
}

// The other way round: x[rows, stride] = in[heads, rows, size].
static void join_heads(const float *in, size_t rows, size_t first, size_t heads, size_t size,
                       size_t stride, float *x) {
    for (size_t head = first; head < first + heads; head++) {
        for (size_t row = 0; row < rows; row++, in += size) {
            memcpy(x + row * stride + head * size, in, size * sizeof *x);
        }
    }
}

static void softmax_rows(void *context, size_t first, size_t count) {
    const row_step *step = context;
    for (size_t row = first; row < first + count; row++) {
        ec_softmax_row(step->input + row * step->columns, step->columns);
    }
}

// scores = softmax of each of its rows.
static void softmax(ec_encoder *e, size_t rows, size_t columns) {
    row_step step = {.encoder = e, .input = e->scores, .columns = columns};
    ec_run_rows(e->operators, softmax_rows, &step, rows);
}

static bool attend_group(ec_encoder *e, const attention *a, size_t first, size_t heads) {
    const size_t h = e->model->info.hidden_size;
    const size_t d = head_size(e);
    const float factor = 1.0f / sqrtf((float)d);
    split_heads(a->query, a->bias, a->query_stride, a->rows, first, heads, d, factor, e->query);
    split_heads(a->key, a->bias + h, a->key_stride, a->tokens, first, heads, d, 1.0f, e->key);
    split_heads(a->value, a->bias + 2 * h, a->key_stride, a->tokens, first, heads, d, 1.0f,
                e->value);
    const ec_matmul_shape to_scores = {heads, a->rows, d, a->tokens};
    const ec_matmul_shape to_context = {heads, a->rows, a->tokens, d};
    if (!ec_run_matmul(e->operators, true, to_scores, e->query, e->key, e->scores, e->workspace,
                       e->workspace_size)) {
        return false;
    }
    softmax(e, heads * a->rows, a->tokens);
    if (!ec_run_matmul(e->operators, false, to_context, e->scores, e->value, e->context,
                       e->workspace, e->workspace_size)) {
        return false;
    }
    join_heads(e->context, a->rows, first, heads, d, h, a->context);
    return true;
}

static bool attend(ec_encoder *e, const attention *a) {
    const size_t heads = e->model->info.attention_heads;
    const size_t group = group_heads(e, a->tokens);
    for (size_t first = 0; first < heads; first += group) {
        if (!attend_group(e, a, first, heads - first < group ? heads - first : group)) {
            return false;
        }
    }
    return true;
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
    const size_t h = e->model->info.hidden_size;
    if (!linear(e, first + EC_LINEAR_QKV, rows, e->wide)) {
        return false;
    }
    size_t row = 0;
    for (size_t i = 0; i < count; row += sequences[i].count, i++) {
        const float *qkv = e->wide + row * 3 * h;
        const attention a = {qkv,
                             qkv + h,
                             qkv + 2 * h,
                             layer->qkv.bias,
                             3 * h,
                             3 * h,
                             sequences[i].count,
                             sequences[i].count,
                             e->narrow + row * h};
        if (!attend(e, &a)) {
            return false;
        }
    }
    return true;
}

// Moves the [CLS] rows of hidden and quantized to the front.
static void keep_first_rows(ec_encoder *e, const ec_sequence *sequences, size_t count) {
    const size_t h = e->model->info.hidden_size;
    size_t row = 0;
    for (size_t i = 0; i < count; row += sequences[i].count, i++) {
        memmove(e->hidden + i * h, e->hidden + row * h, h * sizeof(float));
        memmove(e->quantized + i * h, e->quantized + row * h, h);
        e->scales[i] = e->scales[row];
    }
}

// narrow[count, H] = attention context of the [CLS] rows alone, which move to the front of hidden.
static bool first_row_attention(ec_encoder *e, uint32_t first, const ec_layer *layer,
                                const ec_sequence *sequences, size_t count, size_t rows) {
    const size_t h = e->model->info.hidden_size;
    float *const key_value = e->wide;
    float *const query = e->wide + rows * 2 * h;
    if (!linear(e, first + EC_LINEARS_PER_LAYER + EC_LINEAR_LAST_KEY_VALUE, rows, key_value)) {
        return false;
    }
    keep_first_rows(e, sequences, count);
    if (!linear(e, first + EC_LINEAR_QKV, count, query)) {
        return false;
    }
    size_t row = 0;
    for (size_t i = 0; i < count; row += sequences[i].count, i++) {
        const float *kv = key_value + row * 2 * h;
        const attention a = {
            query + i * h,    kv, kv + h, layer->qkv.bias, h, 2 * h, 1, sequences[i].count,
            e->narrow + i * h};
        if (!attend(e, &a)) {
            return false;
        }
    }
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

static void embed(ec_encoder *e, const ec_sequence *sequences, size_t count, size_t rows) {
    const ec_weights *w = &e->model->weights;
    const size_t h = e->model->info.hidden_size;
    float *out = e->hidden;
    for (size_t i = 0; i < count; i++) {
        for (uint32_t position = 0; position < sequences[i].count; position++, out += h) {
            ec_embed_row(&w->word, sequences[i].ids[position], h, false, out);
            ec_embed_row(&w->position, position, h, true, out);
            ec_embed_row(&w->token_type, sequences[i].token_type_ids[position], h, true, out);
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
    return first_row_attention(e, first, &w->layers[last], sequences, count, rows) &&
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
