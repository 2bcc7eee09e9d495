#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/parity/shapes: small checkpoints of unusual shapes and files by Hugging Face
transformers (5.24.0, torch 2.15.0), with goldens for test_round_trip.c.

  tests/parity/make_shapes.py [--check]   with --check: exit 1 if the goldens would change
"""
import json
import pathlib
import sys
import tempfile

import torch
from checkpoints import Shape, save

HERE = pathlib.Path(__file__).parent / "shapes"
SHAPES = [
    Shape("deep-cased", layers=24, hidden=16, heads=2, intermediate=24, labels=3, token_types=1,
          cased=True, dtype=torch.float16),
    Shape("many-labels", layers=2, hidden=40, heads=5, intermediate=72, labels=256, token_types=3,
          extra_rows=7, dtype=torch.bfloat16, vocab_txt=True),
    Shape("old-cased", layers=2, hidden=24, heads=1, intermediate=200, labels=1, cased=True,
          positions=81, vocab_txt=True, old_names=True),
]


def largest_difference(old, new):
    """Of logits; infinite when the token ids are others."""
    if [(g["ids"], g["types"]) for g in old] != [(g["ids"], g["types"]) for g in new]:
        return float("inf")
    return max(abs(a - b) for g, o in zip(new, old) for key in ("logits", "float_logits")
               for a, b in zip(g[key], o[key]))


def check(shape):
    with tempfile.TemporaryDirectory() as folder:
        save(shape, pathlib.Path(folder))
        new = json.loads((pathlib.Path(folder) / "goldens.json").read_text())
    old = json.loads((HERE / shape.name / "goldens.json").read_text())
    worst = largest_difference(old, new)
    print(f"{shape.name}: largest difference {worst:.2g}")
    return worst < 1e-4


def main():
    if "--check" in sys.argv:
        sys.exit(0 if all([check(shape) for shape in SHAPES]) else 1)
    for shape in SHAPES:
        save(shape, HERE / shape.name)


if __name__ == "__main__":
    main()
