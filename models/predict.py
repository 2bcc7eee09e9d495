# SPDX-License-Identifier: Apache-2.0
"""Logits of emails, which are read in windows as the core reads them."""
import torch


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


def window_logits(model, emails, other, device):
    """Logits [emails, labels] of emails given as lists of windows, all in one batch."""
    flat = [window for windows in emails for window in windows]
    return combine(model(*pad(flat, device)), [len(windows) for windows in emails], other)


@torch.no_grad()
def predict(model, encoded, other, device):
    """Logits [emails, labels] of any number of emails, in batches of windows of one length."""
    model.eval()
    flat = [(i, window) for i, windows in enumerate(encoded) for window in windows]
    order = sorted(range(len(flat)), key=lambda i: len(flat[i][1][0]))
    logits = torch.zeros(len(flat), model.classifier.out_features)
    for start in range(0, len(flat), 16):
        part = order[start : start + 16]
        logits[part] = model(*pad([flat[i][1] for i in part], device)).float().cpu()
    return combine(logits, [len(windows) for windows in encoded], other)
