# SPDX-License-Identifier: Apache-2.0
"""Labelled emails: reading them, and turning them into token ids as the core does."""
import csv
import json
import pathlib
import random

from tokenizers import BertWordPieceTokenizer

LABELS = ["CarBreakdown", "CarCrash", "CarRenewal", "CarTheft", "CarWindshield", "Other"]
CLS, SEP = 101, 102


def read(path):
    """Emails of a .jsonl or .csv file with subject, message and label (any case)."""
    path = pathlib.Path(path)
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            rows = [json.loads(line) for line in file if line.strip()]
        else:
            rows = list(csv.DictReader(file))
    emails = [{key.lower(): value for key, value in row.items()} for row in rows]
    for number, email in enumerate(emails, 1):
        for field in ("subject", "message", "label"):
            if not email.get(field):
                raise ValueError(f"{path}: email {number} has no {field}")
    return emails


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


def batches(lengths, tokens, seed):
    """Indices in random batches of about `tokens` tokens, of similar length so little is padding."""
    rng = random.Random(seed)
    order = sorted(range(len(lengths)), key=lambda i: lengths[i] * rng.uniform(0.8, 1.25))
    out, batch, longest = [], [], 0
    for index in order:
        longest = max(longest, lengths[index])
        if batch and longest * (len(batch) + 1) > tokens:
            out.append(batch)
            batch, longest = [], lengths[index]
        batch.append(index)
    out.append(batch)
    rng.shuffle(out)
    return out
