// SPDX-License-Identifier: Apache-2.0
// Products of short numbers for x86 processors with AVX-512 VNNI.
#include "short.h"

#if defined(__x86_64__) || defined(_M_X64)

#include <immintrin.h>

enum { TILE_ROWS = 8, LANES = 16 };

#define TARGET __attribute__((target("avx512f,avx512vnni")))
#define INLINE_TARGET static inline __attribute__((always_inline)) TARGET

typedef __m512i vector;

INLINE_TARGET vector load(const ec_short_unit *units) { return _mm512_loadu_si512(units); }

INLINE_TARGET vector spread(const ec_short *unit) {
    int32_t word;
    __builtin_memcpy(&word, unit, sizeof word);
    return _mm512_set1_epi32(word);
}

// As an instruction of its own: with the intrinsic gcc 12 copies and spills the sums.
INLINE_TARGET vector dot(vector sum, vector a, vector b) {
    __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}

INLINE_TARGET void store(ec_sum *c, vector sum) { _mm512_storeu_si512(c, sum); }

#include "short_tile.h"

TARGET void ec_short_gemm_avx512vnni(const ec_short_product *product) { multiply_all(product); }

#endif
