// SPDX-License-Identifier: Apache-2.0
#include "xnn.h"

#include <math.h>
#include <pthreadpool.h>
#include <stdlib.h>
#include <string.h>
#include <xnnpack.h>

#include "error.h"
#include "kernels/kernels.h"

enum { CACHE_LINE = 64 };

_Static_assert(sizeof(ec_row_scale) == sizeof(struct xnn_quantization_params),
               "row scales are handed to XNNPACK as they are");

// One packed linear layer. XNNPACK asks for it again by the address of the int8 weights.
typedef struct packed_entry {
    const void *kernel;
    void *data;
    size_t size;
} packed_entry;

struct ec_packed {
    uint32_t linear_count;
    uint32_t entry_count;
    bool complete;
    ec_linear linears[EC_MAX_LINEARS];
    packed_entry entries[EC_MAX_LINEARS];
    void *reserved;  // handed out by reserve_space, not yet an entry
    struct xnn_weights_cache_provider provider;
};

struct ec_operators {
    pthreadpool_t threadpool;
    uint32_t linear_count;
    xnn_operator_t linears[];
};

// ------------------------------------------------------------- packed weights as XNNPACK's cache

static size_t look_up(void *context, const struct xnn_weights_cache_look_up_key *key) {
    const ec_packed *packed = context;
    for (size_t i = 0; i < packed->entry_count; i++) {
        if (packed->entries[i].kernel == key->kernel) {
            return i;
        }
    }
    return SIZE_MAX;
}

