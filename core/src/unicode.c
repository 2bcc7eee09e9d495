// SPDX-License-Identifier: Apache-2.0
#include "unicode.h"

#include <string.h>

enum {
    CLASS_TRIE_END = 0x30000,
    FOLD_TRIE_END = 0x10000,
    FOLD_IS_SEQUENCE = 0xD800,
    CODE_POINT_END = 0x110000
};

enum { COMPAT_FIRST = 0x2F800, COMPAT_END = 0x2FA20 };

// Hangul syllables decompose by arithmetic (The Unicode Standard, section 3.12).
enum {
    HANGUL_S = 0xAC00,
    HANGUL_L = 0x1100,
    HANGUL_V = 0x1161,
    HANGUL_T = 0x11A7,
    HANGUL_COUNT = 11172,
    HANGUL_T_COUNT = 28,
    HANGUL_VT_COUNT = 588
};

// The value of the range that holds c, or `otherwise`. Ranges are in order.
static int32_t range_value(const ec_unicode_range *ranges, size_t count, uint32_t c,
                           int32_t otherwise) {
    size_t low = 0;
    while (low < count) {
        const size_t middle = low + (count - low) / 2;
        if (c > ranges[middle].last) {
            low = middle + 1;
        } else if (c < ranges[middle].first) {
            count = middle;
        } else {
            return ranges[middle].value;
        }
    }
    return otherwise;
}

ec_char_class ec_unicode_class(uint32_t c) {
    if (c < CLASS_TRIE_END) {
        const size_t block = ec_unicode_class_index[c / 64];
        const unsigned pair = ec_unicode_class_blocks[block * 32 + c % 64 / 2];
        return (ec_char_class)(pair >> c % 2 * 4 & 0xF);
    }
    if (c >= CODE_POINT_END) {
        return EC_CHAR_REMOVED;
    }
    return (ec_char_class)range_value(ec_unicode_high_classes, ec_unicode_high_class_count, c,
                                      EC_CHAR_LETTER);
}

uint32_t ec_unicode_rank(uint32_t c) {
    return (uint32_t)range_value(ec_unicode_ranks, ec_unicode_rank_count, c, 0);
}

static size_t fold_hangul(uint32_t c, uint32_t out[EC_FOLD_MAX]) {
    const uint32_t syllable = c - HANGUL_S;
    const uint32_t trailing = syllable % HANGUL_T_COUNT;
    out[0] = HANGUL_L + syllable / HANGUL_VT_COUNT;
    out[1] = HANGUL_V + syllable % HANGUL_VT_COUNT / HANGUL_T_COUNT;
    out[2] = HANGUL_T + trailing;
    return trailing > 0 ? 3 : 2;
}

// The listed sequence of c, or c itself.
static size_t fold_sequence(uint32_t c, uint32_t out[EC_FOLD_MAX]) {
    size_t low = 0;
    size_t high = ec_unicode_sequence_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const ec_unicode_sequence *entry = &ec_unicode_sequences[middle];
        if (entry->c == c) {
            memcpy(out, entry->folded, sizeof entry->folded);
            return out[1] == 0 ? 1 : out[2] == 0 ? 2 : 3;
        }
        if (entry->c < c) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    out[0] = c;
    return 1;
}

static size_t fold_high(uint32_t c, uint32_t out[EC_FOLD_MAX]) {
    if (c >= COMPAT_FIRST && c < COMPAT_END) {
        out[0] = ec_unicode_compat_folds[c - COMPAT_FIRST];
        return 1;
    }
    const int32_t distance = range_value(ec_unicode_high_folds, ec_unicode_high_fold_count, c, 0);
    if (distance != 0) {
        out[0] = (uint32_t)((int32_t)c + distance);
        return 1;
    }
    return fold_sequence(c, out);
}

size_t ec_unicode_fold(uint32_t c, uint32_t out[EC_FOLD_MAX]) {
    if (c >= HANGUL_S && c < HANGUL_S + HANGUL_COUNT) {
        return fold_hangul(c, out);
    }
    if (c >= FOLD_TRIE_END) {
        return fold_high(c, out);
    }
    const size_t block = ec_unicode_fold_index[c / 32];
    const uint32_t folded = ec_unicode_fold_blocks[block * 32 + c % 32];
    if (folded == FOLD_IS_SEQUENCE) {
        return fold_sequence(c, out);
    }
    out[0] = folded != 0 ? folded : c;
    return 1;
}
