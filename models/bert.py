# SPDX-License-Identifier: Apache-2.0
"""BERT for sequence classification in plain PyTorch, with Hugging Face's parameter names.

Sequences of a batch are padded to the longest; a mask keeps padding out of attention.
"""
import json
import pathlib

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

WEIGHT_MAX = 63  # as core/src/model.h: linear weights take 7 bits
ACTIVATION_MAX = 127


def _straight_through(x, quantized):
    """Value of `quantized`, gradient of x."""
    return x + (quantized - x).detach()


def quantize_weight(weight, limit=WEIGHT_MAX):
    """What `email-classifier convert` makes of a weight [out, in]: one scale for each row."""
    scale = weight.abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / limit
    return (weight / scale).round().clamp(-limit, limit) * scale


def quantize_activation(x):
    """What the core makes of activations [..., channels]: one scale and zero point for each row."""
    low = x.amin(dim=-1, keepdim=True).clamp_max(0)
    high = x.amax(dim=-1, keepdim=True).clamp_min(0)
    scale = ((high - low) / ACTIVATION_MAX).clamp_min(1e-12)
    zero_point = (-low / scale).round()
    return ((x / scale + zero_point).round().clamp(0, ACTIVATION_MAX) - zero_point) * scale


class Linear(nn.Linear):
    """A linear layer that can act as its int8 self while it is trained."""

    fake_quantize = False

    def forward(self, x):
        if not self.fake_quantize:
            return super().forward(x)
        weight = _straight_through(self.weight, quantize_weight(self.weight))
        return F.linear(_straight_through(x, quantize_activation(x)), weight, self.bias)


class SequenceDropout(nn.Module):
    """Drops channels of [batch, tokens, hidden], the same for all tokens of a sequence: far cheaper
    on a CPU than to draw for every number."""

    def __init__(self, share):
        super().__init__()
        self.share = share

    def forward(self, x):
        if not self.training or self.share == 0:
            return x
        kept = torch.rand(x.shape[0], 1, x.shape[-1], device=x.device) >= self.share
        return x * (kept / (1 - self.share)).to(x.dtype)