static void *reserve_space(void *context, size_t size) {
    ec_packed *packed = context;
    const size_t rounded = (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    if (packed->complete) {
        return NULL;
    }
    free(packed->reserved);
    packed->reserved = aligned_alloc(CACHE_LINE, rounded);
    return packed->reserved;
}

static size_t look_up_or_insert(void *context, const struct xnn_weights_cache_look_up_key *key,
                                void *data, size_t size) {
    ec_packed *packed = context;
    if (data != packed->reserved || packed->entry_count == EC_MAX_LINEARS) {
        return SIZE_MAX;
    }
    packed->entries[packed->entry_count] = (packed_entry){key->kernel, data, size};
    packed->reserved = NULL;
    return packed->entry_count++;
}

static bool is_finalized(void *context) { return ((const ec_packed *)context)->complete; }

static void *offset_to_addr(void *context, size_t offset) {
    return ((const ec_packed *)context)->entries[offset].data;
}

static enum xnn_status delete_cache(void *context) {
    (void)context;
    return xnn_status_success;
}

// ------------------------------------------------------------- packing

static ec_linear first_rows(const ec_linear *linear, uint32_t count) {
    return (ec_linear){
        .weight = linear->weight,
        .scale = linear->scale,
        .bias = linear->bias,
        .input_channels = linear->input_channels,
        .output_channels = count,
    };
}

static void list_linears(ec_packed *packed, const ec_weights *weights, const ec_model_info *info) {
    ec_linear *out = packed->linears;
    for (uint32_t i = 0; i < info->layer_count; i++, out += EC_LINEARS_PER_LAYER) {
        const ec_layer *layer = &weights->layers[i];
        out[EC_LINEAR_QKV] = layer->qkv;
        out[EC_LINEAR_ATTENTION_OUTPUT] = layer->attention_output;
        out[EC_LINEAR_INTERMEDIATE] = layer->intermediate;
        out[EC_LINEAR_OUTPUT] = layer->output;
    }
    const ec_linear *last_qkv = &weights->layers[info->layer_count - 1].qkv;
    out[EC_LINEAR_QKV - (int)EC_LINEARS_PER_LAYER] = first_rows(last_qkv, info->hidden_size);
    out[EC_LINEAR_POOLER] = weights->pooler;
    packed->linear_count = EC_LINEARS_PER_LAYER * info->layer_count + 1;
}

static enum xnn_status create_linear(const ec_packed *packed, uint32_t index,
                                     xnn_operator_t *linear) {
    const ec_linear *l = &packed->linears[index];
    // XNNPACK only reads through this pointer, but does not say so.
    const xnn_weights_cache_t cache = (xnn_weights_cache_t)(uintptr_t)&packed->provider;
    return xnn_create_fully_connected_nc_qd8_f32_qc8w(
        l->input_channels, l->output_channels, l->input_channels, l->output_channels, l->scale,
        l->weight, NULL, -INFINITY, INFINITY, 0, NULL, cache, linear);
}

static ec_status fail_xnn(ec_error *error, enum xnn_status status, const char *what) {
    if (status == xnn_status_out_of_memory) {
        return ec_fail(error, EC_ERROR_NO_MEMORY, "model", 0, "no memory for %s", what);
    }
    return ec_fail(error, EC_ERROR_UNSUPPORTED, "model", 0, "XNNPACK cannot run %s here (%d)", what,
                   (int)status);
}

static ec_status pack_all(ec_packed *packed, ec_error *error) {
    for (uint32_t i = 0; i < packed->linear_count; i++) {
        xnn_operator_t linear = NULL;
        const enum xnn_status status = create_linear(packed, i, &linear);
        if (status != xnn_status_success) {
            return fail_xnn(error, status, "a linear layer");
        }
        xnn_delete_operator(linear);
    }
    if (packed->entry_count != packed->linear_count) {
        return ec_fail(error, EC_ERROR_NO_MEMORY, "model", 0, "no memory for packed weights");
    }
    packed->complete = true;
    return EC_OK;
}

ec_status ec_packed_new(const ec_weights *weights, const ec_model_info *info, ec_packed **out,
                        ec_error *error) {
    const enum xnn_status status = xnn_initialize(NULL);
    if (status != xnn_status_success) {
        return fail_xnn(error, status, "on this processor");
    }
    ec_plug_kernels();
    ec_packed *packed = calloc(1, sizeof *packed);
    if (packed == NULL) {
        return ec_fail(error, EC_ERROR_NO_MEMORY, "model", 0, "no memory for packed weights");
    }
    list_linears(packed, weights, info);
    packed->provider = (struct xnn_weights_cache_provider){
        packed,       look_up,        reserve_space, look_up_or_insert,
        is_finalized, offset_to_addr, delete_cache};
    const ec_status result = pack_all(packed, error);
    if (result != EC_OK) {
        ec_packed_free(packed);
        return result;
    }
    *out = packed;
    return EC_OK;
}

void ec_packed_free(ec_packed *packed) {
    if (packed == NULL) {
        return;
    }
    for (size_t i = 0; i < packed->entry_count; i++) {
        free(packed->entries[i].data);
    }
    free(packed->reserved);
    free(packed);
}

size_t ec_packed_bytes(const ec_packed *packed) {
    size_t bytes = sizeof *packed;
    for (size_t i = 0; i < packed->entry_count; i++) {
        bytes += packed->entries[i].size;
    }
    return bytes;
}

// ------------------------------------------------------------- operators

static enum xnn_status create_operators(const ec_packed *packed, ec_operators *o) {
    enum xnn_status status = xnn_status_success;
    for (uint32_t i = 0; i < packed->linear_count && status == xnn_status_success; i++) {
        status = create_linear(packed, i, &o->linears[i]);
    }
    return status;
}

ec_status ec_operators_new(const ec_packed *packed, void *threadpool, ec_operators **out,
                           ec_error *error) {
    const size_t size = sizeof(ec_operators) + packed->linear_count * sizeof(xnn_operator_t);
    ec_operators *operators = calloc(1, size);
    if (operators == NULL) {
        return ec_fail(error, EC_ERROR_NO_MEMORY, "classifier", 0, "no memory for operators");
    }
    operators->threadpool = threadpool;
    operators->linear_count = packed->linear_count;
    const enum xnn_status status = create_operators(packed, operators);
    if (status != xnn_status_success) {
        ec_operators_free(operators);
        return fail_xnn(error, status, "an operator");
    }
    *out = operators;
    return EC_OK;
}

void ec_operators_free(ec_operators *operators) {
    if (operators == NULL) {
        return;
    }
    for (uint32_t i = 0; i < operators->linear_count; i++) {
        if (operators->linears[i] != NULL) {
            xnn_delete_operator(operators->linears[i]);
        }
    }
    free(operators);
}

// ------------------------------------------------------------- running

bool ec_run_linear(ec_operators *operators, uint32_t index, const int8_t *x,
                   ec_row_scale *row_scales, size_t rows, float *y) {
    const xnn_operator_t linear = operators->linears[index];
    for (size_t i = 0; i < EC_SPARE_ROWS; i++) {
        row_scales[rows + i] = row_scales[rows - 1];
    }
    return xnn_reshape_fully_connected_nc_qd8_f32_qc8w(linear, rows, operators->threadpool) ==
               xnn_status_success &&
           xnn_setup_fully_connected_nc_qd8_f32_qc8w(
               linear, x, y, (const struct xnn_quantization_params *)row_scales) ==
               xnn_status_success &&
           xnn_run_operator(linear, operators->threadpool) == xnn_status_success;
}

void ec_run_rows(ec_operators *operators, void (*task)(void *context, size_t first, size_t count),
                 void *context, size_t rows) {
    pthreadpool_parallelize_1d_tile_1d(operators->threadpool, task, context, rows, EC_TASK_ROWS, 0);
}

size_t ec_run_threads(const ec_operators *operators) {
    return pthreadpool_get_threads_count(operators->threadpool);
}

void ec_run_each(ec_operators *operators, void (*task)(void *context, size_t index), void *context,
                 size_t count) {
    pthreadpool_parallelize_1d(operators->threadpool, task, context, count, 0);
}
