#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Averages the weights of checkpoints of one training run and calibrates anew.

  models/average.py OUT CHECKPOINT CHECKPOINT... --held-out models/data/calibration.jsonl

The mean of checkpoints of one origin has learnt what each of them has, and is less sure of what it
gets wrong. Temperature and review threshold come from the emails held out, with the linear layers
quantized as in the core.
"""
import argparse
import json
import pathlib

import torch

import bert
import data
import report
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
    parser.add_argument("--held-out", nargs="+", required=True, metavar="FILE",
                        help="emails that none of the checkpoints has seen")
    parser.add_argument("--program", default=report.PROGRAM, metavar="FILE",
                        help="email-classifier, to clean with (%(default)s)")
    options = parser.parse_args()
    last = options.checkpoints[-1]
    labels = bert.labels_of(last)
    models = [bert.load(path, labels) for path in options.checkpoints]
    model = models[-1]
    model.load_state_dict(mean_state(models))

    model.set_fake_quantize(True)
    held_out = report.clean(options.program, data.read_all(options.held_out))
    encoded = windows.Reader(last).encode(held_out)
    targets = torch.tensor([labels.index(e["label"]) for e in held_out])
    calibration = calibrate(predict(model, encoded, data.other(labels), "cpu"), targets)
    bert.save(model, options.out, labels, windows.vocabulary(last), windows.is_lower_case(last))
    record = json.loads((last / "training.json").read_text()) | calibration
    (options.out / "training.json").write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
