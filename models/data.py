# SPDX-License-Identifier: Apache-2.0
"""Labelled emails: reading them, holding some out, and batches of them."""
import csv
import hashlib
import json
import pathlib
import random

LABELS = ["CarBreakdown", "CarCrash", "CarRenewal", "CarTheft", "CarWindshield", "Other"]
ALIASES = {"text": "message", "category": "label"}


def read(path):
    """Emails of a .jsonl or .csv file: message (or text), label (or category) and, if there is one,
    subject; in any case."""
    path = pathlib.Path(path)
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            rows = [json.loads(line) for line in file if line.strip()]
        else:
            rows = list(csv.DictReader(file))
    emails = []
    for number, row in enumerate(rows, 1):
        email = {ALIASES.get(key.lower(), key.lower()): value for key, value in row.items()}
        email["subject"] = email.get("subject") or "(no subject)"
        for field in ("message", "label"):
            if not email.get(field):
                raise ValueError(f"{path}: email {number} has no {field}")
        emails.append(email)
    return emails


def read_all(paths):
    return [email for path in paths for email in read(path)]


def split(emails, share=0.1):
    """Training and held-out emails. Each email always falls on the same side, so that a model
    trained further on more data has never seen what is held out."""
    train, dev = [], []
    for email in emails:
        first = hashlib.sha256(email["message"].encode()).digest()[:4]
        held_out = int.from_bytes(first, "big") < share * 2**32
        (dev if held_out else train).append(email)
    return train, dev


def other(labels):
    """Number of the label that means "none of the others", or None."""
    return labels.index("Other") if "Other" in labels else None


def batches(lengths, counts, tokens, seed):
    """Indices of emails in random batches of about `tokens` tokens; an email has counts[i] windows
    of lengths[i] tokens. Those of a batch are of similar length, so that little is padding."""
    rng = random.Random(seed)
    order = sorted(range(len(lengths)), key=lambda i: lengths[i] * rng.uniform(0.95, 1.05))
    out, batch, longest, total = [], [], 0, 0
    for index in order:
        longest, total = max(longest, lengths[index]), total + counts[index]
        if batch and longest * total > tokens:
            out.append(batch)
            batch, longest, total = [], lengths[index], counts[index]
        batch.append(index)
    out.append(batch)
    rng.shuffle(out)
    return out
