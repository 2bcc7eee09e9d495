#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Averages the weights of checkpoints of one training run and calibrates anew.

  models/average.py OUT CHECKPOINT CHECKPOINT... --emails models/data/train-*.jsonl

The mean of checkpoints a stage apart has learnt what the later one has, and is less sure of what
it gets wrong. Temperature and review threshold come from the held-out tenth of the training mail, as
in train.py.
"""
import argparse
import json
import pathlib

import torch

import bert
import data
import windows
from calibrate import calibrate
from predict import predict


def mean_state(models):
    states = [model.state_dict() for model in models]
    return {name: torch.stack([s[name].float() for s in states]).mean(0) for name in states[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("checkpoints", nargs="+", type=pathlib.Path)
    parser.add_argument("--emails", nargs="+", required=True)
    options = parser.parse_args()
    last = options.checkpoints[-1]
    labels = bert.labels_of(last)
    models = [bert.load(path, labels) for path in options.checkpoints]
    model = models[-1]
    model.load_state_dict(mean_state(models))

    held_out = data.split([e for path in options.emails for e in data.read(path)])[1]
    encoded = windows.Reader(last).encode(held_out)
    targets = torch.tensor([labels.index(e["label"]) for e in held_out])
    calibration = calibrate(predict(model, encoded, data.other(labels), "cpu"), targets)
    bert.save(model, options.out, labels, windows.vocabulary(last), windows.is_lower_case(last))
    record = json.loads((last / "training.json").read_text()) | calibration
    (options.out / "training.json").write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
