// SPDX-License-Identifier: Apache-2.0
// Products of matrices of short whole numbers, of which attention is made.
//
// No sum goes beyond EC_SHORT_SUM_MAX in size, so that integers and floats both hold them exactly:
// every processor multiplies in the form that it is fastest at, in any order, and all compute the
// same.
#ifndef EC_SHORT_H
#define EC_SHORT_H

#include <stddef.h>
#include <stdint.h>

#if defined(__aarch64__)
// Fused multiplication and addition of floats outrun the products of 16-bit integers.
typedef float ec_short;
typedef float ec_sum;
enum { EC_SHORT_KR = 1 };
#else
typedef int16_t ec_short;
typedef int32_t ec_sum;
enum { EC_SHORT_KR = 2 };  // an instruction multiplies a pair and adds the products
#endif

enum { EC_SHORT_NR = 16, EC_SHORT_SUM_MAX = 1 << 24 };

// Neighbours in a row that are multiplied together: KR numbers, four bytes.
typedef struct ec_short_unit {
    ec_short parts[EC_SHORT_KR];
} ec_short_unit;

static inline size_t ec_short_units(size_t k) { return (k + EC_SHORT_KR - 1) / EC_SHORT_KR; }

// n rounded up to whole panels.
static inline size_t ec_short_columns(size_t n) {
    return (n + EC_SHORT_NR - 1) / EC_SHORT_NR * EC_SHORT_NR;
}

// c[rows, n] = a[rows, k] * b. Strides are in elements; rows of a are filled up with zeros to whole
// units, and rows of c have room for ec_short_columns(n), of which those after n are of no use.
typedef struct ec_short_product {
    size_t rows, n, k;
    const ec_short *a;
    size_t a_stride;
    const ec_short_unit *b;  // [panels of n, units of k, NR]
    ec_sum *c;
    size_t c_stride;
} ec_short_product;

typedef void ec_short_gemm(const ec_short_product *product);

// The fastest that this processor can run. Any thread, after xnn_initialize.
ec_short_gemm *ec_short_gemm_choose(void);

// b of a product from its transpose x[n, k], whose rows are filled up like those of a.
void ec_short_pack_columns(const ec_short *x, size_t stride, size_t n, size_t k, ec_short_unit *b);

// b of a product from x[k, ec_short_columns(n)], with rows of zeros after it up to whole units.
void ec_short_pack_rows(const ec_short *x, size_t n, size_t k, ec_short_unit *b);

// What it chooses from; each only runs where the instructions are.
ec_short_gemm ec_short_gemm_any, ec_short_gemm_avx2, ec_short_gemm_avx512vnni;

#endif
