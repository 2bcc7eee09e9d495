# SPDX-License-Identifier: Apache-2.0
"""Temperature and review threshold, from the logits of held-out emails."""
import math

import torch
from torch.nn import functional as F


def held_out_loss(logits, targets):
    """Mean negative log-likelihood, as if one more email had come out wrong: however right all of a
    few emails are, they do not show that no other will be wrong (Platt 1999)."""
    emails, labels = logits.shape
    smoothing = labels / (labels - 1) / (emails + 2)
    return F.cross_entropy(logits, targets, label_smoothing=smoothing).item()


def fit_temperature(logits, targets):
    """The temperature with the least loss."""
    grid = torch.exp(torch.linspace(-1.5, 1.5, 301))
    losses = [held_out_loss(logits / t, targets) for t in grid]
    return float(grid[losses.index(min(losses))])


def review_threshold(logits, targets, temperature, share=0.99):
    """The least confidence so that of the answers with that much or more, `share` are right."""
    confidence, labels = torch.softmax(logits / temperature, dim=1).max(dim=1)
    order = confidence.argsort(descending=True)
    right = (labels == targets)[order].double().cumsum(0)
    good = (right >= share * torch.arange(1, len(order) + 1)).nonzero()
    if not len(good):
        return 1.0
    return min(0.999, math.ceil(float(confidence[order[good[-1, 0]]]) * 1000) / 1000)


def calibrate(logits, targets):
    """What training.json says of held-out logits."""
    temperature = fit_temperature(logits, targets)
    accuracy = (logits.argmax(1) == targets).float().mean().item()
    return {"temperature": round(temperature, 4),
            "held_out_loss": round(held_out_loss(logits / temperature, targets), 4),
            "review_threshold": review_threshold(logits, targets, temperature),
            "held_out_accuracy": round(accuracy, 4)}
