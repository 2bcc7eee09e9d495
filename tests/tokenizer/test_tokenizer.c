// SPDX-License-Identifier: Apache-2.0
//
// test_tokenizer VOCAB GOLDENS: unit cases, then every golden (make_goldens.py) with its texts and
// results placed flush against an inaccessible page.
#define _DEFAULT_SOURCE

#include <stdint.h>
#include <stdlib.h>

#include "ec_test.h"
#include "guarded.h"
#include "read_file.h"
#include "tokenizer.h"
#include "unicode.h"
#include "utf8.h"

enum { UNCASED, CASED, PAIR, SINGLE, TEXT_MAX = 1 << 16 };
enum { PAD = 0, UNK = 100, CLS = 101, SEP = 102, THE = 1996 };  // in models/base/vocab.txt

typedef struct fixture {
    ec_vocab *uncased, *cased;
    guarded first, second, ids, spans, types;
} fixture;

// An index in memory of its own that ends at an inaccessible page; NULL on failure.
static ec_vocab *new_vocab(const char *text, size_t length, bool lower_case, ec_error *error) {
    const size_t size = ec_vocab_size(text, length);
    const size_t aligned = (size + 7) / 8 * 8;
    const guarded memory = guarded_new(aligned);
    ec_vocab *vocab = NULL;
    const ec_status status = ec_vocab_init(&vocab, guarded_last(&memory, aligned), size, text,
                                           length, lower_case, error);
    return status == EC_OK ? vocab : NULL;
}

// ---------------------------------------------------------------------------- unit cases

static bool decodes(const char *bytes, size_t length, uint32_t expected, size_t expected_size) {
    uint32_t c = 0;
    const size_t size = ec_utf8_decode(bytes, length, &c);
    return c == expected && size == expected_size;
}

static void test_utf8(void) {
    for (uint32_t c = 0; c < 0x110000; c++) {
        char bytes[4];
        const size_t size = ec_utf8_encode(c, bytes);
        const bool surrogate = c >= 0xD800 && c < 0xE000;
        if (!decodes(bytes, size, surrogate ? EC_UTF8_INVALID : c, surrogate ? 1 : size)) {
            EC_CHECK_CASE(false, "decode(encode(c)) == c");
        }
    }
    EC_CHECK(decodes("\x80", 1, EC_UTF8_INVALID, 1));
    EC_CHECK(decodes("\xC0\x80", 2, EC_UTF8_INVALID, 1));
    EC_CHECK(decodes("\xE2\x82", 2, EC_UTF8_INVALID, 2));
    EC_CHECK(decodes("\xE2\x82"
                     "a",
                     3, EC_UTF8_INVALID, 2));
    EC_CHECK(decodes("\xE0\x80\x80", 3, EC_UTF8_INVALID, 1));
    EC_CHECK(decodes("\xF0\x9F\x98", 3, EC_UTF8_INVALID, 3));
    EC_CHECK(decodes("\xF4\x90\x80\x80", 4, EC_UTF8_INVALID, 1));
    EC_CHECK(decodes("\xF5\x80\x80\x80", 4, EC_UTF8_INVALID, 1));
}

static void test_unicode(void) {
    uint32_t out[EC_FOLD_MAX];
    EC_CHECK_EQUAL(ec_unicode_class('\n'), EC_CHAR_SPACE);
    EC_CHECK_EQUAL(ec_unicode_class('$'), EC_CHAR_PUNCTUATION);
    EC_CHECK_EQUAL(ec_unicode_class(0xFFFD), EC_CHAR_REMOVED);
    EC_CHECK_EQUAL(ec_unicode_class(0x85), EC_CHAR_REMOVED);
    EC_CHECK_EQUAL(ec_unicode_class(0x10FFFF), EC_CHAR_LETTER);
    EC_CHECK_EQUAL(ec_unicode_class(0x110000), EC_CHAR_REMOVED);
    EC_CHECK_EQUAL(ec_unicode_class(EC_UTF8_INVALID), EC_CHAR_REMOVED);
    EC_CHECK_EQUAL(ec_unicode_class(0x2B820), EC_CHAR_LETTER);  // the library's gap, kept
    EC_CHECK_EQUAL(ec_unicode_class(0x2B920), EC_CHAR_CJK);
    EC_CHECK(ec_unicode_fold(0xC9, out) == 1 && out[0] == 'e');
    EC_CHECK(ec_unicode_fold(0x130, out) == 1 && out[0] == 'i');
    EC_CHECK(ec_unicode_fold(0x3A3, out) == 1 && out[0] == 0x3C3);
    EC_CHECK(ec_unicode_fold(0xD55C, out) == 3 && out[0] == 0x1112 && out[2] == 0x11AB);
    EC_CHECK(ec_unicode_fold(0x10400, out) == 1 && out[0] == 0x10428);
    EC_CHECK(ec_unicode_rank(0x1D165) < ec_unicode_rank(0x1D16D));
    for (uint32_t c = 0; c < 0x110000; c++) {
        const size_t count = ec_unicode_fold(c, out);
        if (ec_unicode_class(c) > EC_CHAR_COMBINING || count < 1 || count > EC_FOLD_MAX) {
            EC_CHECK_CASE(false, "class and fold in range");
        }
    }
}

