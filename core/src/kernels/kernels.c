// SPDX-License-Identifier: Apache-2.0
#include "kernels.h"

#include <stdint.h>
#include <string.h>

void ec_plug_kernels(void) {
#if defined(__x86_64__)
    ec_plug_avx2();
#elif defined(__wasm__)
    ec_plug_wasm();
#endif
}

static int32_t row_sum(const int8_t *row, size_t count) {
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += row[i];
    }
    return sum;
}

// A panel of up to nr columns with kc weights each, as blocks of kr x nr; returns the end of out.
// With sr > 1, blocks come in groups of sr, within which column n begins n blocks later and wraps
// around, so that a kernel can turn its activations instead of spreading them.
static int8_t *pack_blocks(const int8_t *rows, size_t columns, size_t kc, size_t nr, size_t kr,
                           size_t sr, int8_t *out) {
    const size_t group = kr * sr;
    for (size_t start = 0; start < kc; start += group) {
        for (size_t block = 0; block < sr; block++, out += kr * nr) {
            for (size_t n = 0; n < columns; n++) {
                const size_t k = start + (block + n) % sr * kr;
                if (k < kc) {
                    memcpy(out + n * kr, rows + n * kc + k, kc - k < kr ? kc - k : kr);
                }
            }
        }
    }
    return out;
}

void ec_pack_qd8(size_t groups, size_t nc, size_t kc, size_t nr, size_t kr, size_t sr,
                 const void *kernel, const void *bias, const void *scale, void *packed,
                 size_t extra_bytes, const void *params) {
    (void)groups, (void)bias, (void)scale, (void)params;
    const int8_t *rows = kernel;
    int8_t *out = packed;
    for (size_t first = 0; first < nc; first += nr, rows += nr * kc) {
        const size_t columns = nc - first < nr ? nc - first : nr;
        for (size_t n = 0; n < columns; n++) {
            const int32_t negative_sum = -row_sum(rows + n * kc, kc);
            memcpy(out + n * sizeof negative_sum, &negative_sum, sizeof negative_sum);
        }
        out = pack_blocks(rows, columns, kc, nr, kr, sr, out + nr * sizeof(int32_t)) + extra_bytes;
    }
}
