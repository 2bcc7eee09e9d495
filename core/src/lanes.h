// SPDX-License-Identifier: Apache-2.0
// What the row steps are made of. Only for ops.c and attention_ops.c.
//
// Sums run in LANES independent partial sums: compilers turn them into vector instructions without
// being allowed to reorder floating-point arithmetic, so every host adds in the same order. Nothing
// here calls the C library's functions, whose last bits differ, nor fuses multiplication and
// addition.
#ifndef EC_LANES_H
#define EC_LANES_H

#include <stdint.h>
#include <string.h>

enum { LANES = 16, WIDE_COLUMNS = 2 * LANES };
static const uint32_t SIZE_BITS = 0x7FFFFFFF;  // of a float, without its sign

// Compiled also for wider registers, chosen at load time, with the same results. clang 14 does
// not link such clones, and ThreadSanitizer starts too late for the choice.
#if defined(__x86_64__) && defined(__linux__) && !defined(__clang__) && \
    !defined(__SANITIZE_THREAD__)
#define WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDE
#endif
#define INLINE __attribute__((always_inline))

static inline INLINE uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline INLINE float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// Hides a number from compilers. They would compute what lies beyond a limit by itself, under a
// mask; and for WebAssembly put constants together anew in each round of a loop, at three
// instructions each.
static inline INLINE float opaque(float number) {
    const volatile float hidden = number;
    return hidden;
}

// Adding this rounds to the nearest whole number, halves to even, as it leaves no room for
// fractions; the number then stands in the low bits.
static const float to_whole = 12582912.0f;  // 1.5 * 2^23

// x, whose size is below 2^22, rounded; the whole number is in the lowest bits. `whole` is
// to_whole, opaque in loops.
static inline INLINE uint32_t round_bits(float x, float whole) { return bits_of(x + whole); }

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

static inline INLINE void load_lanes(const float *x, lanes *out) { memcpy(out, x, sizeof *out); }

typedef float half_lanes __attribute__((vector_size(LANES / 2 * sizeof(float))));
typedef float quarter_lanes __attribute__((vector_size(LANES / 4 * sizeof(float))));

// Halves on halves.
static inline INLINE float sum_lanes(const lanes *sums) {
    half_lanes halves[2];
    memcpy(halves, sums, sizeof halves);
    halves[0] += halves[1];
    quarter_lanes quarters[2];
    memcpy(quarters, halves, sizeof quarters);
    quarters[0] += quarters[1];
    return (quarters[0][0] + quarters[0][2]) + (quarters[0][1] + quarters[0][3]);
}

static inline INLINE float row_sum(const float *x, size_t n) {
    lanes sums = {0}, v;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        load_lanes(x + i, &v);
        sums += v;
    }
    float rest = 0;
    for (; i < n; i++) {
        rest += x[i];
    }
    return sum_lanes(&sums) + rest;
}

static inline INLINE float dot(const float *a, const float *b, size_t n) {
    lanes sums = {0}, v, w;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        load_lanes(a + i, &v);
        load_lanes(b + i, &w);
        sums += v * w;
    }
    float rest = 0;
    for (; i < n; i++) {
        rest += a[i] * b[i];
    }
    return sum_lanes(&sums) + rest;
}

static const float LEAST_POWER = -60.0f;

// c[0] * x^degree + ... + c[degree], for odd degrees: the terms with odd powers apart from those
// with even ones, as they do not wait for each other. All coefficients are from
// tests/parity/fit_nonlinear.py.
static inline INLINE float polynomial(float x, const float *c, int degree) {
    const float z = x * x;
    float odd = c[0], even = c[1];
    for (int i = 2; i < degree; i += 2) {
        odd = odd * z + c[i];
        even = even * z + c[i + 1];
    }
    return odd * x + even;
}

// 2^x for x <= 0, as good as zero for x below least, say LEAST_POWER; c is for the fraction of x,
// and whole as above.
static inline INLINE float exp2_negative(float x, float least, float whole, const float *c,
                                         int degree) {
    const float clamped = x < least ? least : x;
    const float shifted = clamped + whole;
    const float p = polynomial(clamped - (shifted - whole), c, degree);
    return float_of(bits_of(p) + (bits_of(shifted) << 23));
}

// Powers of two to within 2e-7 of themselves.
enum { PRECISE_DEGREE = 5 };
static const float precise_power[PRECISE_DEGREE + 1] = {
    1.326472615e-03f, 9.671512991e-03f, 5.550733581e-02f, 2.402224243e-01f, 6.931470037e-01f, 1.0f};

#endif
