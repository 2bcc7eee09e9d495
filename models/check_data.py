#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks models/data: fields, limits, labels, and that no email nearly repeats another, be it in
training, calibration or validation mail.

  models/check_data.py        prints counts; exit 1 when something is wrong

Two emails nearly repeat each other when they share more than a quarter of the shorter one's runs of
six words, and at least four runs.
"""
import collections
import json
import pathlib
import re
import sys

from data import LABELS, MESSAGE_MAX, MESSAGE_MIN, SUBJECT_MAX

DATA = pathlib.Path(__file__).parent / "data"


def read():
    paths = [*sorted(DATA.glob("train-*.jsonl")), DATA / "calibration.jsonl",
             DATA / "validation.jsonl", DATA / "validation-hard.jsonl"]
    for path in paths:
        part = "train" if path.stem.startswith("train") else path.stem
        for line in path.open(encoding="utf-8"):
            yield part, json.loads(line)


def runs(text, length=6):
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + length]) for i in range(max(1, len(words) - length + 1))}


def faults(part, email):
    if set(email) != {"id", "label", "subject", "message"} or email["label"] not in LABELS:
        yield f"{part} {email.get('id')}: fields or label"
    elif not 1 <= len(email["subject"].strip()) <= SUBJECT_MAX:
        yield f"{part} {email['id']}: length of the subject"
    elif not MESSAGE_MIN <= len(email["message"].strip()) <= MESSAGE_MAX:
        yield f"{part} {email['id']}: length of the message"


def near_repeats(emails):
    seen, all_runs = collections.defaultdict(list), [runs(e["message"]) for _, e in emails]
    for i, mine in enumerate(all_runs):
        shared = collections.Counter(j for run in mine for j in seen[run])
        for j, count in shared.items():
            if count >= 4 and count > 0.25 * min(len(mine), len(all_runs[j])):
                yield f"{emails[j][1]['id']} and {emails[i][1]['id']} share {count} runs of words"
        for run in mine:
            seen[run].append(i)


def main():
    emails = list(read())
    wrong = [fault for part, email in emails for fault in faults(part, email)]
    wrong += list(near_repeats(emails))
    ids = collections.Counter(email["id"] for _, email in emails)
    wrong += [f"{name}: id used twice" for name, count in ids.items() if count > 1]
    counts = collections.Counter((part, email["label"]) for part, email in emails)
    for (part, label), count in sorted(counts.items()):
        print(f"{part:15} {label:13} {count}")
    print("\n".join(wrong) or f"{len(emails)} emails, nothing wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
