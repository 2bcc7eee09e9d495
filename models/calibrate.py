# SPDX-License-Identifier: Apache-2.0
"""Temperature and review threshold, from the logits of held-out emails."""
import math

import torch
from torch.nn import functional as F


def fit_temperature(logits, targets):
    """The temperature with the least negative log-likelihood."""
    grid = torch.exp(torch.linspace(-1.5, 1.5, 301))
    losses = [F.cross_entropy(logits / t, targets).item() for t in grid]
    return float(grid[losses.index(min(losses))])


def review_threshold(logits, targets, temperature, share=0.99):
    """The least confidence so that of the answers with that much or more, `share` are right."""
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