static const char SMALL[] = "[PAD]\r\n[UNK]\r\n[CLS]\n[SEP]\nab\n##c\n\nab\nlast";

static void test_vocab(void) {
    ec_error error = {.message = ""};
    const guarded memory = guarded_new(sizeof SMALL);
    const char *text = guarded_copy(&memory, SMALL, sizeof SMALL - 1);
    const ec_vocab *vocab = new_vocab(text, sizeof SMALL - 1, true, &error);
    size_t length = 0;
    uint32_t ids[4] = {0};
    if (!EC_CHECK(vocab != NULL)) {
        return;
    }
    EC_CHECK_EQUAL(ec_vocab_count(vocab), 9);
    EC_CHECK(memcmp(ec_vocab_piece(vocab, 0, &length), "[PAD]", 5) == 0 && length == 5);
    EC_CHECK(memcmp(ec_vocab_piece(vocab, 8, &length), "last", 4) == 0 && length == 4);
    EC_CHECK(ec_vocab_piece(vocab, 6, &length) != NULL && length == 0);
    EC_CHECK(ec_vocab_piece(vocab, 9, &length) == NULL && length == 0);
    EC_CHECK(ec_vocab_piece(vocab, UINT32_MAX, &length) == NULL);
    EC_CHECK_EQUAL(ec_tokenize(vocab, "abc d", 5, ids, 4), 3);
    EC_CHECK(ids[0] == 7 && ids[1] == 5 && ids[2] == 1);  // the later "ab", "##c", [UNK]
    EC_CHECK_EQUAL(ec_vocab_special_ids(vocab).sep, 3);
}

