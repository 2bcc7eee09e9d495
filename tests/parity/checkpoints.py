# SPDX-License-Identifier: Apache-2.0
"""Random BertForSequenceClassification checkpoints of many shapes, saved as Hugging Face transformers
saves them, with goldens.json: what transformers itself makes of emails and of token ids.

Each golden has `ids`, `types`, `float_logits` of the checkpoint as it is, and `logits` of the same
with its weights rounded as models/FORMAT.md says: those a converted bundle must have but for the
order of additions. Emails have `subject` and `message` too.
"""
import dataclasses
import json
import random

import torch
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

EMAILS = [
    ("My Car", "Somebody STOLE my Škoda in Kraków last night, please call ME back."),
    ("hello", "hello, the windshield of my car broke!"),
    ("Ünfall", "Große Überraschung: ÉCOLE, école and e\u0301cole, İstanbul, naïve ÅNGSTRÖM, ΣΑΣ."),
    ("漢字 🚗", "漢字かな交じり文 and 한국어 in one email\u00ad\u200b, №5 ½ ﬁne."),
    ("##s [ ##", "un##able McDonald iPhone unBROKEN Broken broken BROKEN zzzzzz"),
]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
ACCENTED = "éèüößåñçšÉÜŠσςΣıİ漢字"
WORDS = """the car was my in and stolen crash windshield broke please call me back hello ##s ##ed
##ing ##en un ##able somebody last night email school ecole""".split()


@dataclasses.dataclass
class Shape:
    name: str
    layers: int
    hidden: int
    heads: int
    intermediate: int
    labels: int
    token_types: int = 2
    cased: bool = False
    positions: int = 64
    extra_rows: int = 0  # of the word embeddings, beyond the vocabulary
    dtype: torch.dtype = torch.float32
    vocab_txt: bool = False  # as well as tokenizer.json
    old_names: bool = False  # gamma and beta, as in checkpoints of TensorFlow's days


def make_vocabulary(cased):
    letters = LETTERS + (LETTERS.upper() + ACCENTED if cased else "σς漢字")
    words = WORDS + ["The", "STO", "##LE", "Broken", "School", "École", "Mc"] if cased else WORDS
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    return pieces + ["##" + c for c in letters] + list("0123456789.,!?-'[]#") + words


def make_model(shape, rows):
    labels = [f"label {i}" for i in range(shape.labels)]
    config = BertConfig(
        vocab_size=rows, hidden_size=shape.hidden, num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads, intermediate_size=shape.intermediate,
        max_position_embeddings=shape.positions, type_vocab_size=shape.token_types,
        initializer_range=1.5 * shape.hidden ** -0.5, id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)}, layer_norm_eps=1e-7)
    model = BertForSequenceClassification(config).eval()
    with torch.no_grad():  # LayerNorm and biases start as ones and zeros, which would hide mistakes
        for name, parameter in model.named_parameters():
            if name.endswith("bias") or "LayerNorm" in name:
                parameter.add_(torch.randn_like(parameter) * 0.2)
    return model.to(shape.dtype)


def round_weight(weight, limit):
    """As models/FORMAT.md: one scale a row, halves away from zero."""
    scale = weight.abs().amax(dim=1, keepdim=True) / limit
    scale[scale == 0] = 1
    steps = weight / scale
    return steps.sign() * (steps.abs() + 0.5).floor() * scale


@torch.no_grad()
def rounded(model):
    """A copy in float with the weights a bundle holds."""
    copy = BertForSequenceClassification(model.config).eval()
    copy.load_state_dict(model.state_dict())
    for name, parameter in copy.named_parameters():
        if parameter.dim() == 2 and name != "classifier.weight":
            parameter.copy_(round_weight(parameter, 127 if "embeddings" in name else 63))
    return copy


def make_inputs(shape, vocabulary, tokenizer, rng):
    """Emails first, then token ids of several lengths up to the longest possible."""
    for subject, message in EMAILS:
        encoded = tokenizer(subject, message)
        types = [min(t, shape.token_types - 1) for t in encoded["token_type_ids"]]
        yield {"subject": subject, "message": message, "ids": encoded["input_ids"], "types": types}
    for count in (1, 2, 7, 17, 33, shape.positions):
        types = [min(int(i >= count // 3), shape.token_types - 1) for i in range(count)]
        yield {"ids": [2] + [rng.randrange(5, len(vocabulary)) for _ in range(count - 1)],
               "types": types}


@torch.no_grad()
def logits_of(model, golden):
    out = model(input_ids=torch.tensor([golden["ids"]]),
                token_type_ids=torch.tensor([golden["types"]])).logits[0].float()
    return [round(v, 5) for v in out.tolist()]


def rename(folder):
    """LayerNorm's parameters by their old names."""
    path = folder / "model.safetensors"
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = data[8 : 8 + size].decode()
    header = header.replace("LayerNorm.weight", "LayerNorm.gamma")
    header = header.replace("LayerNorm.bias", "LayerNorm.beta").ljust(size)
    header = header + " " * (-len(header) % 8)
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + data[8 + size :])


def save(shape, folder, seed=1):
    """Writes the checkpoint and its goldens into the folder."""
    torch.manual_seed(seed)
    vocabulary = make_vocabulary(shape.cased)
    model = make_model(shape, len(vocabulary) + shape.extra_rows)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = BertTokenizer(vocab={piece: i for i, piece in enumerate(vocabulary)},
                              do_lower_case=not shape.cased)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if shape.vocab_txt:
        (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    if shape.old_names:
        rename(folder)
    exact, in_float = rounded(model), model.float()
    goldens = [golden | {"logits": logits_of(exact, golden),
                         "float_logits": logits_of(in_float, golden)}
               for golden in make_inputs(shape, vocabulary, tokenizer, random.Random(seed))]
    (folder / "goldens.json").write_text(
        "[" + ",\n".join(json.dumps(golden) for golden in goldens) + "]\n")
