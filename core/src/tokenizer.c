// SPDX-License-Identifier: Apache-2.0
#include "tokenizer.h"

#include <string.h>

#include "error.h"
#include "unicode.h"
#include "utf8.h"

// ---------------------------------------------------------------------------- vocabulary

// The index is a hash table with linear probing. A slot is the id of a piece with eight more bits
// of its hash on top, so that most collisions are told apart without reading the text.
enum { ID_BITS = 24 };
#define ID_MASK 0xFFFFFFu
#define SLOT_EMPTY UINT32_MAX
#define NO_PIECE UINT32_MAX

struct ec_vocab {
    const char *text;
    const uint32_t *starts;  // [count + 1], byte offset of each line; the last is one past the end
    const uint32_t *slots;   // [slot_count]
    uint32_t count;
    uint32_t slot_count;
    uint32_t longest;  // bytes of the longest piece
    ec_special_ids special;
    bool lower_case;
};

// A piece asked for: bytes, after "##" when it continues a word.
typedef struct piece_key {
    const char *bytes;
    size_t length;
    bool continues;
} piece_key;

static const char CONTINUES[2] = {'#', '#'};

// FNV-1a: the hash of a prefix is the state on the way to the hash of the whole, so that all
// prefixes of a word cost one pass.
#define HASH_START 2166136261u

static uint32_t hash_add(uint32_t hash, const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (uint8_t)bytes[i]) * 16777619u;
    }
    return hash;
}

// Spreads FNV's state over all bits: the top ones choose the slot, the low eight are its tag.
static uint32_t hash_finish(uint32_t hash) {
    hash ^= hash >> 16;
    hash *= 0x7FEB352Du;
    return hash ^ hash >> 15;
}

static uint32_t hash_slot(uint32_t finished, uint32_t slot_count) {
    return (uint32_t)((uint64_t)finished * slot_count >> 32);
}

// Number of pieces, 0 when the text is unusable. A line ends before LF or CR LF; the last one may
// lack its end.
static uint32_t count_pieces(const char *text, size_t length) {
    if (text == NULL || length == 0 || length >= UINT32_MAX) {
        return 0;
    }
    uint32_t lines = text[length - 1] != '\n';
    for (size_t i = 0; i < length; i++) {
        lines += text[i] == '\n';
    }
    return lines <= EC_VOCAB_MAX ? lines : 0;
}

static uint32_t slots_for(uint32_t count) {
    return count + count / 3 + 1;  // three quarters full
}

static size_t memory_for(uint32_t count) {
    const size_t words = (size_t)count + 1 + slots_for(count);
    return count == 0 ? 0 : sizeof(struct ec_vocab) + words * sizeof(uint32_t);
}

size_t ec_vocab_size(const char *text, size_t length) {
    return memory_for(count_pieces(text, length));
}

const char *ec_vocab_piece(const ec_vocab *vocab, uint32_t id, size_t *length) {
    *length = 0;
    if (id >= vocab->count) {
        return NULL;
    }
    const char *start = vocab->text + vocab->starts[id];
    size_t size = vocab->starts[id + 1] - vocab->starts[id] - 1;
    if (size > 0 && start[size - 1] == '\r') {
        size--;
    }
    *length = size;
    return start;
}

static bool is_piece(const ec_vocab *vocab, uint32_t id, const piece_key *key) {
    size_t length = 0;
    const char *piece = ec_vocab_piece(vocab, id, &length);
    const size_t prefix = key->continues ? sizeof CONTINUES : 0;
    return length == prefix + key->length && memcmp(piece, CONTINUES, prefix) == 0 &&
           memcmp(piece + prefix, key->bytes, key->length) == 0;
}

// The slot that holds the piece, or the empty slot where it belongs.
static uint32_t find_slot(const ec_vocab *vocab, uint32_t finished, const piece_key *key) {
    const uint32_t tag = finished << ID_BITS;
    uint32_t at = hash_slot(finished, vocab->slot_count);
    for (;;) {
        const uint32_t slot = vocab->slots[at];
        if (slot == SLOT_EMPTY) {
            return at;
        }
        if ((slot & ~ID_MASK) == tag && is_piece(vocab, slot & ID_MASK, key)) {
            return at;
        }
        at = at + 1 < vocab->slot_count ? at + 1 : 0;
    }
}

static uint32_t find_piece(const ec_vocab *vocab, uint32_t finished, const piece_key *key) {
    const uint32_t slot = vocab->slots[find_slot(vocab, finished, key)];
    return slot == SLOT_EMPTY ? NO_PIECE : slot & ID_MASK;
}

