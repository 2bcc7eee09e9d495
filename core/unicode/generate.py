#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes core/src/unicode_tables.c by asking the released Hugging Face `tokenizers` library how its
BERT normalizer and pre-tokenizer treat every code point.

    generate.py            writes the file
    generate.py --check    exits 1 when writing would change anything

The library mixes Unicode data of several ages (unassigned and young characters are treated in
three different ways), so no Unicode version of ours would give the same tokens: the library itself
is the source. Every property is probed for one code point at a time; that the properties suffice
for whole strings is what tests/tokenizer/compare.py checks.
"""
import functools
import pathlib
import sys

import tokenizers
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

PINNED = "0.23.3"
OUTPUT = pathlib.Path(__file__).resolve().parents[1] / "src" / "unicode_tables.c"

# Values of ec_char_class in core/src/unicode.h.
LETTER, REMOVED, SPACE, CJK, PUNCTUATION, MARK_BARRIER, MARK, COMBINING = range(8)
CLASS_END = 0x30000   # the class trie covers [0, CLASS_END), a list of ranges the rest
CLASS_BLOCK = 64
FOLD_BLOCK = 32       # the fold trie covers the basic plane
SEQUENCE = 0xD800     # fold trie value: look in the sequence list (no character has this value)
COMPAT = range(0x2F800, 0x2FA20)
HANGUL = range(0xAC00, 0xAC00 + 11172)
EARLY, LATE = "\U0001D165", "\U0001D16D"  # two combining characters, NFD puts EARLY before LATE

def normalizer(clean, cjk, strip, lower):
    return BertNormalizer(clean_text=clean, handle_chinese_chars=cjk, strip_accents=strip,
                          lowercase=lower).normalize_str

clean_text = normalizer(True, False, False, False)
space_cjk = normalizer(False, True, False, False)
strip_accents = normalizer(False, False, True, False)
fold_text = normalizer(True, False, None, True)
split = BertPreTokenizer().pre_tokenize_str

def code_points():
    return (c for c in range(0x110000) if not 0xD800 <= c < 0xE000)

def classify(c):
    """The ec_char_class of a code point."""
    char = chr(c)
    cleaned, stripped = clean_text(char), strip_accents(char)
    is_punctuation = len(split("a" + char + "a")) == 3
    kind = LETTER
    if cleaned == "":
        kind = REMOVED
    elif cleaned == " ":
        kind = SPACE
    elif len(space_cjk(char)) == 3:
        kind = CJK
    elif stripped == "":
        # A mark that is dropped after reordering still decides what may pass it.
        kind = MARK if strip_accents("a" + LATE + char + EARLY) == "a" + EARLY + LATE \
            else MARK_BARRIER
    elif stripped == char and strip_accents("a" + LATE + char + EARLY) != "a" + LATE + char + EARLY:
        kind = COMBINING
    if is_punctuation:
        assert kind in (LETTER, SPACE), hex(c)
        kind = PUNCTUATION if kind == LETTER else kind
    return kind

def fold(c, kind):
    """NFD without Mn, lower-cased: the characters that a letter becomes."""
    if kind in (REMOVED, SPACE, MARK, MARK_BARRIER):
        return [c]
    out = [ord(x) for x in fold_text(chr(c))]
    assert 1 <= len(out) <= 3, hex(c)
    return out

def check_folds(classes, folds):
    dropped = (REMOVED, SPACE, MARK, MARK_BARRIER)
    for c, out in folds.items():
        for o in out if classes[c] not in dropped else []:
            assert classes[o] not in dropped, hex(c)
            assert classes[o] != CJK or classes[c] == CJK, hex(c)
        assert classes[c] != CJK or len(out) == 1, hex(c)
        assert classes[c] != COMBINING or out == [c], hex(c)
        assert len(out) <= len(chr(c).encode("utf-8")), hex(c)  # so no more tokens than bytes

def check_hangul(folds):
    for c in HANGUL:
        i = c - HANGUL.start
        jamo = [0x1100 + i // 588, 0x1161 + i % 588 // 28, 0x11A7 + i % 28]
        assert folds[c] == (jamo if i % 28 else jamo[:2]), hex(c)

def swapped(a, b):
    """Does canonical ordering put b before a in the sequence a, b?"""
    return strip_accents("a" + chr(a) + chr(b)) == "a" + chr(b) + chr(a)

def combining_ranks(classes):
    """{code point: rank}: the order of canonical combining classes, counted from 1."""
    marks = [c for c, kind in classes.items() if kind == COMBINING]
    order = sorted(marks, key=functools.cmp_to_key(
        lambda a, b: 1 if swapped(a, b) else -1 if swapped(b, a) else 0))
    ranks, rank = {}, 1
    for i, c in enumerate(order):
        rank += i > 0 and swapped(c, order[i - 1])
        ranks[c] = rank
    for a in marks:
        for b in marks:
            assert a == b or swapped(a, b) == (ranks[a] > ranks[b]), (hex(a), hex(b))
    return dict(sorted(ranks.items()))

def trie(values, size):
    """(index, blocks): value of c is blocks[index[c // size]][c % size]."""
    blocks, index = {}, []
    for start in range(0, len(values), size):
        index.append(blocks.setdefault(tuple(values[start:start + size]), len(blocks)))
    assert len(blocks) <= 256
    return index, list(blocks)

def runs(pairs):
    """[(first, last, value)] of sorted (code point, value) pairs."""
    out = []
    for c, value in pairs:
        if out and out[-1][1] == c - 1 and out[-1][2] == value:
            out[-1] = (out[-1][0], c, value)
        else:
            out.append((c, c, value))
    return out

def array(declaration, items, width=100):
    lines, line = [], "   "
    for item in items:
        if len(line) + len(item) + 2 > width:
            lines.append(line)
            line = "   "
        line += " " + item + ","
    return "const %s = {\n%s\n};\n" % (declaration, "\n".join(lines + [line]))

def count(name, items):
    return "const size_t %s = %d;\n" % (name, len(items))

def class_tables(classes):
    values = [classes.get(c, LETTER) for c in range(CLASS_END)]
    index, blocks = trie(values, CLASS_BLOCK)
    packed = [b[i] | b[i + 1] << 4 for b in blocks for i in range(0, CLASS_BLOCK, 2)]
    high = runs((c, kind) for c, kind in classes.items() if c >= CLASS_END and kind != LETTER)
    size = len(index) + len(packed) + 12 * len(high)
    return size, [
        "// Class of c < 0x30000: half byte c % 64 of the block that class_index[c / 64] names.\n",
        array("uint8_t ec_unicode_class_index[%d]" % len(index), map(str, index)),
        array("uint8_t ec_unicode_class_blocks[%d]" % len(packed), map("0x%02X".__mod__, packed)),
        "// Classes of c >= 0x30000 that are not EC_CHAR_LETTER: first, last, class.\n",
        count("ec_unicode_high_class_count", high),
        array("ec_unicode_range ec_unicode_high_classes[]",
              ("{0x%X, 0x%X, %d}" % r for r in high))]

def fold_tables(folds):
    changed = {c: out for c, out in folds.items() if out != [c] and c not in HANGUL}
    fits = lambda c, out: len(out) == 1 and (c in COMPAT or c > 0xFFFF or out[0] < 0x10000)
    sequences = {c: out for c, out in changed.items() if not fits(c, out)}
    basic = [0] * 0x10000
    for c, out in changed.items():
        if c < 0x10000:
            basic[c] = SEQUENCE if c in sequences else out[0]
    index, blocks = trie(basic, FOLD_BLOCK)
    flat = [value for block in blocks for value in block]
    high = runs((c, out[0] - c) for c, out in changed.items()
                if c > 0xFFFF and c not in COMPAT and c not in sequences)
    compat = [folds[c][0] for c in COMPAT]
    size = len(index) + 2 * len(flat) + 12 * len(high) + 4 * len(compat) + 16 * len(sequences)
    return size, [
        "// What c < 0x10000 folds to: value c % 32 of the block that fold_index[c / 32] names;\n"
        "// 0 is c itself, 0xD800 means that the sequence list has it.\n",
        array("uint8_t ec_unicode_fold_index[%d]" % len(index), map(str, index)),
        array("uint16_t ec_unicode_fold_blocks[%d]" % len(flat), map("0x%X".__mod__, flat)),
        "// Letters above 0xFFFF: first, last, distance to the folded letter.\n",
        count("ec_unicode_high_fold_count", high),
        array("ec_unicode_range ec_unicode_high_folds[]", ("{0x%X, 0x%X, %d}" % r for r in high)),
        "// CJK compatibility ideographs 0x2F800 and following.\n",
        array("uint32_t ec_unicode_compat_folds[%d]" % len(compat), map("0x%X".__mod__, compat)),
        "// Characters that fold to several or, from below 0x10000, to one above: in order.\n",
        count("ec_unicode_sequence_count", sequences),
        array("ec_unicode_sequence ec_unicode_sequences[]",
              ("{0x%X, {%s}}" % (c, ", ".join(map("0x%X".__mod__, out)))
               for c, out in sequences.items()))]

def rank_table(ranks):
    table = runs(ranks.items())
    return 12 * len(table), [
        "// Order of the EC_CHAR_COMBINING characters: first, last, rank.\n",
        count("ec_unicode_rank_count", table),
        array("ec_unicode_range ec_unicode_ranks[]", ("{0x%X, 0x%X, %d}" % r for r in table))]

def newest(markers, known):
    """The newest Unicode version whose marker character the library knows."""
    return [version for version, c in markers if known(chr(c))][-1]

def unicode_versions():
    """Versions of the library's three data sets, told by one character of each version."""
    categories = newest([("6", 0x08F0), ("7", 0x1AB0), ("8", 0x08E3), ("9", 0x08D4),
                         ("10", 0x1DF6), ("11", 0x07FD)], lambda x: strip_accents(x) == "")
    ordering = newest([("8", 0x08E3), ("9", 0x08D4), ("10", 0x1DF6), ("11", 0x07FD),
                       ("12", 0x0EBA), ("13", 0x1ABF), ("14", 0x1AC1), ("15", 0x10EFD),
                       ("16", 0x0897)],
                      lambda x: strip_accents("a" + LATE + x + EARLY).find(EARLY) == 1)
    letters = newest([("8", 0xA7B4), ("9", 0xA7AE), ("11", 0x1C90), ("12", 0xA7BA),
                      ("13", 0xA7C7), ("14", 0xA7C0), ("16", 0xA7CB), ("17", 0xA7CE)],
                     lambda x: fold_text(x) != x)
    return categories, ordering, letters

def generate():
    classes = {c: classify(c) for c in code_points()}
    folds = {c: fold(c, kind) for c, kind in classes.items()}
    check_folds(classes, folds)
    check_hangul(folds)
    ranks = combining_ranks(classes)
    sizes, parts = zip(class_tables(classes), fold_tables(folds), rank_table(ranks))
    header = (
        "// SPDX-License-Identifier: Apache-2.0\n"
        "// GENERATED by core/unicode/generate.py from PyPI tokenizers %s; do not edit.\n"
        "// Unicode data in that library: general categories %s, combining classes %s,\n"
        "// lower case %s. Bytes of tables: %d.\n"
        "#include \"unicode.h\"\n\n"
        % (tokenizers.__version__, *unicode_versions(), sum(sizes)))
    return header + "\n".join("".join(part) for part in parts)

def main():
    if tokenizers.__version__ != PINNED:
        sys.exit("generate.py needs tokenizers %s, found %s" % (PINNED, tokenizers.__version__))
    text = generate()
    if "--check" in sys.argv[1:]:
        same = OUTPUT.exists() and OUTPUT.read_text(encoding="ascii") == text
        print("%s: %s" % (OUTPUT.name, "up to date" if same else "differs; run generate.py"))
        return 0 if same else 1
    OUTPUT.write_text(text, encoding="ascii")
    print("%s: %d bytes of source" % (OUTPUT.name, len(text)))
    return 0

if __name__ == "__main__":
    sys.exit(main())
