#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Converts random Hugging Face checkpoints of many shapes and compares the answers with those of
transformers: the check of test_round_trip.c on more than the committed ones. Some minutes.

  tests/parity/compare_transformers.py build/native/tests/parity/test_round_trip [NAME...]

Columns: inputs on which the core's sums are exactly those of the reference; largest difference of
logits between the bundle's weights in float and transformers with weights rounded alike; largest
difference of scores between the int8 core and transformers in float, weights not rounded. (Random
networks amplify rounding far more than trained ones, the more so the deeper they are.)
"""
import pathlib
import subprocess
import sys
import tempfile

import torch
from checkpoints import Shape, save

# name, layers, hidden, heads, intermediate, labels
SHAPES = [
    Shape("smallest", 1, 8, 1, 8, 1, token_types=1),
    Shape("two-layers", 2, 128, 2, 512, 2),  # BERT tiny
    Shape("two-layers-cased", 2, 128, 2, 512, 3, cased=True, dtype=torch.float16),
    Shape("three-heads", 3, 48, 3, 96, 5, token_types=1),
    Shape("four-layers", 4, 312, 12, 1200, 7),  # TinyBERT
    Shape("five-cased", 5, 104, 13, 136, 20, cased=True, extra_rows=3),
    Shape("MiniLM", 6, 384, 12, 1536, 77),
    Shape("MiniLM-cased", 6, 384, 12, 1536, 6, cased=True, token_types=1, dtype=torch.bfloat16),
    Shape("narrow", 6, 64, 1, 8, 4, positions=128),
    Shape("wide", 3, 64, 8, 1000, 256, cased=True, old_names=True),
    Shape("one-wide-head", 2, 256, 1, 256, 3),
    Shape("heads-of-one", 2, 16, 16, 64, 3),
    Shape("three-types", 4, 96, 6, 384, 9, token_types=3, extra_rows=1, vocab_txt=True),
    Shape("many-types-cased", 2, 96, 6, 384, 9, token_types=16, cased=True),
    Shape("BERT-base", 12, 768, 12, 3072, 6, positions=96),
    Shape("BERT-base-cased", 12, 768, 12, 3072, 2, cased=True, positions=96,
          dtype=torch.float16),
    Shape("deep", 24, 128, 4, 512, 6),
    Shape("deep-cased", 24, 64, 2, 152, 31, cased=True, token_types=1),
]


def compare(program, shape):
    """Prints a row; whether all checks held."""
    with tempfile.TemporaryDirectory() as folder:
        save(shape, pathlib.Path(folder))
        run = subprocess.run([program, "--print", folder], capture_output=True, text=True)
    exact, count, weights_off, _, score_off = run.stdout.split("\n")[0].split()
    kind = "cased" if shape.cased else "uncased"
    print(f"{shape.name:16} {shape.layers:6} {shape.hidden:6} {shape.heads:5} "
          f"{shape.intermediate:12} {shape.labels:6} {shape.token_types:5} {kind:7} "
          f"{str(shape.dtype)[6:]:8} {exact + ' of ' + count:>8} {weights_off:>8} {score_off:>8}"
          f"{'' if run.returncode == 0 else '  FAILED'}\n{run.stderr}", end="", flush=True)
    return run.returncode == 0


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    wanted = [s for s in SHAPES if len(sys.argv) == 2 or s.name in sys.argv[2:]]
    print("name             layers hidden heads intermediate labels types case    stored   "
          "   exact   logits   scores")
    failed = sum([not compare(sys.argv[1], shape) for shape in wanted])
    print(f"{len(wanted)} checkpoints, {failed} failures")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
