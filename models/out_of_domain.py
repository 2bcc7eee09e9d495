#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where mail goes that the model was not made for: other languages, and other matters.

  models/out_of_domain.py [BUNDLE]

Such an email is in safe hands when it becomes Other or is marked for review. Prints how many are,
how many others get the label of their matter anyway, and how many a wrong one without review.
"""
import collections
import json
import pathlib
import subprocess
import sys

import data
import report

HERE = pathlib.Path(__file__).resolve().parent
EMAILS = HERE / "data" / "out-of-domain.jsonl"


def outcome(email, answer):
    if answer["label"] == "Other":
        return "Other"
    if answer["needs_review"]:
        return "review"
    return "right" if answer["label"] == email["label"] else "wrong"


def main():
    bundle = sys.argv[1] if len(sys.argv) > 1 else HERE / "default" / "email-classifier.ecm"
    answers = subprocess.run([report.PROGRAM, "batch", "--model", bundle, EMAILS], check=True,
                             capture_output=True, encoding="utf-8").stdout
    emails = [json.loads(line) for line in data.read_text(EMAILS).splitlines()]
    counts = {"other languages": collections.Counter(), "other matters": collections.Counter()}
    for email, line in zip(emails, answers.splitlines(), strict=True):
        kind = "other matters" if email["language"] == "en" else "other languages"
        counts[kind][outcome(email, json.loads(line))] += 1
    for kind, found in counts.items():
        print(f"{kind}: {found.total()} emails, {found['Other']} Other, {found['review']} to "
              f"review, {found['right']} right, {found['wrong']} wrong")


if __name__ == "__main__":
    main()
