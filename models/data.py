# SPDX-License-Identifier: Apache-2.0
"""Labelled emails: reading them, and turning them into token ids as the core does."""
import csv
import hashlib
import json
import pathlib
import random

from tokenizers import BertWordPieceTokenizer

LABELS = ["CarBreakdown", "CarCrash", "CarRenewal", "CarTheft", "CarWindshield", "Other"]
ALIASES = {"text": "message", "category": "label"}
CLS, SEP = 101, 102


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


def split(emails, share=0.1):
    """Training and held-out emails. Each email always falls on the same side, so that a model
    trained further on more data has never seen what is held out."""
    train, dev = [], []
    for email in emails:
        first = hashlib.sha256(email["message"].encode()).digest()[:4]
        held_out = int.from_bytes(first, "big") < share * 2**32
        (dev if held_out else train).append(email)
    return train, dev


def tokenizer(vocabulary_path, lower_case=True):
    return BertWordPieceTokenizer(str(vocabulary_path), lowercase=lower_case)


def ids_of(tokenizer_, texts):
    return [e.ids for e in tokenizer_.encode_batch(texts, add_special_tokens=False)]


def windows(subject, message, max_tokens, stride):
    """[CLS] subject [SEP] part of message [SEP] with token types, one for each window.

    Most emails have one. A longer message is read in windows that overlap by at least `stride`
    tokens, evenly spread; a subject never takes more than half a window. As core/src/windows.c.
    """
    subject = subject[: max_tokens // 2 - 2]
    room = max_tokens - 3 - len(subject)
    starts = [0]
    if len(message) > room:
        count = -(-(len(message) - stride) // (room - stride))
        starts = [round_half_up(i * (len(message) - room), count - 1) for i in range(count)]
    head = [CLS] + subject + [SEP]
    out = []
    for start in starts:
        part = message[start : start + room]
        out.append((head + part + [SEP], [0] * len(head) + [1] * (len(part) + 1)))
    return out


def round_half_up(numerator, denominator):
    return (2 * numerator + denominator) // (2 * denominator)


def encode(tokenizer_, emails, max_tokens=512, stride=64):
    """For each email its list of windows."""
    subjects = ids_of(tokenizer_, [e["subject"].strip() for e in emails])
    messages = ids_of(tokenizer_, [e["message"].strip() for e in emails])
    return [windows(s, m, max_tokens, stride) for s, m in zip(subjects, messages)]


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