// Fills starts (vocab->starts) with the offsets of all lines.
static void index_lines(const ec_vocab *vocab, uint32_t *starts, size_t length) {
    size_t at = 0;
    for (uint32_t id = 0; id < vocab->count; id++) {
        starts[id] = (uint32_t)at;
        const char *end = memchr(vocab->text + at, '\n', length - at);
        at = end != NULL ? (size_t)(end - vocab->text) + 1 : length + 1;
    }
    starts[vocab->count] = (uint32_t)at;
}

// Fills slots (vocab->slots) with all pieces; a later equal piece replaces the earlier.
static void index_pieces(ec_vocab *vocab, uint32_t *slots) {
    memset(slots, 0xFF, vocab->slot_count * sizeof *slots);
    for (uint32_t id = 0; id < vocab->count; id++) {
        piece_key key = {.continues = false};
        key.bytes = ec_vocab_piece(vocab, id, &key.length);
        const uint32_t finished = hash_finish(hash_add(HASH_START, key.bytes, key.length));
        slots[find_slot(vocab, finished, &key)] = finished << ID_BITS | id;
        if (key.length > vocab->longest) {
            vocab->longest = (uint32_t)key.length;
        }
    }
}

static ec_status find_special(const ec_vocab *vocab, const char *piece, uint32_t *id,
                              ec_error *error) {
    const piece_key key = {.bytes = piece, .length = strlen(piece)};
    *id = find_piece(vocab, hash_finish(hash_add(HASH_START, key.bytes, key.length)), &key);
    if (*id == NO_PIECE) {
        return ec_fail(error, EC_ERROR_BUNDLE, "vocabulary", 0, "The vocabulary has no piece %s.",
                       piece);
    }
    return EC_OK;
}

static ec_status find_specials(ec_vocab *vocab, ec_error *error) {
    EC_RETURN_IF_ERROR(find_special(vocab, "[PAD]", &vocab->special.pad, error));
    EC_RETURN_IF_ERROR(find_special(vocab, "[UNK]", &vocab->special.unk, error));
    EC_RETURN_IF_ERROR(find_special(vocab, "[CLS]", &vocab->special.cls, error));
    return find_special(vocab, "[SEP]", &vocab->special.sep, error);
}

ec_status ec_vocab_init(ec_vocab **vocab, void *memory, size_t memory_size, const char *text,
                        size_t length, bool lower_case, ec_error *error) {
    const uint32_t count = count_pieces(text, length);
    if (count == 0) {
        return ec_fail(error, EC_ERROR_BUNDLE, "vocabulary", 0,
                       "The vocabulary is empty or too large.");
    }
    if (memory == NULL || memory_size < memory_for(count) ||
        (uintptr_t)memory % EC_VOCAB_ALIGNMENT != 0) {
        return ec_fail(error, EC_ERROR_ARGUMENT, "vocabulary", 0,
                       "The memory for the vocabulary is too small or not aligned.");
    }
    ec_vocab *self = memory;
    uint32_t *starts = (uint32_t *)(self + 1);
    uint32_t *slots = starts + count + 1;
    *self = (ec_vocab){.text = text,
                       .starts = starts,
                       .slots = slots,
                       .count = count,
                       .slot_count = slots_for(count),
                       .lower_case = lower_case};
    index_lines(self, starts, length);
    index_pieces(self, slots);
    EC_RETURN_IF_ERROR(find_specials(self, error));
    *vocab = self;
    return EC_OK;
}

uint32_t ec_vocab_count(const ec_vocab *vocab) { return vocab->count; }

ec_special_ids ec_vocab_special_ids(const ec_vocab *vocab) { return vocab->special; }

// ---------------------------------------------------------------------------- words

// The word being read. Characters beyond EC_WORD_MAX only count: the word is [UNK] then.
typedef struct word_buffer {
    uint32_t chars[EC_WORD_MAX];
    ec_span spans[EC_WORD_MAX];
    size_t length;
    size_t barrier;  // combining characters are not moved before this place
    ec_span span;    // of the whole word
} word_buffer;

// Where ids go, and the word that is not finished yet.
typedef struct tokenizer {
    const ec_vocab *vocab;
    uint32_t *ids;
    ec_span *spans;
    size_t capacity;
    size_t count;
    word_buffer word;
} tokenizer;

static void emit(tokenizer *self, uint32_t id, ec_span span) {
    if (self->count < self->capacity) {
        self->ids[self->count] = id;
        if (self->spans != NULL) {
            self->spans[self->count] = span;
        }
    }
    self->count++;
}

// A word as UTF-8; character i is bytes[ends[i - 1]..ends[i]).
typedef struct encoded_word {
    char bytes[4 * EC_WORD_MAX];
    uint16_t ends[EC_WORD_MAX];
} encoded_word;

static void encode_word(const word_buffer *word, encoded_word *out) {
    size_t size = 0;
    for (size_t i = 0; i < word->length; i++) {
        size += ec_utf8_encode(word->chars[i], out->bytes + size);
        out->ends[i] = (uint16_t)size;
    }
}

