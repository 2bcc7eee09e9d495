// SPDX-License-Identifier: Apache-2.0
// Packing, the choice of a kernel, and the kernel for what every processor of a family has: 128-bit
// registers.
#include "short.h"

#include <string.h>
#include <xnnpack.h>
#include <xnnpack/hardware-config.h>

#define INLINE static inline __attribute__((always_inline))
#define TARGET

enum { LANES = 4 };

#if defined(__x86_64__) || defined(_M_X64)

#include <emmintrin.h>

enum { TILE_ROWS = 3 };

typedef __m128i vector;

INLINE vector load(const ec_short_unit *units) {
    return _mm_loadu_si128((const __m128i *)(const void *)units);
}

INLINE vector spread(const ec_short *unit) {
    int32_t word;
    memcpy(&word, unit, sizeof word);
    return _mm_set1_epi32(word);
}

INLINE vector dot(vector sum, vector a, vector b) {
    return _mm_add_epi32(sum, _mm_madd_epi16(a, b));
}

INLINE void store(ec_sum *c, vector sum) { _mm_storeu_si128((__m128i *)(void *)c, sum); }

#elif defined(__wasm_simd128__)

#include <wasm_simd128.h>

enum { TILE_ROWS = 2 };  // with three, V8 runs out of x86's 16 registers

typedef v128_t vector;

INLINE vector load(const ec_short_unit *units) { return wasm_v128_load(units); }

INLINE vector spread(const ec_short *unit) { return wasm_v128_load32_splat(unit); }

INLINE vector dot(vector sum, vector a, vector b) {
    return wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(a, b));
}

INLINE void store(ec_sum *c, vector sum) { wasm_v128_store(c, sum); }

#else

#include <arm_neon.h>

enum { TILE_ROWS = 3 };

typedef float32x4_t vector;

INLINE vector load(const ec_short_unit *units) { return vld1q_f32(units->parts); }

INLINE vector spread(const ec_short *unit) { return vld1q_dup_f32(unit); }

INLINE vector dot(vector sum, vector a, vector b) { return vfmaq_f32(sum, a, b); }

INLINE void store(ec_sum *c, vector sum) { vst1q_f32(c, sum); }

#endif

#include "short_tile.h"

void ec_short_gemm_any(const ec_short_product *product) { multiply_all(product); }

ec_short_gemm *ec_short_gemm_choose(void) {
#if defined(__x86_64__) || defined(_M_X64)
    const struct xnn_hardware_config *hardware = xnn_init_hardware_config();
    if (hardware != NULL && hardware->use_x86_avx512vnni) {
        return ec_short_gemm_avx512vnni;
    }
    if (hardware != NULL && hardware->use_x86_avx2) {
        return ec_short_gemm_avx2;
    }
#endif
    return ec_short_gemm_any;
}

void ec_short_pack_columns(const ec_short *x, size_t stride, size_t n, size_t k, ec_short_unit *b) {
    const size_t units = ec_short_units(k);
    const size_t panel = units * EC_SHORT_NR;
    for (size_t column = 0; column < ec_short_columns(n); column++, x += stride) {
        ec_short_unit *out = b + column / EC_SHORT_NR * panel + column % EC_SHORT_NR;
        for (size_t unit = 0; unit < units; unit++, out += EC_SHORT_NR) {
            if (column < n) {
                memcpy(out, x + unit * EC_SHORT_KR, sizeof *out);
            } else {
                memset(out, 0, sizeof *out);
            }
        }
    }
}

// A number and the one a row further on, where units are pairs; as one word, which compilers make
// many of at once.
INLINE void put_unit(const ec_short *x, size_t stride, ec_short_unit *out) {
#if defined(__aarch64__)
    (void)stride;
    out->parts[0] = *x;
#else
    const uint32_t pair = (uint32_t)(uint16_t)x[stride] << 16 | (uint16_t)*x;
    memcpy(out, &pair, sizeof pair);
#endif
}

void ec_short_pack_rows(const ec_short *x, size_t n, size_t k, ec_short_unit *b) {
    const size_t stride = ec_short_columns(n);
    for (size_t first = 0; first < stride; first += EC_SHORT_NR) {
        for (size_t row = 0; row < k; row += EC_SHORT_KR, b += EC_SHORT_NR) {
            for (size_t i = 0; i < EC_SHORT_NR; i++) {
                put_unit(x + row * stride + first + i, stride, b + i);
            }
        }
    }
}
