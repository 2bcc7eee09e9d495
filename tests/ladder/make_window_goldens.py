#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes window_goldens.h: what models/windows.py gives for many lengths.

    make_window_goldens.py            writes the file
    make_window_goldens.py --check    exits 1 when writing would change anything

The token ids of a case are 1000, 1001, ... for the subject and 5000, 5001, ... for the message;
a hash over all ids and token types of all windows stands for them.
"""
import pathlib
import random
import sys
import types

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "models"))
try:
    import tokenizers  # noqa: F401
except ImportError:  # Reader.windows() needs none of it
    sys.modules["tokenizers"] = types.SimpleNamespace(BertWordPieceTokenizer=None)
import windows  # noqa: E402

OUTPUT = HERE / "window_goldens.h"


def fnv(hash_, value):
    for byte in value.to_bytes(4, "little"):
        hash_ = (hash_ ^ byte) * 16777619 & 0xFFFFFFFF
    return hash_


def golden(subject, message, max_tokens):
    reader = types.SimpleNamespace(cls=101, sep=102, max_tokens=max_tokens, message_type=1)
    found = windows.Reader.windows(reader, list(range(1000, 1000 + subject)),
                                   list(range(5000, 5000 + message)))
    hash_ = 2166136261
    for ids, token_types in found:
        assert len(ids) == len(token_types) == len(found[0][0]) <= max_tokens
        for id_, type_ in zip(ids, token_types):
            hash_ = fnv(fnv(hash_, id_), type_)
    return (f"    {{{subject}, {message}, {max_tokens}, {len(found)}, {len(found[0][0])}, "
            f"0x{hash_:08x}u}},")


def cases():
    rng = random.Random(1)
    for subject in (0, 1, 7, 100, 253, 254, 255, 800):
        room = 512 - 3 - min(subject, 254)
        edges = [room + k * (room - 64) for k in range(4)]
        for message in sorted({0, 1, 10, 5000, 20000} | {e + d for e in edges for d in (-1, 0, 1)}):
            yield subject, message, 512
    for max_tokens in (8, 9, 16, 31, 32, 64, 128, 255, 256, 512, 1024):
        for _ in range(12):
            yield rng.randrange(0, max_tokens), rng.randrange(0, 6 * max_tokens), max_tokens


def text():
    rows = "\n".join(golden(*case) for case in cases())
    return f"""// SPDX-License-Identifier: Apache-2.0
// Written by make_window_goldens.py from models/windows.py.
#ifndef EC_WINDOW_GOLDENS_H
#define EC_WINDOW_GOLDENS_H

#include <stdint.h>

typedef struct window_golden {{
    uint32_t subject, message, max_tokens;  // tokens
    uint32_t windows, tokens;               // tokens of each window
    uint32_t hash;
}} window_golden;

static const window_golden window_goldens[] = {{
{rows}
}};

#endif
"""


def main():
    new = text()
    if "--check" in sys.argv[1:]:
        same = OUTPUT.exists() and OUTPUT.read_text(encoding="utf-8") == new
        sys.exit(0 if same else "window_goldens.h is out of date")
    OUTPUT.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
