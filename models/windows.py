# SPDX-License-Identifier: Apache-2.0
"""Emails as token ids, in windows, as core/src/windows.c makes them."""
import json
import pathlib

from tokenizers import BertWordPieceTokenizer

STRIDE = 64  # tokens that windows share, in networks of 256 tokens and more


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def vocabulary(folder):
    """The pieces of a Hugging Face directory in the order of their ids."""
    folder = pathlib.Path(folder)
    if (folder / "vocab.txt").exists():
        return (folder / "vocab.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")
    ids = read_json(folder / "tokenizer.json")["model"]["vocab"]
    return sorted(ids, key=ids.get)


def is_lower_case(folder):
    """Whether the model is uncased: what `email-classifier convert` takes it for (FORMAT.md)."""
    folder = pathlib.Path(folder)
    normalizer = read_json(folder / "tokenizer.json").get("normalizer") or {}
    tokenizer = read_json(folder / "tokenizer_config.json")
    found = (tokenizer.get("do_lower_case"), normalizer.get("lowercase"),
             read_json(folder / "config.json").get("do_lower_case"))
    lower_case = next((value for value in found if value is not None), True)
    if tokenizer.get("strip_accents", lower_case) not in (None, lower_case):
        raise ValueError(f"{folder}: strip_accents must be null or equal to do_lower_case")
    return lower_case


class Reader:
    """Turns emails into windows of token ids for the network of a directory, or for one of the same
    but for its vocabulary, `pieces`."""

    def __init__(self, folder, pieces=None):
        self.pieces = pieces or vocabulary(folder)
        self.lower_case = is_lower_case(folder)
        ids = {piece: i for i, piece in enumerate(self.pieces)}
        config = read_json(pathlib.Path(folder) / "config.json")
        self.tokenizer = BertWordPieceTokenizer(ids, lowercase=self.lower_case)
        self.cls, self.sep = ids["[CLS]"], ids["[SEP]"]
        self.max_tokens = config["max_position_embeddings"]
        self.message_type = min(1, config["type_vocab_size"] - 1)

    def ids(self, texts):
        encoded = self.tokenizer.encode_batch([text.strip() for text in texts],
                                              add_special_tokens=False)
        return [e.ids for e in encoded]

    def windows(self, subject, message):
        """[CLS] subject [SEP] part of message [SEP] with token types, one for each window.

        Most emails have one. A longer message is read in windows that overlap by at least a
        stride, evenly spread; a subject never takes more than half a window.
        """
        subject = subject[: self.max_tokens // 2 - 2]
        room = self.max_tokens - 3 - len(subject)
        stride = min(STRIDE, self.max_tokens // 4)
        starts = [0]
        if len(message) > room:
            count = -(-(len(message) - stride) // (room - stride))
            starts = [round_half_up(i * (len(message) - room), count - 1) for i in range(count)]
        head = [self.cls] + subject + [self.sep]
        out = []
        for start in starts:
            part = message[start : start + room] + [self.sep]
            out.append((head + part, [0] * len(head) + [self.message_type] * len(part)))
        return out

    def encode(self, emails):
        """For each email its list of windows."""
        subjects = self.ids([e["subject"] for e in emails])
        messages = self.ids([e["message"] for e in emails])
        return [self.windows(s, m) for s, m in zip(subjects, messages)]


def round_half_up(numerator, denominator):
    return (2 * numerator + denominator) // (2 * denominator)
