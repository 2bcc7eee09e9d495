// SPDX-License-Identifier: Apache-2.0
// The loops of an ec_short_gemm. A file that includes this has defined what its instruction set is:
//
//     TARGET                    attribute of the functions
//     vector                    a register of sums
//     vector load(unit *)       LANES units, one to each sum
//     vector spread(short *)    one unit to all
//     vector dot(sum, a, b)     sum + the products of two registers of units
//     void store(sum *, vector)
//     TILE_ROWS, LANES          rows of a tile, sums in a register
#include <string.h>

#include "short.h"

#define INLINE_TILE static inline __attribute__((always_inline)) TARGET

enum { VECTORS = EC_SHORT_NR / LANES };

// c[rows, NR] of one panel.
INLINE_TILE void multiply_tile(int rows, const ec_short_product *p, const ec_short *a,
                               const ec_short_unit *b, ec_sum *c) {
    vector sum[TILE_ROWS][VECTORS];
    memset(sum, 0, sizeof sum);
    for (size_t k = ec_short_units(p->k); k > 0; k--, a += EC_SHORT_KR, b += EC_SHORT_NR) {
        vector columns[VECTORS];
#pragma GCC unroll 16
        for (int v = 0; v < VECTORS; v++) {
            columns[v] = load(b + v * LANES);
        }
#pragma GCC unroll 16
        for (int m = 0; m < rows; m++) {
            const vector row = spread(a + (size_t)m * p->a_stride);
#pragma GCC unroll 16
            for (int v = 0; v < VECTORS; v++) {
                sum[m][v] = dot(sum[m][v], row, columns[v]);
            }
        }
    }
#pragma GCC unroll 16
    for (int m = 0; m < rows; m++) {
#pragma GCC unroll 16
        for (int v = 0; v < VECTORS; v++) {
            store(c + (size_t)m * p->c_stride + v * LANES, sum[m][v]);
        }
    }
}

INLINE_TILE void multiply_all(const ec_short_product *p) {
    const size_t panel = ec_short_units(p->k) * EC_SHORT_NR;
    const ec_short_unit *b = p->b;
    for (size_t n = 0; n < p->n; n += EC_SHORT_NR, b += panel) {
        const ec_short *a = p->a;
        ec_sum *c = p->c + n;
        size_t m = 0;
        for (; m + TILE_ROWS <= p->rows; m += TILE_ROWS) {
            multiply_tile(TILE_ROWS, p, a, b, c);
            a += TILE_ROWS * p->a_stride;
            c += TILE_ROWS * p->c_stride;
        }
        for (; m < p->rows; m++, a += p->a_stride, c += p->c_stride) {
            multiply_tile(1, p, a, b, c);
        }
    }
}
