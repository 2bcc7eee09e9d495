# SPDX-License-Identifier: Apache-2.0
"""The truth: the released Hugging Face `tokenizers` library, and the framing of requests and
answers that the C programs of this folder share with it.

No special token is added to the reference tokenizer, so that "[SEP]" in a text is plain text. (As
BertTokenizerFast sets it up, it would become the special token: any mail could forge one.)
Invalid bytes are what Python's bytes.decode("utf-8", errors="replace") makes of them.

Request: u8 kind, u32 max_length, u32 size, first text, u32 size, second text (little endian).
Answer:  u32 tokens without limit, u32 n, n x u32 id, n x (u32 start, u32 end) in bytes of the first
         text for kinds 0 and 1, or n x u8 type id for kinds 2 and 3.
"""
import functools
import pathlib
import struct

import tokenizers
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import BertProcessing

PINNED = "0.23.3"
ROOT = pathlib.Path(__file__).resolve().parents[2]
VOCAB = ROOT / "models" / "base" / "vocab.txt"
UNCASED, CASED, PAIR, SINGLE = range(4)
STRIP = BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True,
                       lowercase=False)

def read_vocab(path=VOCAB):
    lines = path.read_bytes().decode("utf-8").split("\n")
    return {piece.rstrip("\r"): i for i, piece in enumerate(lines[:-1])}

def make(vocab, lower):
    out = Tokenizer(WordPiece(vocab=vocab, unk_token="[UNK]", max_input_chars_per_word=100,
                              continuing_subword_prefix="##"))
    out.normalizer = BertNormalizer(clean_text=True, handle_chinese_chars=True,
                                    strip_accents=None, lowercase=lower)
    out.pre_tokenizer = BertPreTokenizer()
    out.post_processor = BertProcessing(("[SEP]", vocab["[SEP]"]), ("[CLS]", vocab["[CLS]"]))
    return out

@functools.cache
def keeps(char):
    """Does accent stripping leave this character?"""
    return STRIP.normalize_str(char) != ""

def byte_places(data, text):
    """Byte offset in data of each character of text, the decoded data, and the end."""
    places = [0]
    for char in text:
        at = places[-1]
        size = len(char.encode("utf-8"))
        if data[at:at + size] != char.encode("utf-8"):
            # Replaced bytes: those that decode, with an ASCII byte after them, to one U+FFFD.
            size = max(len(data[at:at + n]) for n in (1, 2, 3)
                       if (data[at:at + n] + b"a").decode("utf-8", "replace") == "\ufffda")
        places.append(at + size)
    assert places[-1] == len(data)
    return places

class Reference:
    def __init__(self, path=VOCAB):
        if tokenizers.__version__ != PINNED:
            raise SystemExit("needs tokenizers %s, found %s" % (PINNED, tokenizers.__version__))
        vocab = read_vocab(path)
        self.plain = {UNCASED: make(vocab, True), CASED: make(vocab, False)}
        self.limited = make(vocab, True)

    def answer(self, request):
        kind, max_length, first, second = request
        text = first.decode("utf-8", errors="replace")
        if kind in (UNCASED, CASED):
            got = self.plain[kind].encode(text, add_special_tokens=False)
            places = byte_places(first, text)
            spans = [places[x] for span in got.offsets for x in span]
            n = len(got.ids)
            return struct.pack("<II%dI%dI" % (n, 2 * n), n, n, *got.ids, *spans)
        pair = second.decode("utf-8", errors="replace") if kind == PAIR else None
        total = len(self.plain[UNCASED].encode(text, pair).ids)
        self.limited.enable_truncation(max_length, strategy="longest_first")
        got = self.limited.encode(text, pair)
        n = len(got.ids)
        return struct.pack("<II%dI%dB" % (n, n), total, n, *got.ids, *got.type_ids)

def pack(request):
    kind, max_length, first, second = request
    return struct.pack("<BII", kind, max_length, len(first)) + first \
        + struct.pack("<I", len(second)) + second
