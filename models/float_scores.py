#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scores of labelled emails by PyTorch in float, as goldens for the int8 core.

  models/float_scores.py CHECKPOINT OUT.jsonl EMAILS...
"""
import json
import pathlib
import sys

import torch

import bert
import data
import report
import windows
from predict import predict


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    checkpoint, out_path, *paths = map(pathlib.Path, sys.argv[1:])
    temperature = json.loads((checkpoint / "training.json").read_text())["temperature"]
    emails = report.clean(report.PROGRAM, data.read_all(paths))
    labels = bert.labels_of(checkpoint)
    model = bert.load(checkpoint, labels)
    encoded = windows.Reader(checkpoint).encode(emails)
    logits = predict(model, encoded, data.other(labels), "cpu")
    scores = torch.softmax(logits / temperature, dim=1)
    with out_path.open("w", encoding="utf-8") as out:
        for email, row in zip(emails, scores.tolist()):
            line = {"id": email["id"], "scores": [round(v, 5) for v in row]}
            out.write(json.dumps(line) + "\n")
    right = sum(labels[row.argmax()] == e["label"] for row, e in zip(scores, emails))
    print(f"{len(emails)} emails, accuracy {right / len(emails):.4f}")


if __name__ == "__main__":
    main()