class SelfAttention(nn.Module):
    """Without dropout of its weights, whatever the config says."""

    def __init__(self, config):
        super().__init__()
        hidden = config["hidden_size"]
        self.heads = config["num_attention_heads"]
        self.query = Linear(hidden, hidden)
        self.key = Linear(hidden, hidden)
        self.value = Linear(hidden, hidden)

    def forward(self, x, rows, bias):
        """Context of the first `rows` tokens of x [batch, tokens, hidden]."""
        batch, _, hidden = x.shape

        def split(y):
            return y.view(batch, -1, self.heads, hidden // self.heads).transpose(1, 2)

        query = split(self.query(x[:, :rows])) * (hidden // self.heads) ** -0.5
        weights = torch.softmax(query @ split(self.key(x)).transpose(-1, -2) + bias, dim=-1)
        context = weights.to(query.dtype) @ split(self.value(x))
        return context.transpose(1, 2).reshape(batch, rows, hidden)


class AddNorm(nn.Module):
    """dense, dropout, residual, LayerNorm: the end of both halves of a layer."""

    def __init__(self, config, inputs):
        super().__init__()
        self.dense = Linear(inputs, config["hidden_size"])
        self.LayerNorm = nn.LayerNorm(config["hidden_size"], eps=config["layer_norm_eps"])
        self.dropout = SequenceDropout(config["hidden_dropout_prob"])

    def forward(self, x, residual):
        return self.LayerNorm(self.dropout(self.dense(x)) + residual)


class Attention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.self = SelfAttention(config)
        self.output = AddNorm(config, config["hidden_size"])

    def forward(self, x, rows, bias):
        return self.output(self.self(x, rows, bias), x[:, :rows])


class Dense(nn.Module):
    """A linear layer under the name `dense`."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.dense = Linear(inputs, outputs)

    def forward(self, x):
        return self.dense(x)


class Layer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.attention = Attention(config)
        self.intermediate = Dense(config["hidden_size"], config["intermediate_size"])
        self.output = AddNorm(config, config["intermediate_size"])

    def forward(self, x, rows, bias):
        x = self.attention(x, rows, bias)
        return self.output(F.gelu(self.intermediate(x)), x)


class Embeddings(nn.Module):
    def __init__(self, config):
        super().__init__()
        hidden = config["hidden_size"]
        self.word_embeddings = nn.Embedding(config["vocab_size"], hidden)
        self.position_embeddings = nn.Embedding(config["max_position_embeddings"], hidden)
        self.token_type_embeddings = nn.Embedding(config["type_vocab_size"], hidden)
        self.LayerNorm = nn.LayerNorm(hidden, eps=config["layer_norm_eps"])
        self.dropout = SequenceDropout(config["hidden_dropout_prob"])

    def forward(self, ids, types):
        positions = torch.arange(ids.shape[1], device=ids.device)
        x = self.word_embeddings(ids) + self.position_embeddings(positions)
        return self.dropout(self.LayerNorm(x + self.token_type_embeddings(types)))


class Encoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.layer = nn.ModuleList(Layer(config) for _ in range(config["num_hidden_layers"]))


class Bert(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)
        self.pooler = Dense(config["hidden_size"], config["hidden_size"])

    def forward(self, ids, types, lengths):
        real = torch.arange(ids.shape[1], device=ids.device)[None, :] < lengths[:, None]
        x = self.embeddings(ids, types)
        bias = torch.zeros_like(real, dtype=x.dtype).masked_fill(~real, -1e4)[:, None, None, :]
        *inner, last = self.encoder.layer
        for layer in inner:
            x = layer(x, x.shape[1], bias)
        return torch.tanh(self.pooler(last(x, 1, bias)[:, 0]))  # only [CLS] is read


class BertClassifier(nn.Module):
    """logits [batch, labels] of ids and types [batch, tokens] with lengths [batch]."""

    def __init__(self, config, label_count):
        super().__init__()
        self.config = dict(config)
        self.bert = Bert(config)
        self.dropout = nn.Dropout(config["hidden_dropout_prob"])
        self.classifier = nn.Linear(config["hidden_size"], label_count)
        nn.init.normal_(self.classifier.weight, std=0.02)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, ids, types, lengths):
        return self.classifier(self.dropout(self.bert(ids, types, lengths)))

    def set_fake_quantize(self, on):
        for module in self.modules():
            if isinstance(module, Linear):
                module.fake_quantize = on


def labels_of(folder):
    """Labels of a Hugging Face directory in the order of their numbers; [] when it names none."""
    found = json.loads((pathlib.Path(folder) / "config.json").read_text()).get("id2label", {})
    return [found[str(i)] for i in range(len(found))]


def kept_layers(available, wanted):
    """`wanted` of the layers 0 to available - 1, evenly spread, with the first and the last."""
    if not 1 <= wanted <= available:
        raise ValueError(f"the base has {available} layers, so {wanted} cannot be kept of them")
    gaps = max(1, wanted - 1)
    return [(2 * i * (available - 1) + gaps) // (2 * gaps) for i in range(wanted)]


def read_state(folder, kept):
    """Parameters of model.safetensors by the names of this file's modules, with the layers `kept`
    only. Leaves out heads of other tasks."""
    numbers = {str(old): str(new) for new, old in enumerate(kept)}
    state = {}
    for name, value in load_file(folder / "model.safetensors").items():
        if name.endswith("position_ids") or name.startswith("cls."):
            continue
        if not name.startswith(("bert.", "classifier.")):
            name = "bert." + name
        name = name.replace("LayerNorm.gamma", "LayerNorm.weight")  # as old checkpoints call them
        parts = name.replace("LayerNorm.beta", "LayerNorm.bias").split(".")
        if parts[1:3] == ["encoder", "layer"]:
            if parts[3] not in numbers:
                continue
            parts[3] = numbers[parts[3]]
        state[".".join(parts)] = value
    return state


def load(folder, labels, layers=None):
    """The network of a Hugging Face BERT directory, or `layers` of its layers. Its head is fresh
    where it has none for these labels."""
    folder = pathlib.Path(folder)
    config = json.loads((folder / "config.json").read_text())
    for key, wanted in (("model_type", "bert"), ("hidden_act", "gelu")):
        if config.get(key) != wanted:
            raise ValueError(f"{folder}: {key} of config.json must be {wanted!r}")
    kept = kept_layers(config["num_hidden_layers"], layers or config["num_hidden_layers"])
    model = BertClassifier(config | {"num_hidden_layers": len(kept)}, len(labels))
    state = read_state(folder, kept)
    if labels_of(folder) != labels:
        state = {name: value for name, value in state.items() if name.startswith("bert.")}
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or any(not name.startswith(("classifier.", "bert.pooler.")) for name in missing):
        raise ValueError(f"{folder}: not a BERT encoder: {(missing + unexpected)[:4]}")
    return model


def keep_words(model, ids):
    """Leaves only the pieces `ids` of the vocabulary, in that order."""
    words = model.bert.embeddings.word_embeddings
    model.bert.embeddings.word_embeddings = nn.Embedding.from_pretrained(words.weight[ids].clone())
    model.config["vocab_size"] = len(ids)


def save(model, folder, labels, pieces, lower_case):
    """Writes config.json, vocab.txt and model.safetensors as Hugging Face would."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    config = dict(model.config, architectures=["BertForSequenceClassification"],
                  do_lower_case=lower_case,
                  id2label={str(i): label for i, label in enumerate(labels)},
                  label2id={label: i for i, label in enumerate(labels)})
    config.pop("_name_or_path", None)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    state = {k: v.detach().cpu().float().contiguous() for k, v in model.state_dict().items()}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
