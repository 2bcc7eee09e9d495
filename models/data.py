# SPDX-License-Identifier: Apache-2.0
"""Labelled emails: reading them, holding some out, and batches of them. Standard library only."""
import csv
import hashlib
import io
import json
import pathlib
import random
import re

LABELS = ["CarBreakdown", "CarCrash", "CarRenewal", "CarTheft", "CarWindshield", "Other"]
LABELS_MAX, LABEL_BYTES_MAX = 256, 64  # as FORMAT.md
SUBJECT_MAX, MESSAGE_MIN, MESSAGE_MAX = 200, 10, 5000  # characters, as the core permits
NO_SUBJECT = "(no subject)"
# Names a column may have, in any case; the first that is there counts.
NAMES = {"message": ("message", "text", "body", "content", "email"),
         "label": ("label", "category", "class", "intent"),
         "subject": ("subject", "title")}
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


class DataError(ValueError):
    """What is wrong with a file of emails, for the person who wrote it."""


# ---------------------------------------------------------------- files


def read_text(path):
    try:
        return pathlib.Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}: line {line}: byte 0x{error.object[error.start]:02x} is not "
                        "UTF-8; save the file as UTF-8") from None


def read_lines(path):
    """Rows (line, cells by column) of a JSON Lines file."""
    rows = []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path}: line {number}: not JSON: {error}") from None
        if not isinstance(row, dict):
            raise DataError(f"{path}: line {number}: not a JSON object")
        rows.append((number, row))
    return rows


def read_table(path):
    """Rows (line, cells by column) of a CSV file, its cells parted by , ; or tabs."""
    text = read_text(path)
    header = text.split("\n", 1)[0]
    csv.field_size_limit(2**31 - 1)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True,
                            delimiter=max(",;\t", key=header.count))
    rows, line = [], 2
    try:
        for row in reader:
            if None in row or None in row.values():
                raise DataError(f"{path}: line {line}: has not as many cells as the header; a cell "
                                "with commas or line breaks needs quotes")
            rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}: line {line}: {error}") from None
    return rows


# ---------------------------------------------------------------- emails


def find_columns(path, names, wanted):
    """Which of the columns `names` holds message, label and subject (None without one). `wanted`
    gives names of those that someone chose."""
    found = {}
    lower = {str(name).strip().lower(): name for name in reversed(names)}
    for field, aliases in NAMES.items():
        chosen = wanted.get(field)
        candidates = (chosen.lower(),) if chosen else aliases
        found[field] = next((lower[name] for name in candidates if name in lower), None)
        if found[field] is None and (chosen or field != "subject"):
            raise DataError(f"{path}: has no column {candidates[0]!r}; its columns are "
                            f"{', '.join(map(repr, names)) or 'none'}"
                            + ("" if chosen else f": name it with --{field}-column"))
    return found


def email_of(path, line, row, columns):
    """The email of a row, its texts made such as the core permits, length apart."""
    email = {"id": row.get("id")}
    for field, column in columns.items():
        value = row.get(column) if column is not None else None
        if value is not None and not isinstance(value, str):
            raise DataError(f"{path}: line {line}: {column} is not text")
        email[field] = CONTROLS.sub(" ", value or "").strip()
    email["subject"] = email["subject"][:SUBJECT_MAX].rstrip() or NO_SUBJECT
    for field in ("message", "label"):
        if not email[field]:
            raise DataError(f"{path}: line {line}: {columns[field]} is empty")
    if len(email["label"].encode()) > LABEL_BYTES_MAX:
        raise DataError(f"{path}: line {line}: the label is longer than {LABEL_BYTES_MAX} bytes; "
                        f"is {columns['label']!r} the column of the labels?")
    return email


def read(path, wanted=None, report=None):
    """Emails of a .jsonl or .csv file with id, subject, message and label. Those too short or too
    long for the core are left out, which report(text) is told."""
    path = pathlib.Path(path)
    if path.suffix.lower() not in (".csv", ".tsv", ".jsonl"):
        raise DataError(f"{path}: must be a .csv or .jsonl file")
    rows = read_lines(path) if path.suffix.lower() == ".jsonl" else read_table(path)
    if not rows:
        raise DataError(f"{path}: holds no emails")
    names = list(dict.fromkeys(name for _, row in rows for name in row))
    columns = find_columns(path, names, wanted or {})
    emails = [email_of(path, line, row, columns) for line, row in rows]
    kept = [e for e in emails if MESSAGE_MIN <= len(e["message"]) <= MESSAGE_MAX]
    if len(kept) < len(emails) and report:
        report(f"{path}: {len(emails) - len(kept)} of {len(emails)} emails left out: messages must "
               f"have {MESSAGE_MIN} to {MESSAGE_MAX} characters")
    return kept


def labels_of(emails):
    """The labels of training emails in the order of their numbers, after a check that they can be
    learnt."""
    counts = {}
    for email in emails:
        counts[email["label"]] = counts.get(email["label"], 0) + 1
    if not 2 <= len(counts) <= LABELS_MAX:
        raise DataError(f"there must be 2 to {LABELS_MAX} different labels, not {len(counts)}")
    rare = sorted(label for label, count in counts.items() if count < 2)
    if rare:
        raise DataError("one email is too few to learn a label and check it; add some to "
                        f"{', '.join(map(repr, rare[:5]))} or take it out")
    return LABELS if set(counts) <= set(LABELS) else sorted(counts)


def check_labels(path, emails, labels):
    """Whether emails to report on have only labels that are learnt."""
    unknown = sorted({e["label"] for e in emails} - set(labels))
    if unknown:
        raise DataError(f"{path}: label {unknown[0]!r} is none of those to learn")
    if not emails:
        raise DataError(f"{path}: holds no emails")


def place(email):
    """A number from 0 to 1 that depends on the message alone."""
    return int.from_bytes(hashlib.sha256(email["message"].encode()).digest()[:4], "big") / 2**32


def default_share(count):
    """How many of the emails to hold out: a tenth, but of few emails up to a fifth, to have 50."""
    return min(0.2, max(0.1, 50 / max(1, count)))


def read_all(paths):
    return [email for path in paths for email in read(path)]


def split(emails, share=0.1):
    """Training and held-out emails. Each email always falls on the same side, so that a model
    trained further on more data has never seen what is held out; but each label has an email on
    both sides."""
    sides = {}
    for email in emails:
        train, dev = sides.setdefault(email["label"], ([], []))
        (dev if place(email) < share else train).append(email)
    for train, dev in sides.values():
        if not dev:
            dev.append(train.pop(train.index(min(train, key=place))))
        elif not train:
            train.append(dev.pop(dev.index(max(dev, key=place))))
    held_out = {id(email) for _, dev in sides.values() for email in dev}
    return ([email for email in emails if id(email) not in held_out],
            [email for email in emails if id(email) in held_out])


def other(labels):
    """Number of the label that means "none of the others", or None."""
    return labels.index("Other") if "Other" in labels else None


# ---------------------------------------------------------------- batches


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
