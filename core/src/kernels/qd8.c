// SPDX-License-Identifier: Apache-2.0
#include "qd8.h"

#include <string.h>

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
