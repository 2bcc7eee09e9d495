// SPDX-License-Identifier: Apache-2.0
// The int8 linear layers of one encoder layer of the default model, by XNNPACK's kernels and by
// ours, for ./dev bench web to time in a browser. Kernels are chosen when an operator is made.
// Weights are bell-shaped, as trained ones are: with those our kernel can add more in 16 bits.
#include <math.h>
#include <stdlib.h>
#include <xnnpack.h>
#include <xnnpack/config.h>
#include <xnnpack/gemm.h>

#include "kernels/kernels.h"
#include "model.h"
#include "xnn.h"

enum { ROWS = 128, HIDDEN = 384, WIDE = 4 * HIDDEN, LINEARS = 4 };

static const struct {
    size_t inputs, outputs;
} shapes[LINEARS] = {{HIDDEN, 3 * HIDDEN}, {HIDDEN, HIDDEN}, {HIDDEN, WIDE}, {WIDE, HIDDEN}};

// Whose kernels: what XNNPACK takes in this engine, its own for the relaxed dot product even where
// it finds that one slow, ours.
enum { XNNPACKS, XNNPACKS_RELAXED, OURS, KINDS };

typedef struct bench {
    xnn_operator_t linears[KINDS][LINEARS];
    int8_t weights[WIDE * HIDDEN];
    int8_t x[ROWS * WIDE + EC_SPARE_BYTES];
    float scales[WIDE];
    ec_row_scale row_scales[ROWS + EC_SPARE_ROWS];
    float y[ROWS * WIDE];
} bench;

// The sum of four uniform numbers: a bell of the width that trained weights have.
static int8_t next_weight(uint32_t *state) {
    enum { SIDE = EC_WEIGHT_MAX / 4 };
    int sum = 0;
    for (int i = 0; i < 4; i++) {
        *state = *state * 1664525u + 1013904223u;
        sum += (int)((*state >> 8) % (2 * SIDE + 1)) - SIDE;
    }
    return (int8_t)sum;
}

static void fill(bench *b) {
    uint32_t state = 1;
    for (size_t i = 0; i < sizeof b->weights; i++) {
        b->weights[i] = next_weight(&state);
    }
    for (size_t i = 0; i < sizeof b->x; i++) {
        b->x[i] = (int8_t)(i * 17 % (EC_ACTIVATION_MAX + 1));
    }
    for (size_t i = 0; i < WIDE; i++) {
        b->scales[i] = 1.0f;
    }
    for (size_t i = 0; i < ROWS + EC_SPARE_ROWS; i++) {
        b->row_scales[i] = (ec_row_scale){64, 1.0f};
    }
}

static void choose_relaxed(struct xnn_gemm_config *config) {
    config->minmax.dqgemm[1 - 1] = xnn_init_hmp_dqgemm_ukernel(
        (xnn_dqgemm_ukernel_fn)xnn_qd8_f32_qc8w_gemm_minmax_ukernel_1x8c8__wasmusdot_u2);
    config->minmax.dqgemm[4 - 1] = xnn_init_hmp_dqgemm_ukernel(
        (xnn_dqgemm_ukernel_fn)xnn_qd8_f32_qc8w_gemm_minmax_ukernel_4x8c8__wasmusdot_u2);
    config->mr = 4;
    config->nr = 8;
    config->log2_kr = 3;
    config->log2_sr = 0;
}

static bool make_linears(bench *b, int kind) {
    for (int i = 0; i < LINEARS; i++) {
        const size_t inputs = shapes[i].inputs, outputs = shapes[i].outputs;
        xnn_operator_t *linear = &b->linears[kind][i];
        if (xnn_create_fully_connected_nc_qd8_f32_qc8w(inputs, outputs, inputs, outputs, b->scales,
                                                       b->weights, NULL, -INFINITY, INFINITY, 0,
                                                       NULL, NULL, linear) != xnn_status_success ||
            xnn_reshape_fully_connected_nc_qd8_f32_qc8w(*linear, ROWS, NULL) !=
                xnn_status_success ||
            xnn_setup_fully_connected_nc_qd8_f32_qc8w(
                *linear, b->x, b->y, (const struct xnn_quantization_params *)b->row_scales) !=
                xnn_status_success) {
            return false;
        }
    }
    return true;
}

bench *bench_new(void);
double bench_products(void);
int bench_run(bench *b, int kind);

// NULL when XNNPACK refuses. Call it once: afterwards XNNPACK's tables name our kernels.
bench *bench_new(void) {
    bench *b = calloc(1, sizeof *b);
    if (b == NULL || xnn_initialize(NULL) != xnn_status_success) {
        return NULL;
    }
    fill(b);
    bool ok = make_linears(b, XNNPACKS);
    choose_relaxed((struct xnn_gemm_config *)(uintptr_t)xnn_init_qd8_f32_qc8w_gemm_config());
    ok = ok && make_linears(b, XNNPACKS_RELAXED);
    ec_plug_kernels();
    return ok && make_linears(b, OURS) ? b : NULL;
}

// Multiplications of one bench_run.
double bench_products(void) {
    double products = 0.0;
    for (int i = 0; i < LINEARS; i++) {
        products += (double)(ROWS * shapes[i].inputs * shapes[i].outputs);
    }
    return products;
}

// Runs the linear layers of a kind; whether XNNPACK did.
int bench_run(bench *b, int kind) {
    for (int i = 0; i < LINEARS; i++) {
        if (xnn_run_operator(b->linears[kind][i], NULL) != xnn_status_success) {
            return 0;
        }
    }
    return 1;
}
