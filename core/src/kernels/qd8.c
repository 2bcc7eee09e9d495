// SPDX-License-Identifier: Apache-2.0
#include "qd8.h"

#include <string.h>

#include "../model.h"

_Static_assert(2 * EC_QD8_FEW * EC_ACTIVATION_MAX * EC_WEIGHT_MAX <= INT16_MAX,
               "a few sums of two products fit 16 bits");

static int32_t row_sum(const int8_t *row, size_t count) {
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += row[i];
    }
    return sum;
}

// `columns` of a panel of nr, kc weights each; returns the end of the blocks. Inlined with constant
// kr, so that copying a block is one move.
static inline __attribute__((always_inline)) int8_t *
pack_blocks(const int8_t *rows, size_t columns, size_t nr, size_t kc, size_t kr, int8_t *out) {
    const size_t whole = kc / kr * kr;
    for (size_t k = 0; k < whole; k += kr, out += kr * nr) {
        for (size_t n = 0; n < columns; n++) {
            memcpy(out + n * kr, rows + n * kc + k, kr);
        }
    }
    if (whole < kc) {
        for (size_t n = 0; n < columns; n++) {
            memcpy(out + n * kr, rows + n * kc + whole, kc - whole);
        }
        out += kr * nr;
    }
    return out;
}

void ec_qd8_pack(size_t groups, size_t nc, size_t kc, size_t nr, size_t kr, size_t sr,
                 const void *kernel, const void *bias, const void *scale, void *packed,
                 size_t extra_bytes, const void *params) {
    (void)groups, (void)sr, (void)bias, (void)scale, (void)params;
    const int8_t *rows = kernel;
    int8_t *out = packed;
    for (size_t first = 0; first < nc; first += nr, rows += nr * kc) {
        const size_t columns = nc - first < nr ? nc - first : nr;
        for (size_t n = 0; n < columns; n++) {
            const int32_t negative_sum = -row_sum(rows + n * kc, kc);
            memcpy(out + n * sizeof negative_sum, &negative_sum, sizeof negative_sum);
        }
        out += nr * sizeof(int32_t);
        out = kr == EC_QD8_KR ? pack_blocks(rows, columns, nr, kc, EC_QD8_KR, out)
                              : pack_blocks(rows, columns, nr, kc, EC_QD8_WIDE_KR, out);
        out += extra_bytes;
    }
}

// Four columns of a block, and what is added up in 16 bits for them.
typedef int8_t block_part __attribute__((vector_size(16)));
typedef uint16_t pair_sums __attribute__((vector_size(16)));

static pair_sums add_neighbours(block_part not_negative) {
    const pair_sums pairs = (pair_sums)not_negative;
    return (pairs & 255) + (pairs >> 8);
}

// Whether EC_QD8_MANY sums of two products fit 16 bits, whatever the activations are. Those are not
// negative and may be zero, so the weights of either sign count for themselves. Only totals have to
// fit: on the way to one, additions may wrap.
static bool many_fit(const int8_t *blocks, size_t size, size_t block) {
    const uint16_t limit = INT16_MAX / EC_ACTIVATION_MAX;
    pair_sums over = {0};
    for (size_t group = 0; group < size; group += EC_QD8_MANY * block) {
        for (size_t part = group; part < group + block; part += sizeof(block_part)) {
            pair_sums positive = {0}, negative = {0};
            for (size_t i = part; i < group + EC_QD8_MANY * block && i < size; i += block) {
                block_part weights;
                memcpy(&weights, blocks + i, sizeof weights);
                positive += add_neighbours(weights & (weights > 0));
                negative += add_neighbours(-weights & (weights < 0));
            }
            over |= (pair_sums)(positive > limit) | (pair_sums)(negative > limit);
        }
    }
    const pair_sums none = {0};
    return memcmp(&over, &none, sizeof over) == 0;
}

static void pack_pairs(size_t groups, size_t nc, size_t kc, size_t nr, size_t kr, size_t sr,
                       const void *kernel, const void *bias, const void *scale, void *packed,
                       size_t extra_bytes, const void *params) {
    ec_qd8_pack(groups, nc, kc, nr, kr, sr, kernel, bias, scale, packed, extra_bytes, params);
    const size_t block = nr * EC_QD8_KR, lead = nr * sizeof(int32_t);
    int8_t *panel = packed;
    for (size_t n = 0; n < nc; n += nr, panel += ec_qd8_panel_size(kc, nr)) {
        const bool fit = many_fit(panel + lead, ec_qd8_blocks(kc) * block, block);
        for (int8_t *at = panel; at < panel + lead; at += sizeof(int32_t)) {
            int32_t sum;
            memcpy(&sum, at, sizeof sum);
            sum = 2 * sum + fit;
            memcpy(at, &sum, sizeof sum);
        }
    }
}

void ec_qd8_plug(struct xnn_gemm_config *config, xnn_dqgemm_ukernel_fn gemm, unsigned rows,
                 unsigned columns) {
    for (unsigned m = 1; m <= rows; m++) {
        config->minmax.dqgemm[m - 1] = xnn_init_hmp_dqgemm_ukernel(gemm);
    }
    config->pack_weights_and_biases = NULL;  // goes before pack_gemm_goi
    config->packed_stride_weights_and_biases = NULL;
    config->pack_gemm_goi = ec_qd8_pack;
    config->mr = (uint8_t)rows;
    config->nr = (uint8_t)columns;
    config->log2_kr = 2;
    config->log2_sr = 0;
}

void ec_qd8_plug_pairs(struct xnn_gemm_config *config, xnn_dqgemm_ukernel_fn gemm, unsigned rows,
                       unsigned columns) {
    ec_qd8_plug(config, gemm, rows, columns);
    config->pack_gemm_goi = pack_pairs;
}
