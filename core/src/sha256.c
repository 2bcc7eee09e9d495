// SPDX-License-Identifier: Apache-2.0
#include "sha256.h"

#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#elif defined(__ARM_FEATURE_SHA2) || (defined(__aarch64__) && defined(__ARM_FEATURE_CRYPTO))
#include <arm_neon.h>
#define EC_SHA256_ARM 1
#endif

static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate_right(uint32_t x, unsigned bits) { return x >> bits | x << (32 - bits); }

static uint32_t load_big_endian(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store_big_endian(uint32_t x, uint8_t *p) {
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (uint8_t)(x >> (24 - 8 * i));
    }
}

// ------------------------------------------------------------- compression functions

// The message schedule of one block.
static void expand(const uint8_t *data, uint32_t w[64]) {
    for (size_t i = 0; i < 16; i++) {
        w[i] = load_big_endian(data + 4 * i);
    }
    for (size_t i = 16; i < 64; i++) {
        const uint32_t a = w[i - 15];
        const uint32_t b = w[i - 2];
        w[i] = w[i - 16] + (rotate_right(a, 7) ^ rotate_right(a, 18) ^ a >> 3) + w[i - 7] +
               (rotate_right(b, 17) ^ rotate_right(b, 19) ^ b >> 10);
    }
}

// One block a call: engines of WebAssembly improve a function only when it is called again.
static __attribute__((noinline)) void compress_block(uint32_t state[8], const uint8_t *data) {
    uint32_t w[64];
    expand(data, w);
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (size_t i = 0; i < 64; i++) {
        const uint32_t t1 = h + (rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25)) +
                            ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
        const uint32_t t2 = (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22)) +
                            ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

static void compress_portable(uint32_t state[8], const uint8_t *data, size_t blocks) {
    for (; blocks > 0; blocks--, data += EC_SHA256_BLOCK) {
        compress_block(state, data);
    }
}

#if defined(__x86_64__)

static bool has_sha_instructions(void) {
    unsigned a, b, c, d;
    const unsigned ssse3_and_sse41 = 1u << 9 | 1u << 19;
    const unsigned sha = 1u << 29;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & ssse3_and_sse41) == ssse3_and_sse41 &&
           __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & sha) != 0;
}

#define EC_TARGET_SHA __attribute__((target("sha,sse4.1,ssse3")))

// The next four words of the schedule from the last sixteen, oldest first.
EC_TARGET_SHA static inline __m128i next_words(__m128i w0, __m128i w1, __m128i w2, __m128i w3) {
    const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));
    return _mm_sha256msg2_epu32(sum, w3);
}

// Four rounds on the state, which the instructions want as (a, b, e, f) and (c, d, g, h).
EC_TARGET_SHA static inline void four_rounds(__m128i words, const uint32_t *constants,
                                             __m128i *abef, __m128i *cdgh) {
    const __m128i k = _mm_loadu_si128((const __m128i *)(const void *)constants);
    const __m128i sum = _mm_add_epi32(words, k);
    *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, sum);
    *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(sum, 0x0E));
}

EC_TARGET_SHA static inline __m128i load_words(const uint8_t *data) {
    const __m128i swap = _mm_set_epi64x(0x0C0D0E0F08090A0B, 0x0405060700010203);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)data), swap);
}

EC_TARGET_SHA static void compress_bulk(uint32_t state[8], const uint8_t *data, size_t blocks) {
    __m128i *const memory = (__m128i *)(void *)state;
    const __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(memory), 0xB1);
    const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(memory + 1), 0x1B);
    __m128i abef = _mm_alignr_epi8(cdab, efgh, 8);
    __m128i cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);
    for (; blocks > 0; blocks--, data += EC_SHA256_BLOCK) {
        const __m128i old_abef = abef;
        const __m128i old_cdgh = cdgh;
        __m128i w0 = load_words(data);
        __m128i w1 = load_words(data + 16);
        __m128i w2 = load_words(data + 32);
        __m128i w3 = load_words(data + 48);
        for (size_t i = 0; i < 48; i += 16) {
            four_rounds(w0, round_constants + i, &abef, &cdgh);
            w0 = next_words(w0, w1, w2, w3);
            four_rounds(w1, round_constants + i + 4, &abef, &cdgh);
            w1 = next_words(w1, w2, w3, w0);
            four_rounds(w2, round_constants + i + 8, &abef, &cdgh);
            w2 = next_words(w2, w3, w0, w1);
            four_rounds(w3, round_constants + i + 12, &abef, &cdgh);
            w3 = next_words(w3, w0, w1, w2);
        }
        four_rounds(w0, round_constants + 48, &abef, &cdgh);
        four_rounds(w1, round_constants + 52, &abef, &cdgh);
        four_rounds(w2, round_constants + 56, &abef, &cdgh);
        four_rounds(w3, round_constants + 60, &abef, &cdgh);
        abef = _mm_add_epi32(abef, old_abef);
        cdgh = _mm_add_epi32(cdgh, old_cdgh);
    }
    const __m128i feba = _mm_shuffle_epi32(abef, 0x1B);
    const __m128i dchg = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128(memory, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128(memory + 1, _mm_alignr_epi8(dchg, feba, 8));
}

