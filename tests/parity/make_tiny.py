#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/parity/tiny: a random BertForSequenceClassification by Hugging Face transformers
(5.23.0, torch 2.15.0) and its float logits for fixed token ids, the goldens of test_parity.c.

  tests/parity/make_tiny.py [--check]   with --check: exit 1 if the logits would change
"""
import json
import pathlib
import random
import sys

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertForSequenceClassification

HERE = pathlib.Path(__file__).parent / "tiny"
LABELS = ["CarBreakdown", "CarCrash", "CarRenewal", "CarTheft", "CarWindshield", "Other"]
WORDS = """the a car was my is it in and to of on for stolen crash windshield broke renew policy hello
please email insurance engine glass ##s ##ed ##ing ##er un ##break ##able claim road help""".split()


def make_model():
    torch.manual_seed(20240607)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + list("abcdefghijklmnopqrstuvwxyz")
    vocabulary += ["##" + c for c in "abcdefghijklmnopqrstuvwxyz"] + list("0123456789.,!?-'")
    vocabulary += WORDS
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=48, num_hidden_layers=3, num_attention_heads=4,
        intermediate_size=96, max_position_embeddings=64, num_labels=len(LABELS),
        initializer_range=0.25, id2label=dict(enumerate(LABELS)))
    model = BertForSequenceClassification(config).eval()
    with torch.no_grad():  # LayerNorm and biases start as ones and zeros, which would hide mistakes
        for name, parameter in model.named_parameters():
            if name.endswith("bias") or "LayerNorm" in name:
                parameter.add_(torch.randn_like(parameter) * 0.2)
    return config, model, vocabulary


def make_goldens(model, size):
    rng = random.Random(11)
    goldens = []
    for count in [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23, 31, 32, 33, 48, 63, 64]:
        ids = [2] + [rng.randrange(5, size) for _ in range(count - 1)]
        types = [0 if i < count // 3 else 1 for i in range(count)]
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids]), token_type_ids=torch.tensor([types]),
                           attention_mask=torch.ones(1, count, dtype=torch.long)).logits[0]
        goldens.append({"ids": ids, "types": types, "logits": [round(v, 6) for v in logits.tolist()]})
    return goldens


def main():
    config, model, vocabulary = make_model()
    goldens = make_goldens(model, len(vocabulary))
    path = HERE / "logits.json"
    if "--check" in sys.argv:
        old = json.loads(path.read_text())
        worst = max(abs(a - b) for g, o in zip(goldens, old)
                    for a, b in zip(g["logits"], o["logits"]))
        print(f"largest difference {worst:.2g}")
        sys.exit(0 if len(old) == len(goldens) and worst < 1e-5 else 1)
    HERE.mkdir(exist_ok=True)
    (HERE / "config.json").write_text(json.dumps(config.to_dict(), indent=1, sort_keys=True) + "\n")
    (HERE / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    state = {k: v.contiguous() for k, v in model.state_dict().items() if "position_ids" not in k}
    save_file(state, HERE / "model.safetensors", metadata={"format": "pt"})
    path.write_text("[" + ",\n".join(json.dumps(g) for g in goldens) + "]\n")


if __name__ == "__main__":
    main()
