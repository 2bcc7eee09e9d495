#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes long labelled emails to measure window_rules with, from training mail that is held out.

  tests/bench/make_long_mail.py KIND > build/long.jsonl

KIND is one of
  written  emails that were written long
  thread   emails in a thread: quoted mail of any label after them, mail of their own label or of
           "Other" around them (models/augment.py, which also makes some of the training mail long)
  buried   emails at the start, in the middle or at the end of mail labelled "Other", which says
           nothing of the five other labels; those labelled "Other" stand among their like
They have 2,000 to 5,000 characters; most need more than one window of 512 tokens.
"""
import json
import pathlib
import random
import sys

MODELS = pathlib.Path(__file__).resolve().parents[2] / "models"
sys.path.insert(0, str(MODELS))
import augment  # noqa: E402
import data  # noqa: E402

LONG = 2000  # characters: nearly what a window holds; window_rules leaves out shorter ones


def bury(email, filler, place, rng):
    before, after = [], []
    parts = {0: [after], 1: [before, after], 2: [before]}[place]
    while sum(map(len, before + after)) + len(email["message"]) < 4200:
        text = rng.choice(filler)
        if text != email["message"] and len(text) < 650:
            rng.choice(parts).append(text)
    return "\n\n".join(before + [email["message"]] + after)


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in ("written", "thread", "buried"):
        sys.exit(__doc__)
    rng = random.Random(5)
    paths = sorted((MODELS / "data").glob("train-*.jsonl"))
    emails = data.split([e for path in paths for e in data.read(path)])[1]
    filler = [e["message"] for e in emails if e["label"] == "Other"]
    chosen = emails if sys.argv[1] == "written" else emails[::4]
    for number, email in enumerate(chosen):
        if sys.argv[1] == "thread":
            message = augment.lengthen(email, emails, rng)
        elif sys.argv[1] == "buried":
            message = bury(email, filler, number % 3, rng)
        else:
            message = email["message"]
        if LONG <= len(message) <= 5000:
            print(json.dumps({**email, "message": message}, ensure_ascii=False))


if __name__ == "__main__":
    main()