#elif defined(EC_SHA256_ARM)

static bool has_sha_instructions(void) { return true; }

static void compress_bulk(uint32_t state[8], const uint8_t *data, size_t blocks) {
    uint32x4_t abcd = vld1q_u32(state);
    uint32x4_t efgh = vld1q_u32(state + 4);
    for (; blocks > 0; blocks--, data += EC_SHA256_BLOCK) {
        const uint32x4_t old_abcd = abcd;
        const uint32x4_t old_efgh = efgh;
        uint32x4_t w[4];
        for (size_t i = 0; i < 4; i++) {
            w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + 16 * i)));
        }
        for (size_t i = 0; i < 16; i++) {
            const uint32x4_t sum = vaddq_u32(w[i % 4], vld1q_u32(round_constants + 4 * i));
            const uint32x4_t before = abcd;
            abcd = vsha256hq_u32(abcd, efgh, sum);
            efgh = vsha256h2q_u32(efgh, before, sum);
            if (i < 12) {
                const uint32x4_t partial = vsha256su0q_u32(w[i % 4], w[(i + 1) % 4]);
                w[i % 4] = vsha256su1q_u32(partial, w[(i + 2) % 4], w[(i + 3) % 4]);
            }
        }
        abcd = vaddq_u32(abcd, old_abcd);
        efgh = vaddq_u32(efgh, old_efgh);
    }
    vst1q_u32(state, abcd);
    vst1q_u32(state + 4, efgh);
}

#else

static bool has_sha_instructions(void) { return false; }

static void compress_bulk(uint32_t state[8], const uint8_t *data, size_t blocks) {
    compress_portable(state, data, blocks);
}

#endif

// ------------------------------------------------------------- stream of bytes

void ec_sha256_init(ec_sha256 *s) {
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memset(s, 0, sizeof *s);
    memcpy(s->state, start, sizeof start);
}

void ec_sha256_update(ec_sha256 *s, const void *data, size_t size) {
    if (size == 0) {
        return;
    }
    const uint8_t *bytes = data;
    const size_t held = (size_t)(s->length % EC_SHA256_BLOCK);
    s->length += size;
    if (held > 0) {
        const size_t room = EC_SHA256_BLOCK - held;
        const size_t taken = size < room ? size : room;
        memcpy(s->block + held, bytes, taken);
        bytes += taken;
        size -= taken;
        if (taken < room) {
            return;
        }
        compress_portable(s->state, s->block, 1);
    }
    const size_t blocks = size / EC_SHA256_BLOCK;
    if (size >= EC_SHA256_BULK && has_sha_instructions()) {
        compress_bulk(s->state, bytes, blocks);
    } else {
        compress_portable(s->state, bytes, blocks);
    }
    memcpy(s->block, bytes + blocks * EC_SHA256_BLOCK, size % EC_SHA256_BLOCK);
}

void ec_sha256_final(ec_sha256 *s, uint8_t digest[EC_SHA256_SIZE]) {
    const uint64_t bits = s->length * 8;
    const size_t held = (size_t)(s->length % EC_SHA256_BLOCK);
    uint8_t end[2 * EC_SHA256_BLOCK] = {0x80};
    const size_t padding = (held < 56 ? 56 : 120) - held;
    store_big_endian((uint32_t)(bits >> 32), end + padding);
    store_big_endian((uint32_t)bits, end + padding + 4);
    ec_sha256_update(s, end, padding + 8);
    for (size_t i = 0; i < 8; i++) {
        store_big_endian(s->state[i], digest + 4 * i);
    }
}

void ec_sha256_hex(const uint8_t digest[EC_SHA256_SIZE], char hex[2 * EC_SHA256_SIZE + 1]) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < EC_SHA256_SIZE; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[2 * EC_SHA256_SIZE] = '\0';
}
