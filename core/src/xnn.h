// SPDX-License-Identifier: Apache-2.0
// The only door to XNNPACK: packed weights, shared by classifiers, and the operators of one.
//
// Every run function returns false when XNNPACK refuses; none of them allocates.
#ifndef EC_XNN_H
#define EC_XNN_H

#include "model.h"

// How one row of activations is quantized: x = (q - zero_point) * scale, q in
// [0, EC_ACTIVATION_MAX].
typedef struct ec_row_scale {
    int32_t zero_point;
    float scale;
} ec_row_scale;

// XNNPACK reads a little past the end of its inputs and never uses what it finds there, but for the
// row scales: a kernel of several rows computes a missing one like the last, into the same place,
// and so must find the last row's scale there again.
enum { EC_SPARE_BYTES = 64, EC_SPARE_ROWS = 16 };

// The linear layers in the order they are packed.
typedef enum ec_linear_role {
    EC_LINEAR_QKV = 0,  // in the last layer: the query alone, see ec_attend_first
    EC_LINEAR_ATTENTION_OUTPUT,
    EC_LINEAR_INTERMEDIATE,
    EC_LINEAR_OUTPUT,
    EC_LINEARS_PER_LAYER
} ec_linear_role;

enum {
    EC_LINEAR_POOLER = 0,  // added to EC_LINEARS_PER_LAYER * layer_count
    EC_MAX_LINEARS = EC_LINEARS_PER_LAYER * EC_MAX_LAYERS + 1
};

// Packs all linear layers for this processor. Borrows weights until freed.
// Errors: NO_MEMORY, UNSUPPORTED (no kernels for this processor).
// Threads: the first call of the process prepares the kernels and must run alone.
ec_status ec_packed_new(const ec_weights *weights, const ec_model_info *info, ec_packed **packed,
                        ec_error *error);
void ec_packed_free(ec_packed *packed);
size_t ec_packed_bytes(const ec_packed *packed);

// The operators of one classifier, one thread at a time. Borrows packed and threadpool
// (a pthreadpool_t; NULL: the calling thread).
typedef struct ec_operators ec_operators;
ec_status ec_operators_new(const ec_packed *packed, void *threadpool, ec_operators **operators,
                           ec_error *error);
void ec_operators_free(ec_operators *operators);

// y[rows, output_channels] = x[rows, input_channels] * transpose(weight), without the bias: some
// kernels fuse its addition and some cannot, so whoever reads y adds it.
// x is followed by EC_SPARE_BYTES; row_scales has EC_SPARE_ROWS more entries, which this fills.
bool ec_run_linear(ec_operators *operators, uint32_t index, const int8_t *x,
                   ec_row_scale *row_scales, size_t rows, float *y);

enum { EC_TASK_ROWS = 16 };

// Calls task(context, first_row, row_count) over [0, rows), at most EC_TASK_ROWS at a time, on the
// thread pool when there is one.
void ec_run_rows(ec_operators *operators, void (*task)(void *context, size_t first, size_t count),
                 void *context, size_t rows);

// Threads that can work at the same time, the calling one among them.
size_t ec_run_threads(const ec_operators *operators);

// Calls task(context, index) for each index below count, on the thread pool when there is one.
void ec_run_each(ec_operators *operators, void (*task)(void *context, size_t index), void *context,
                 size_t count);

#endif
