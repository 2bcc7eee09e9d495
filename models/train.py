#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fine-tunes a BERT encoder on labelled emails and writes a Hugging Face directory.

  models/train.py --base DIR --train models/data/train-*.jsonl --out build/model

A tenth of the training emails is held out to choose the epoch and to fit the temperature; the
validation emails are never read here. To go on with more data, give an earlier --out as --base.
The last epochs run with the linear layers quantized as the
core runs them, so that int8 loses nothing. See models/README.md.
"""
import argparse
import glob
import hashlib
import json
import pathlib
import random
import sys
import time

import torch
from torch.nn import functional as F

import bert
import data


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True, help="Hugging Face BERT directory to start from")
    parser.add_argument("--vocab", help="vocab.txt (default: the one in --base)")
    parser.add_argument("--train", nargs="+", required=True, help=".jsonl or .csv files")
    parser.add_argument("--out", required=True, help="directory to write")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--quantized-epochs", type=int, default=3, help="how many of them in int8")
    parser.add_argument("--batch-tokens", type=int, default=2048)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--label-smoothing", type=float, default=0.05)
    parser.add_argument("--average-decay", type=float, default=0.99,
                        help="of the running mean of the weights, which is what is kept; 0: off")
    parser.add_argument("--dev-share", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def split(emails, share):
    """Training and held-out emails. Each email always falls on the same side, so that a model
    trained further on more data has never seen what is held out."""
    train, dev = [], []
    for email in emails:
        first = hashlib.sha256(email["message"].encode()).digest()[:4]
        held_out = int.from_bytes(first, "big") < share * 2**32
        (dev if held_out else train).append(email)
    return train, dev


def swap_letters(text, rng):
    """Some typing errors: about one in forty letters doubled, dropped or swapped."""
    out = list(text)
    for _ in range(len(text) // 40):
        i = rng.randrange(len(out) - 1)
        kind = rng.randrange(3)
        if not (out[i].isalpha() and out[i + 1].isalpha()):
            continue
        if kind == 0:
            out[i], out[i + 1] = out[i + 1], out[i]
        elif kind == 1:
            out[i] = out[i] * 2
        else:
            del out[i]
    return "".join(out)


def augment(email, rng, subjects):
    """A variation that leaves the label alone."""
    subject, message = email["subject"], email["message"]
    if rng.random() < 0.15:
        subject = rng.choice(subjects)
    if rng.random() < 0.15 and len(message) > 60:
        message = swap_letters(message, rng)
    return {"subject": subject, "message": message}


DULL_SUBJECTS = ["(no subject)", "Hello", "Question", "Help", "Re:", "Fwd:", "Enquiry", "Urgent",
                 "Email", "Message from website", "Re: your email", "Request", "hi", "Insurance"]


def pad(samples, device):
    lengths = torch.tensor([len(ids) for ids, _ in samples])
    shape = (len(samples), int(lengths.max()))
    ids, types = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
    for row, (sample_ids, sample_types) in enumerate(samples):
        ids[row, : len(sample_ids)] = torch.tensor(sample_ids)
        types[row, : len(sample_types)] = torch.tensor(sample_types)
    return ids.to(device), types.to(device), lengths.to(device)


@torch.no_grad()
def predict(model, encoded, device):
    """Logits [emails, labels]: the mean over the windows of each."""
    model.eval()
    flat = [(i, window) for i, windows in enumerate(encoded) for window in windows]
    flat.sort(key=lambda item: len(item[1][0]))
    logits = torch.zeros(len(encoded), model.classifier.out_features)
    counts = torch.zeros(len(encoded), 1)
    for start in range(0, len(flat), 8):
        part = flat[start : start + 8]
        out = model(*pad([window for _, window in part], device)).cpu()
        for row, (i, _) in enumerate(part):
            logits[i] += out[row]
            counts[i] += 1
    return logits / counts


def fit_temperature(logits, targets):
    """The temperature with the least negative log-likelihood."""
    grid = torch.exp(torch.linspace(-1.5, 1.5, 301))
    losses = [F.cross_entropy(logits / t, targets).item() for t in grid]
    return float(grid[losses.index(min(losses))])


def parameter_groups(model):
    """Embeddings stay as they were pre-trained: words not seen here keep their meaning."""
    for table in (model.bert.embeddings.word_embeddings, model.bert.embeddings.position_embeddings):
        table.weight.requires_grad_(False)
    trained = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    plain = [p for n, p in trained if n.endswith("bias") or "LayerNorm" in n]
    rest = [p for n, p in trained if not (n.endswith("bias") or "LayerNorm" in n)]
    return [{"params": rest, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]


class Average:
    """Running mean of the trained weights: steadier than where the last step happens to end."""

    def __init__(self, model, decay):
        self.live = [p for p in model.parameters() if p.requires_grad]
        self.mean = [p.detach().clone() for p in self.live]
        self.decay = decay

    @torch.no_grad()
    def update(self):
        torch._foreach_lerp_(self.mean, self.live, 1 - self.decay)

    @torch.no_grad()
    def swap(self):
        """Exchanges live weights and mean; call again to go on training."""
        for live, mean in zip(self.live, self.mean):
            kept = live.clone()
            live.copy_(mean)
            mean.copy_(kept)


def train_epoch(model, average, optimizer, schedule, samples, targets, options, epoch, device):
    model.train()
    model.set_fake_quantize(epoch >= options.epochs - options.quantized_epochs)
    batches = data.batches([len(ids) for ids, _ in samples], options.batch_tokens,
                           options.seed * 1000 + epoch)
    total, began = 0.0, time.monotonic()
    for number, batch in enumerate(batches, 1):
        logits = model(*pad([samples[i] for i in batch], device))
        loss = F.cross_entropy(logits, targets[batch].to(device),
                               label_smoothing=options.label_smoothing)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        average.update()
        total += loss.item() * len(batch)
        if sys.stderr.isatty() or number % 50 == 0:
            left = (time.monotonic() - began) / number * (len(batches) - number)
            print(f"\repoch {epoch + 1}/{options.epochs} batch {number}/{len(batches)} "
                  f"loss {total / len(samples) * len(batches) / number:.3f} {left:.0f} s left ",
                  end="", file=sys.stderr, flush=True)
    return total / len(samples)


def fit(model, tokenizer, train, dev, labels, options, device):
    """Trains the model and leaves it with the weights of its best epoch; returns the temperature."""
    rng = random.Random(options.seed)
    index = {label: i for i, label in enumerate(labels)}
    targets = torch.tensor([index[e["label"]] for e in train])
    dev_targets = torch.tensor([index[e["label"]] for e in dev])
    dev_encoded = data.encode(tokenizer, dev)
    steps = options.epochs * len(data.batches(
        [len(w[0][0]) for w in data.encode(tokenizer, train)], options.batch_tokens, 0))
    optimizer = torch.optim.AdamW(parameter_groups(model), lr=options.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min(1, (s + 1) / (0.1 * steps)) * max(0.02, 1 - s / (1.05 * steps)))
    average = Average(model, options.average_decay)
    best, best_loss, temperature = None, float("inf"), 1.0
    for epoch in range(options.epochs):
        varied = [augment(e, rng, DULL_SUBJECTS) for e in train]
        samples = [windows[0] for windows in data.encode(tokenizer, varied)]
        loss = train_epoch(model, average, optimizer, schedule, samples, targets, options,
                           epoch, device)
        average.swap()
        logits = predict(model, dev_encoded, device)
        dev_loss = F.cross_entropy(logits, dev_targets).item()
        accuracy = (logits.argmax(1) == dev_targets).float().mean().item()
        print(f"\nepoch {epoch + 1}: loss {loss:.4f}, held-out loss {dev_loss:.4f}, "
              f"held-out accuracy {accuracy:.4f}", flush=True)
        quantized = epoch >= options.epochs - options.quantized_epochs
        if (quantized or options.quantized_epochs == 0) and dev_loss < best_loss:
            best_loss, temperature = dev_loss, fit_temperature(logits, dev_targets)
            best = {k: v.detach().clone() for k, v in model.state_dict().items()}
        average.swap()
    model.load_state_dict(best)
    return temperature


def digest(paths):
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(pathlib.Path(path).read_bytes())
    return total.hexdigest()


def main():
    options = parse_arguments()
    torch.manual_seed(options.seed)
    paths = [p for pattern in options.train for p in sorted(glob.glob(pattern))]
    emails = [e for path in paths for e in data.read(path)]
    found = sorted({e["label"] for e in emails})
    labels = data.LABELS if set(found) <= set(data.LABELS) else found
    train, dev = split(emails, options.dev_share)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    print(f"{len(train)} emails to train on, {len(dev)} held out, {len(labels)} labels, {device}")

    vocabulary = pathlib.Path(options.vocab or pathlib.Path(options.base) / "vocab.txt")
    model = bert.load(options.base, len(labels)).to(device)
    temperature = fit(model, data.tokenizer(vocabulary), train, dev, labels, options, device)
    bert.save(model, options.out, labels, vocabulary.read_text(encoding="utf-8"))
    record = {"temperature": round(temperature, 4), "training_emails": len(train),
              "held_out_emails": len(dev), "training_sha256": digest(paths),
              "seed": options.seed, "epochs": options.epochs}
    path = pathlib.Path(options.out) / "training.json"
    path.write_text(json.dumps(record, indent=2) + "\n")
    print(f"temperature {temperature:.3f}; wrote {options.out}")


if __name__ == "__main__":
    main()
