// SPDX-License-Identifier: Apache-2.0
// Products of short numbers for x86 processors with AVX2.
#include "short.h"

#if defined(__x86_64__) || defined(_M_X64)

#include <immintrin.h>

enum { TILE_ROWS = 4, LANES = 8 };

#define TARGET __attribute__((target("avx2")))
#define INLINE_TARGET static inline __attribute__((always_inline)) TARGET

typedef __m256i vector;

INLINE_TARGET vector load(const ec_short_unit *units) {
    return _mm256_loadu_si256((const __m256i *)(const void *)units);
}

INLINE_TARGET vector spread(const ec_short *unit) {
    int32_t word;
    __builtin_memcpy(&word, unit, sizeof word);
    return _mm256_set1_epi32(word);
}

INLINE_TARGET vector dot(vector sum, vector a, vector b) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}

INLINE_TARGET void store(ec_sum *c, vector sum) { _mm256_storeu_si256((__m256i *)(void *)c, sum); }

#include "short_tile.h"

TARGET void ec_short_gemm_avx2(const ec_short_product *product) { multiply_all(product); }

#endif
