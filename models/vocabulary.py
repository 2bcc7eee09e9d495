# SPDX-License-Identifier: Apache-2.0
"""A smaller vocabulary for a network: half of a small BERT's bytes are the embeddings of pieces
that its mail never has. Standard library only."""
import collections

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def is_single(piece):
    """Whether the piece is one character, at the start of a word or within."""
    return len(piece.removeprefix("##") or piece) == 1


def choose(pieces, uses, count):
    """Ids, ascending, of the `count` pieces to keep; uses counts how often training mail has each
    id. First the special ones and single letters, digits and signs of ASCII, so that every plain
    word can still be spelled; then those used most; what room is left goes to the rest in the order
    of the vocabulary, which is about that of their frequency in the language."""
    def rank(i):
        piece = pieces[i]
        needed = piece in SPECIAL or (is_single(piece) and piece.isascii())
        unused = piece.startswith("[unused")
        return not needed, unused, -uses[i], i

    order = sorted(range(len(pieces)), key=rank)
    needed = sum(not rank(i)[0] for i in order)
    if not needed <= count <= len(pieces):
        raise ValueError(f"a vocabulary of {count} pieces: {needed} to {len(pieces)} are possible")
    return sorted(order[:count])


def count_uses(emails):
    """How often emails, as lists of windows (ids, types), have each id."""
    return collections.Counter(i for windows in emails for ids, _ in windows for i in ids)
