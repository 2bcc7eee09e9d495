#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes long labelled emails to measure window_rules with: a validation email inside other text.

  tests/bench/make_long_mail.py > build/long.jsonl

Each email stands at the start, in the middle or at the end of validation mail labelled Other (which
says nothing of the five other classes), up to 4,900 characters. Emails labelled Other stand among
other such mail.
"""
import json
import pathlib
import random

DATA = pathlib.Path(__file__).resolve().parents[2] / "models" / "data" / "validation.jsonl"


def main():
    rng = random.Random(5)
    emails = [json.loads(line) for line in DATA.open(encoding="utf-8")]
    filler = [e["message"] for e in emails if e["label"] == "Other"]
    for number, email in enumerate(emails):
        before, after = [], []
        parts = {0: [after], 1: [before, after], 2: [before]}[number % 3]
        while sum(map(len, before + after)) + len(email["message"]) < 4200:
            text = rng.choice(filler)
            if text != email["message"] and len(text) < 650:
                rng.choice(parts).append(text)
        message = "\n\n".join(before + [email["message"]] + after)
        print(json.dumps(dict(email, message=message[:4990]), ensure_ascii=False))


if __name__ == "__main__":
    main()