// The longest piece that the characters from `first` on begin with. Returns its id and sets *end
// to the character after it; NO_PIECE when there is none.
static uint32_t longest_piece(const ec_vocab *vocab, const encoded_word *text, size_t length,
                              size_t first, size_t *end) {
    uint32_t hashes[EC_WORD_MAX];  // of the characters first..i
    const size_t start = first > 0 ? text->ends[first - 1] : 0;
    piece_key key = {.bytes = text->bytes + start, .continues = first > 0};
    const size_t prefix = key.continues ? sizeof CONTINUES : 0;
    uint32_t hash = hash_add(HASH_START, CONTINUES, prefix);
    size_t stop = first;
    for (size_t at = start; stop < length; at = text->ends[stop++]) {
        if (text->ends[stop] - start + prefix > vocab->longest) {
            break;
        }
        hash = hash_add(hash, text->bytes + at, text->ends[stop] - at);
        hashes[stop] = hash;
    }
    for (; stop > first; stop--) {
        key.length = text->ends[stop - 1] - start;
        const uint32_t id = find_piece(vocab, hash_finish(hashes[stop - 1]), &key);
        if (id != NO_PIECE) {
            *end = stop;
            return id;
        }
    }
    return NO_PIECE;
}

// Splits the word into pieces, the longest first: their ids, and for each the character after it.
// Returns the number of pieces; 0 when the word is too long or a part of it matches no piece.
static size_t split_word(const ec_vocab *vocab, const word_buffer *word, uint32_t *ids,
                         size_t *ends) {
    if (word->length > EC_WORD_MAX) {
        return 0;
    }
    encoded_word text;
    encode_word(word, &text);
    size_t pieces = 0;
    for (size_t first = 0; first < word->length; first = ends[pieces++]) {
        ids[pieces] = longest_piece(vocab, &text, word->length, first, &ends[pieces]);
        if (ids[pieces] == NO_PIECE) {
            return 0;
        }
    }
    return pieces;
}

// The bytes that characters first..end of the word came from.
static ec_span span_of(const word_buffer *word, size_t first, size_t end) {
    ec_span span = word->spans[first];
    for (size_t i = first + 1; i < end; i++) {
        span.start = word->spans[i].start < span.start ? word->spans[i].start : span.start;
        span.end = word->spans[i].end > span.end ? word->spans[i].end : span.end;
    }
    return span;
}

// Ends the word, if there is one, with its pieces or one [UNK].
static void flush_word(tokenizer *self) {
    word_buffer *word = &self->word;
    if (word->length > 0) {
        uint32_t ids[EC_WORD_MAX];
        size_t ends[EC_WORD_MAX];
        const size_t pieces = split_word(self->vocab, word, ids, ends);
        if (pieces == 0) {
            emit(self, self->vocab->special.unk, word->span);
        }
        for (size_t i = 0, first = 0; i < pieces; first = ends[i++]) {
            emit(self, ids[i], span_of(word, first, ends[i]));
        }
    }
    word->length = 0;
    word->barrier = 0;
}

// Appends a character; combining ones go to their place in canonical order.
static void push_char(word_buffer *word, uint32_t c, ec_char_class class, ec_span span) {
    if (word->length == 0) {
        word->span = span;
    }
    word->span.end = span.end;
    if (word->length >= EC_WORD_MAX) {
        word->length = EC_WORD_MAX + 1;
        return;
    }
    size_t at = word->length++;
    if (class == EC_CHAR_COMBINING) {
        const uint32_t rank = ec_unicode_rank(c);
        for (; at > word->barrier && ec_unicode_rank(word->chars[at - 1]) > rank; at--) {
            word->chars[at] = word->chars[at - 1];
            word->spans[at] = word->spans[at - 1];
        }
    } else {
        word->barrier = word->length;
    }
    word->chars[at] = c;
    word->spans[at] = span;
}

// ---------------------------------------------------------------------------- characters

// A character after folding: punctuation is a word of its own, all else continues the word.
static void add_folded(tokenizer *self, uint32_t c, ec_char_class class, ec_span span) {
    if (class == EC_CHAR_PUNCTUATION || class == EC_CHAR_CJK) {
        flush_word(self);
        push_char(&self->word, c, class, span);
        flush_word(self);
    } else {
        push_char(&self->word, c, class, span);
    }
}

static void add_ascii(tokenizer *self, uint32_t c, ec_span span) {
    const ec_char_class class = ec_unicode_class(c);
    if (class == EC_CHAR_SPACE) {
        flush_word(self);
    } else if (class != EC_CHAR_REMOVED) {
        const bool upper = c >= 'A' && c <= 'Z';
        add_folded(self, upper && self->vocab->lower_case ? c + 32 : c, class, span);
    }
}

