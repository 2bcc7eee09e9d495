#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""compare.py TOKENIZE_LINES [--count N] [--seed S]

Compares the C tokenizer with the released library on N (200,000) seeded texts, then on every code
point in several surroundings and on every vocabulary piece: ids, spans, truncation, type ids.
Prints the sum, and up to ten of the differences; exits 1 when there is any.

Then all of it (with a quarter of N) once more with a vocabulary in which every character is a piece,
so that normalization shows in the ids where BERT's own vocabulary would say [UNK].

Spans are left out where the library puts combining characters in canonical order and keeps them:
it then gives a character the place of the one that stood there before, ours gives its own.
"""
import argparse
import itertools
import pathlib
import struct
import subprocess
import sys
import tempfile
import unicodedata

import corpus
import reference

BATCH = 20000

def write_character_vocab(path):
    points = [c for c in itertools.chain(range(11, 0x32000), range(0xE0000, 0xE0200))
              if c != 13 and not 0xD800 <= c < 0xE000]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + [chr(c) for c in points] \
        + ["##" + chr(c) for c in points]
    path.write_bytes("".join(piece + "\n" for piece in pieces).encode("utf-8"))

def sweeps(vocab):
    """Every code point: inside a word, alone, after a combining character; every piece."""
    points = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    for i in range(0, len(points), 64):
        for form in ("x%sX ", "%s ", "%s\U0001d16d%s", "a\u0301%s"):
            text = "".join(form.replace("%s", c) for c in points[i:i + 64])
            yield reference.UNCASED, 0, text.encode("utf-8"), b""
        yield reference.CASED, 0, " ".join(points[i:i + 64]).encode("utf-8"), b""
    pieces = list(vocab)
    for i in range(0, len(pieces), 32):
        text = " ".join(pieces[i:i + 32])
        yield reference.UNCASED, 0, text.encode("utf-8"), b""
        yield reference.UNCASED, 0, text.replace("##", "a").encode("utf-8"), b""

def ask(program, path, requests):
    run = subprocess.run([program, str(path)], stdout=subprocess.PIPE, check=True,
                         input=b"".join(map(reference.pack, requests)))
    return run.stdout

def may_reorder(request):
    text = unicodedata.normalize("NFD", request[2].decode("utf-8", errors="replace"))
    return any(unicodedata.combining(c) and reference.keeps(c) for c in text)

def compare(program, path, truth, requests):
    """The requests answered differently: (request, expected, actual)."""
    actual, at, out = ask(program, path, requests), 0, []
    for request in requests:
        n = struct.unpack_from("<I", actual, at + 4)[0]
        size = 8 + n * (5 if request[0] >= reference.PAIR else 12)
        expected = truth.answer(request)
        no_spans = request[0] == reference.UNCASED and may_reorder(request)
        compared = 8 + 4 * n if no_spans else max(size, len(expected))
        if actual[at:at + compared] != expected[:compared]:
            out.append((request, expected, actual[at:at + size]))
        at += size
    assert at == len(actual)
    return out

def compare_all(program, path, count, seed):
    """Prints what differs with this vocabulary; returns the number of differences."""
    truth = reference.Reference(path)
    real = list(reference.read_vocab())
    texts = corpus.Corpus(seed, real)
    source = itertools.chain((texts.request() for _ in range(count)), sweeps(real))
    done = differences = 0
    while batch := list(itertools.islice(source, BATCH)):
        found = compare(program, path, truth, batch)
        for request, expected, actual in found[:max(0, 10 - differences)]:
            print("%r\n  expected %s\n  actual   %s" % (request, expected.hex(), actual.hex()))
        done, differences = done + len(batch), differences + len(found)
        print("%d texts, %d differences" % (done, differences), file=sys.stderr)
    print("%s: %d texts (%d seeded, seed %d, tokenizers %s): %d differences"
          % (path.name, done, count, seed, reference.PINNED, differences))
    return differences

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=200000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    differences = compare_all(arguments.program, reference.VOCAB, arguments.count, arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "characters.txt"
        write_character_vocab(path)
        differences += compare_all(arguments.program, path, arguments.count // 4,
                                   arguments.seed + 1)
    return 1 if differences else 0

if __name__ == "__main__":
    sys.exit(main())
