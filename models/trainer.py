# SPDX-License-Identifier: Apache-2.0
"""Fine-tuning: the loop, what is learnt, and the teachers it can be learnt from."""
import random

import torch
from torch.nn import functional as F

import augment
import bert
import data
from calibrate import calibrate
from predict import predict, window_logits
from progress import Bar
from windows import Reader


def parameter_groups(model, train_embeddings):
    """Unless asked for, embeddings stay as they were pre-trained: words not seen here keep their
    meaning."""
    for table in (model.bert.embeddings.word_embeddings, model.bert.embeddings.position_embeddings):
        table.weight.requires_grad_(train_embeddings)
    trained = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    plain = [p for n, p in trained if n.endswith("bias") or "LayerNorm" in n]
    rest = [p for n, p in trained if not (n.endswith("bias") or "LayerNorm" in n)]
    return [{"params": rest, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]


class Average:
    """Running mean of the trained weights: steadier than where the last step happens to end."""

    def __init__(self, model, decay):
        self.live = [p for p in model.parameters() if p.requires_grad]
        self.mean = [p.detach().clone() for p in self.live]
        self.decay, self.steps = decay, 0

    @torch.no_grad()
    def update(self):
        self.steps += 1  # in the first steps a shorter mean, so that the start is soon forgotten
        decay = min(self.decay, self.steps / (self.steps + 9))
        torch._foreach_lerp_(self.mean, self.live, 1 - decay)

    @torch.no_grad()
    def swap(self):
        """Exchanges live weights and mean; call again to go on training."""
        for live, mean in zip(self.live, self.mean):
            kept = live.clone()
            live.copy_(mean)
            mean.copy_(kept)


class Teacher:
    """A trained checkpoint whose answers are learnt, not only the labels: it says which other
    labels an email resembles (Hinton et al. 2015, Distilling the knowledge in a neural network)."""

    SOFTNESS = 2.0  # temperature of both sides

    def __init__(self, folder, labels, device):
        known = bert.labels_of(folder)
        if sorted(known) != sorted(labels):
            raise ValueError(f"teacher {folder}: its labels are not those of the emails")
        self.model = bert.load(folder, known).to(device).eval()
        self.reader = Reader(folder)
        self.order = [known.index(label) for label in labels]
        self.other = data.other(known)

    @torch.no_grad()
    def logits(self, emails, device):
        """Logits [emails, labels], in the order of the student's labels."""
        return window_logits(self.model, emails, self.other, device)[:, self.order]


def distillation_loss(logits, teacher_logits):
    """How far the student's logits are from the answers of its teachers, at both sides' softness;
    its gradient is of the size of that of an ordinary loss."""
    softness = Teacher.SOFTNESS
    wanted = sum(torch.softmax(t / softness, dim=1) for t in teacher_logits) / len(teacher_logits)
    answers = torch.log_softmax(logits / softness, dim=1)
    return F.kl_div(answers, wanted, reduction="batchmean") * softness**2


def plan(options, encoded):
    """Sets the options that were left open by how much there is to learn from: few emails are read
    more often, in smaller batches, so that there are some hundred steps."""
    tokens = sum(len(ids) for windows in encoded for ids, _ in windows)
    if options.batch_tokens is None:
        options.batch_tokens = min(2048, max(512, tokens // 25))
    if options.epochs is None:
        options.epochs = min(30, max(8, 600 * options.batch_tokens // tokens))


class Trainer:
    """One training run: the model, its optimizer and schedule, and the best weights so far."""

    def __init__(self, model, reader, labels, options, device):
        self.model, self.reader, self.labels = model, reader, labels
        self.options, self.device = options, device
        self.other = data.other(labels)
        self.teachers = [Teacher(folder, labels, device) for folder in options.teacher]
        self.rng = random.Random(options.seed)
        self.optimizer = torch.optim.AdamW(parameter_groups(model, options.train_embeddings),
                                           lr=options.learning_rate, fused=True)
        self.average = Average(model, options.average_decay)

    def targets(self, emails):
        return torch.tensor([self.labels.index(e["label"]) for e in emails])

    def loss(self, emails, taught, targets):
        """Mean loss of emails given as lists of windows; taught[i] are those of teacher i."""
        with torch.autocast(self.device, torch.bfloat16, enabled=self.options.bfloat16):
            logits = window_logits(self.model, emails, self.other, self.device)
            answers = [teacher.logits(same, self.device)
                       for teacher, same in zip(self.teachers, taught)]
        loss = F.cross_entropy(logits, targets, label_smoothing=self.options.label_smoothing)
        if answers:
            loss = torch.lerp(loss, distillation_loss(logits, answers),
                              self.options.teacher_weight)
        return loss

    def step(self, emails, taught, targets, done):
        """One step of the optimizer; `done` is the share of the run that lies behind it."""
        warm_up = 0.05
        rate = min(1, (done + 1e-3) / warm_up) * max(0.02, 1 - done)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * self.options.learning_rate
        loss = self.loss(emails, taught, targets)
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
        encoded = self.reader.encode(varied)
        taught = [teacher.reader.encode(varied) for teacher in self.teachers]
        batches = data.batches([len(windows[0][0]) for windows in encoded],
                               [len(windows) for windows in encoded], options.batch_tokens,
                               options.seed * 1000 + number)
        total, bar = 0.0, Bar(f"epoch {number + 1} of {options.epochs}", len(batches))
        for i, batch in enumerate(batches):
            done = (number + i / len(batches)) / options.epochs
            loss = self.step([encoded[k] for k in batch],
                             [[same[k] for k in batch] for same in taught],
                             targets[batch].to(self.device), done)
            total += loss * len(batch)
            bar.show(i + 1, f"loss {loss:.3f}")
        return total / len(emails)

    def run(self, train, dev, save):
        """Trains, and after each epoch that is the best so far calls save(calibration) with the
        model at its mean weights."""
        targets, dev_targets = self.targets(train), self.targets(dev)
        dev_encoded = self.reader.encode(dev)
        plan(self.options, self.reader.encode(train))
        best_loss, best_number = float("inf"), 0
        for number in range(self.options.stop_after or self.options.epochs):
            loss = self.epoch(number, train, targets)
            self.average.swap()
            logits = predict(self.model, dev_encoded, self.other, self.device)
            found = calibrate(logits, dev_targets)
            print(f"epoch {number + 1}: loss {loss:.4f}, held-out loss "
                  f"{found['held_out_loss']:.4f}, held-out accuracy "
                  f"{found['held_out_accuracy']:.4f}, temperature {found['temperature']:.3f}",
                  flush=True)
            if found["held_out_loss"] < best_loss:
                best_loss, best_number = found["held_out_loss"], number
                save(found)
            self.average.swap()
            if number - best_number >= self.options.patience:
                print(f"no progress any more; epoch {best_number + 1} is kept", flush=True)
                break