// Combining characters that stay: U+1D165 (rank before) and U+1D16D; marks between them that are
// dropped let them pass (U+0301) or not (U+034F, a joiner of class 0). Equal ranks keep their
// order (U+302E, U+302F). A folded ideograph (U+2F800 gives U+4E3D) stays a word of its own.
#define EARLY "\xF0\x9D\x85\xA5"
#define LATE "\xF0\x9D\x85\xAD"
static const char MARKS[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n##" EARLY "\n##" LATE
                            "\n##\xE3\x80\xAE\n##\xE3\x80\xAF\n\xE4\xB8\xBD\n";

static void test_order(void) {
    static const struct {
        const char *text;
        uint32_t ids[4];
    } CASES[] = {
        {"a" EARLY LATE, {4, 5, 6, 0}},
        {"A" LATE EARLY, {4, 5, 6, 0}},
        {"a" LATE "\xCC\x81" EARLY, {4, 5, 6, 0}},
        {"a" LATE "\xC2\xAD\xFF" EARLY, {4, 5, 6, 0}},
        {"a" LATE "\xCD\x8F" EARLY, {4, 6, 5, 0}},
        {"a\xE3\x80\xAF\xE3\x80\xAE", {4, 8, 7, 0}},
        {"a" LATE "\xE3\x80\xAF" EARLY, {4, 5, 8, 6}},
        {"a\xF0\xAF\xA0\x80"
         "a",
         {4, 9, 4, 0}},
    };
    const ec_vocab *vocab = new_vocab(MARKS, sizeof MARKS - 1, true, NULL);
    for (size_t i = 0; vocab != NULL && i < sizeof CASES / sizeof *CASES; i++) {
        uint32_t ids[4] = {0};
        ec_tokenize(vocab, CASES[i].text, strlen(CASES[i].text), ids, 4);
        EC_CHECK_BYTES(ids, CASES[i].ids, sizeof ids);
    }
    EC_CHECK(vocab != NULL);
}

static void test_bad_vocab(void) {
    static const char *const MISSING[] = {"[UNK]\n[CLS]\n[SEP]\n", "[PAD]\n[CLS]\n[SEP]\n",
                                          "[PAD]\n[UNK]\n[SEP]\n", "[PAD]\n[UNK]\n[CLS]\n", "\n"};
    uint64_t memory[64];
    ec_vocab *vocab = NULL;
    ec_error error = {.message = ""};
    for (size_t i = 0; i < sizeof MISSING / sizeof *MISSING; i++) {
        EC_CHECK_EQUAL(ec_vocab_init(&vocab, memory, sizeof memory, MISSING[i], strlen(MISSING[i]),
                                     true, &error),
                       EC_ERROR_BUNDLE);
    }
    EC_CHECK_STRING(error.message, "The vocabulary has no piece [PAD].");
    EC_CHECK_STRING(error.field, "vocabulary");
    const size_t size = ec_vocab_size(SMALL, sizeof SMALL - 1);
    EC_CHECK_EQUAL(ec_vocab_init(&vocab, memory, size - 1, SMALL, sizeof SMALL - 1, true, &error),
                   EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(
        ec_vocab_init(&vocab, (char *)memory + 1, size, SMALL, sizeof SMALL - 1, true, NULL),
        EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(ec_vocab_init(&vocab, NULL, 0, "", 0, true, NULL), EC_ERROR_BUNDLE);
    EC_CHECK_EQUAL(ec_vocab_size("", 0), 0);
    EC_CHECK(vocab == NULL);
    char *lines = malloc(EC_VOCAB_MAX + 1);
    if (EC_CHECK(lines != NULL)) {
        memset(lines, '\n', EC_VOCAB_MAX + 1);
        EC_CHECK_EQUAL(ec_vocab_size(lines, EC_VOCAB_MAX + 1), 0);
        EC_CHECK(ec_vocab_size(lines, EC_VOCAB_MAX) > 0);
    }
    free(lines);
}

static void test_spans(const fixture *f) {
    static const char TEXT[] = "The caf\xC3\xA9.\xFF \xED\x95\x9C";  // "The café." bad byte, Hangul
    static const ec_span EXPECTED[] = {{0, 3}, {4, 9}, {9, 10}, {12, 15}, {12, 15}, {12, 15}};
    uint32_t ids[8];
    ec_span spans[8];
    EC_CHECK_EQUAL(ec_tokenize_spans(f->uncased, TEXT, sizeof TEXT - 1, ids, spans, 8), 6);
    EC_CHECK_BYTES(spans, EXPECTED, sizeof EXPECTED);
    EC_CHECK_EQUAL(ids[0], THE);
}

// 100 characters are a word, 101 are [UNK]; marks that are dropped do not count.
static void test_long_words(const fixture *f) {
    char text[404];
    uint32_t ids[101];
    memset(text, 'a', sizeof text);
    EC_CHECK(ec_tokenize(f->uncased, text, 100, ids, 101) > 1);
    EC_CHECK(ec_tokenize(f->uncased, text, 101, ids, 101) == 1 && ids[0] == UNK);
    for (size_t i = 0; i < sizeof text; i += 4) {
        memcpy(text + i,
               "a\xCC\x81"
               "a",
               4);
    }
    EC_CHECK(ec_tokenize(f->uncased, text, 200, ids, 101) > 1);
    EC_CHECK(ec_tokenize(f->uncased, text, 203, ids, 101) == 1 && ids[0] == UNK);
}

static void test_encode(const fixture *f) {
    uint32_t ids[4] = {9, 9, 9, 9};
    uint8_t types[4] = {9, 9, 9, 9};
    EC_CHECK_EQUAL(ec_encode_pair(f->uncased, "the", 3, "", 0, ids, types, 4), 4);
    EC_CHECK(ids[0] == CLS && ids[1] == THE && ids[2] == SEP && ids[3] == SEP);
    EC_CHECK_BYTES(types, "\0\0\0\1", 4);
    ids[0] = 9;
    EC_CHECK_EQUAL(ec_encode_pair(f->uncased, "the", 3, "the", 3, ids, types, 2), 5);
    EC_CHECK_EQUAL(ec_encode_pair(f->uncased, "the", 3, NULL, 0, ids, types, 1), 3);
    EC_CHECK_EQUAL(ids[0], 9);  // no room for the special tokens: nothing written
    EC_CHECK_EQUAL(ec_encode_pair(f->uncased, "the the", 7, NULL, 0, ids, NULL, 3), 4);
    EC_CHECK(ids[0] == CLS && ids[1] == THE && ids[2] == SEP);
    EC_CHECK_EQUAL(ec_tokenize(f->uncased, NULL, 0, NULL, 0), 0);
}

// ---------------------------------------------------------------------------- goldens

typedef struct reader {
    const uint8_t *at, *end;
} reader;

// The next `size` bytes; ends the test when the file is too short.
static const uint8_t *take(reader *in, size_t size) {
    if ((size_t)(in->end - in->at) < size) {
        fprintf(stderr, "goldens end too early\n");
        exit(2);
    }
    in->at += size;
    return in->at - size;
}

static uint32_t take_u32(reader *in) {
    const uint8_t *b = take(in, 4);
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

typedef struct golden {
    unsigned kind;
    uint32_t max_length, length, length2, total, count;
    const uint8_t *first, *second;
    const uint8_t *ids;    // [count], two bytes each
    const uint8_t *types;  // [count], kinds PAIR and SINGLE
} golden;

static golden take_golden(reader *in) {
    golden g = {.kind = *take(in, 1)};
    g.max_length = take_u32(in);
    g.length = take_u32(in);
    g.first = take(in, g.length);
    g.length2 = take_u32(in);
    g.second = take(in, g.length2);
    g.total = take_u32(in);
    g.count = take_u32(in);
    g.ids = take(in, 2 * (size_t)g.count);
    g.types = take(in, g.kind >= PAIR ? g.count : 0);
    return g;
}

static bool same_ids(const golden *g, const uint32_t *ids, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (ids[i] != (uint32_t)(g->ids[2 * i] | g->ids[2 * i + 1] << 8)) {
            return false;
        }
    }
    return true;
}

static bool spans_lie_in(const ec_span *spans, size_t count, size_t length) {
    for (size_t i = 0; i < count; i++) {
        if (spans[i].start >= spans[i].end || spans[i].end > length) {
            return false;
        }
    }
    return true;
}

static bool check_tokenize(const fixture *f, const golden *g) {
    const ec_vocab *vocab = g->kind == CASED ? f->cased : f->uncased;
    const char *text = guarded_copy(&f->first, g->first, g->length);
    uint32_t *ids = guarded_last(&f->ids, g->count * sizeof *ids);
    ec_span *spans = guarded_last(&f->spans, g->count * sizeof *spans);
    bool ok = ec_tokenize_spans(vocab, text, g->length, ids, spans, g->count) == g->total &&
              same_ids(g, ids, g->count) && spans_lie_in(spans, g->count, g->length);
    const size_t half = g->count / 2;
    ids = guarded_last(&f->ids, half * sizeof *ids);
    ok = ok && ec_tokenize(vocab, text, g->length, ids, half) == g->total;
    return ok && same_ids(g, ids, half);
}

static bool check_encode(const fixture *f, const golden *g) {
    const char *first = guarded_copy(&f->first, g->first, g->length);
    const char *second = guarded_copy(&f->second, g->second, g->length2);
    uint32_t *ids = guarded_last(&f->ids, g->max_length * sizeof *ids);
    uint8_t *types = guarded_last(&f->types, g->max_length);
    const size_t total =
        ec_encode_pair(f->uncased, first, g->length, g->kind == PAIR ? second : NULL, g->length2,
                       ids, types, g->max_length);
    return total == g->total && g->count == (total < g->max_length ? total : g->max_length) &&
           same_ids(g, ids, g->count) && memcmp(types, g->types, g->count) == 0;
}

static void test_goldens(const fixture *f, const char *path) {
    size_t size = 0;
    char *bytes = read_file(path, &size);
    const char *line_end = memchr(bytes, '\n', size);
    if (EC_CHECK(line_end != NULL)) {
        reader in = {(const uint8_t *)line_end + 1, (const uint8_t *)bytes + size};
        unsigned number = 0;
        for (; in.at < in.end; number++) {
            const golden g = take_golden(&in);
            char name[32];
            snprintf(name, sizeof name, "golden %u", number);
            EC_CHECK_CASE(g.kind >= PAIR ? check_encode(f, &g) : check_tokenize(f, &g), name);
        }
        EC_CHECK(number >= 5000);
    }
    free(bytes);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: test_tokenizer VOCAB GOLDENS\n");
        return 2;
    }
    size_t length = 0;
    char *file = read_file(argv[1], &length);
    const guarded text = guarded_new(length);
    const char *vocabulary = guarded_copy(&text, file, length);
    free(file);
    const fixture f = {.uncased = new_vocab(vocabulary, length, true, NULL),
                       .cased = new_vocab(vocabulary, length, false, NULL),
                       .first = guarded_new(TEXT_MAX),
                       .second = guarded_new(TEXT_MAX),
                       .ids = guarded_new(TEXT_MAX * sizeof(uint32_t)),
                       .spans = guarded_new(TEXT_MAX * sizeof(ec_span)),
                       .types = guarded_new(TEXT_MAX)};
    if (EC_CHECK(f.uncased != NULL && f.cased != NULL)) {
        EC_CHECK_EQUAL(ec_vocab_count(f.uncased), 30522);
        EC_CHECK_EQUAL(ec_vocab_special_ids(f.uncased).pad, PAD);
        test_spans(&f);
        test_long_words(&f);
        test_encode(&f);
        test_goldens(&f, argv[2]);
    }
    test_utf8();
    test_unicode();
    test_vocab();
    test_order();
    test_bad_vocab();
    return ec_test_result();
}