// An uncased model's character. An ideograph is set apart before it is folded, so what it folds to
// is never looked at; all other results are judged by their own class.
static void add_uncased(tokenizer *self, uint32_t c, ec_char_class class, ec_span span) {
    uint32_t folded[EC_FOLD_MAX];
    const size_t count = ec_unicode_fold(c, folded);
    for (size_t i = 0; i < count; i++) {
        const bool same = class == EC_CHAR_CJK || folded[i] == c;
        add_folded(self, folded[i], same ? class : ec_unicode_class(folded[i]), span);
    }
}

static void add_char(tokenizer *self, uint32_t c, ec_span span) {
    const ec_char_class class = ec_unicode_class(c);
    if (class == EC_CHAR_REMOVED) {
        return;
    }
    if (class == EC_CHAR_SPACE) {
        flush_word(self);
    } else if (!self->vocab->lower_case) {
        // Cased models keep marks, in the order in which they came.
        add_folded(self, c, class == EC_CHAR_COMBINING ? EC_CHAR_LETTER : class, span);
    } else if (class == EC_CHAR_MARK_BARRIER) {
        self->word.barrier = self->word.length;
    } else if (class != EC_CHAR_MARK) {
        add_uncased(self, c, class, span);
    }
}

size_t ec_tokenize_spans(const ec_vocab *vocab, const char *text, size_t length, uint32_t *ids,
                         ec_span *spans, size_t capacity) {
    tokenizer self;
    self.vocab = vocab;
    self.ids = ids;
    self.spans = spans;
    self.capacity = capacity;
    self.count = 0;
    self.word.length = 0;
    self.word.barrier = 0;
    for (size_t at = 0; at < length;) {
        uint32_t c = 0;
        const size_t size = ec_utf8_decode(text + at, length - at, &c);
        const ec_span span = {at, at + size};
        if (c < 0x80) {
            add_ascii(&self, c, span);
        } else {
            add_char(&self, c, span);
        }
        at += size;
    }
    flush_word(&self);
    return self.count;
}

size_t ec_tokenize(const ec_vocab *vocab, const char *text, size_t length, uint32_t *ids,
                   size_t capacity) {
    return ec_tokenize_spans(vocab, text, length, ids, NULL, capacity);
}

// ---------------------------------------------------------------------------- pairs

static size_t min_size(size_t a, size_t b) { return a < b ? a : b; }

// Tokens of the first text that are kept when both must fit into `room`; the second text gets
// the rest. When both are longer than half, the longer one gets the odd token.
static size_t keep_first(size_t first, size_t second, size_t room) {
    if (first + second <= room) {
        return first;
    }
    const size_t shorter = min_size(first, second);
    const size_t kept = min_size(shorter, room / 2);
    return first > second ? room - kept : kept;
}

static size_t encode_one(const ec_vocab *vocab, const char *text, size_t length, uint32_t *ids,
                         uint8_t *type_ids, size_t max_length) {
    if (max_length < 2) {
        return ec_tokenize(vocab, text, length, NULL, 0) + 2;
    }
    const size_t count = ec_tokenize(vocab, text, length, ids + 1, max_length - 2);
    const size_t kept = min_size(count, max_length - 2);
    ids[0] = vocab->special.cls;
    ids[kept + 1] = vocab->special.sep;
    if (type_ids != NULL) {
        memset(type_ids, 0, kept + 2);
    }
    return count + 2;
}

size_t ec_encode_pair(const ec_vocab *vocab, const char *first, size_t first_length,
                      const char *second, size_t second_length, uint32_t *ids, uint8_t *type_ids,
                      size_t max_length) {
    if (second == NULL) {
        return encode_one(vocab, first, first_length, ids, type_ids, max_length);
    }
    if (max_length < 3) {
        return ec_tokenize(vocab, first, first_length, NULL, 0) +
               ec_tokenize(vocab, second, second_length, NULL, 0) + 3;
    }
    const size_t room = max_length - 3;
    const size_t count1 = ec_tokenize(vocab, first, first_length, ids + 1, room);
    size_t kept1 = min_size(count1, room);
    const size_t count2 = ec_tokenize(vocab, second, second_length, ids + kept1 + 2, room - kept1);
    if (count1 + count2 > room) {
        // The second text may come to lie further to the front: write it again there.
        kept1 = keep_first(count1, count2, room);
        ec_tokenize(vocab, second, second_length, ids + kept1 + 2, room - kept1);
    }
    const size_t kept2 = min_size(count2, room - kept1);
    ids[0] = vocab->special.cls;
    ids[kept1 + 1] = vocab->special.sep;
    ids[kept1 + kept2 + 2] = vocab->special.sep;
    if (type_ids != NULL) {
        memset(type_ids, 0, kept1 + 2);
        memset(type_ids + kept1 + 2, 1, kept2 + 1);
    }
    return count1 + count2 + 3;
}
