#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes goldens/goldens.bin: requests, each followed by the answer of the released library
(PyPI tokenizers, version in reference.PINNED), framed as reference.py says, except that spans are
left out to save room (compare.py checks them). First a line of text that names the contents.

    make_goldens.py            writes the file
    make_goldens.py --check    exits 1 when writing would change anything
"""
import hashlib
import pathlib
import struct
import sys

import corpus
import reference

COUNT = 5200
SEED = 20240501
OUTPUT = pathlib.Path(__file__).resolve().parent / "goldens" / "goldens.bin"

def requests(vocab):
    """Every snippet and bad byte sequence by itself, then a seeded mixture."""
    for text in corpus.SNIPPETS + corpus.SENTENCES + corpus.SUBJECTS:
        yield reference.UNCASED, 0, text.encode("utf-8"), b""
    for data in corpus.INVALID:
        yield reference.UNCASED, 0, b"a" + data + b"b", b""
        yield reference.UNCASED, 0, data, b""
    yield reference.UNCASED, 0, b"", b""
    yield reference.PAIR, 3, b"", b""
    yield reference.SINGLE, 2, b"hello", b""
    mixture = corpus.Corpus(SEED, list(vocab))
    while True:
        yield mixture.request()

def compact(request, answer):
    """The answer with ids in two bytes; spans left out."""
    total, n = struct.unpack_from("<II", answer)
    ids = struct.unpack_from("<%dI" % n, answer, 8)
    types = answer[8 + 4 * n:] if request[0] >= reference.PAIR else b""
    return struct.pack("<II%dH" % n, total, n, *ids) + types

def generate():
    truth = reference.Reference()
    digest = hashlib.sha256(reference.VOCAB.read_bytes()).hexdigest()
    out = [("ec-tokenizer-goldens 1, tokenizers %s, vocab.txt %s, %d records\n"
            % (reference.PINNED, digest, COUNT)).encode("ascii")]
    for _, request in zip(range(COUNT), requests(reference.read_vocab())):
        out.append(reference.pack(request) + compact(request, truth.answer(request)))
    return b"".join(out)

def main():
    data = generate()
    if "--check" in sys.argv[1:]:
        same = OUTPUT.exists() and OUTPUT.read_bytes() == data
        print("%s: %s" % (OUTPUT.name, "up to date" if same else "differs; run make_goldens.py"))
        return 0 if same else 1
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_bytes(data)
    print("%s: %d records, %d bytes" % (OUTPUT.name, COUNT, len(data)))
    return 0

if __name__ == "__main__":
    sys.exit(main())
