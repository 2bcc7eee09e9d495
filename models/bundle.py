#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the shipped bundle of a trained checkpoint: measures rules and model, then converts.

  models/bundle.py CHECKPOINT

Writes models/default/email-classifier.ecm, evaluation.json and reliability.svg,
models/samples/answers.json and models/data/validation_float_scores.jsonl. The confidence of a
key-word rule is its precision on the training mail, where it is the first of the list to match.
Nothing but figures comes from validation mail.
"""
import argparse
import hashlib
import json
import pathlib
import re
import subprocess
import sys

import data
import report

HERE = pathlib.Path(__file__).parent
VALIDATION = {"ordinary": HERE / "data" / "validation.jsonl",
              "hard": HERE / "data" / "validation-hard.jsonl"}
BUNDLE = HERE / "default" / "email-classifier.ecm"


def matcher(words):
    """The whole-word, case-folded match of core/src/rules.c, for these plain words."""
    alternatives = "|".join(re.escape(w).replace(r"\ ", r"\s+") for w in words)
    return re.compile(rf"(?<![^\W_])(?:{alternatives})(?![^\W_])", re.IGNORECASE)


def first_match(rules, email):
    text = email["subject"] + "\n" + email["message"]
    return next((i for i, rule in enumerate(rules) if rule["match"].search(text)), None)


def measure_rules(emails):
    """models/rules.json with each rule's precision as its confidence; overall accuracy."""
    rules = json.loads((HERE / "rules.json").read_text())
    for rule in rules:
        rule.update(match=matcher(rule["words"]), hits=0, right=0)
    correct = 0
    for email in emails:
        index = first_match(rules, email)
        correct += (rules[index]["label"] if index is not None else "Other") == email["label"]
        if index is not None:
            rules[index]["hits"] += 1
            rules[index]["right"] += rules[index]["label"] == email["label"]
    out = [{"label": r["label"], "confidence": round(r["right"] / max(1, r["hits"]), 3),
            "words": r["words"]} for r in rules]
    return out, round(correct / len(emails), 4)


def run(*command):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True)


def evaluate(program):
    """What the program's evaluate says of each part of the validation mail, but for its speed."""
    figures = {}
    for part, path in VALIDATION.items():
        out = run(program, "evaluate", "--model", BUNDLE, "--format", "json", path).stdout
        figures[part] = json.loads(out)
        del figures[part]["emails_per_second"]
    return figures


def sample_answers(program):
    """What the native program answers to the sample emails; other hosts must agree."""
    paths = sorted((HERE / "samples").glob("*.txt"))
    lines = run(program, "classify", "--model", BUNDLE, "--format", "json", *paths).stdout
    answers = [json.loads(line) for line in lines.splitlines()]
    return {path.name: {"label": a["label"], "confidence": a["confidence"]}
            for path, a in zip(paths, answers)}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--program", default=report.PROGRAM)
    parser.add_argument("--version", default="1.2.0")
    options = parser.parse_args()
    record = json.loads((pathlib.Path(options.checkpoint) / "training.json").read_text())
    training = data.read_all(sorted((HERE / "data").glob("train-*.jsonl")))
    rules, rules_accuracy = measure_rules(training)
    run(sys.executable, HERE / "float_scores.py", options.checkpoint,
        HERE / "data" / "validation_float_scores.jsonl", *VALIDATION.values())
    settings = {
        "name": "all-MiniLM-L6-v2 for car insurance mail", "version": options.version,
        "licence": "Apache-2.0", "default_label": "Other",
        "temperature": record["temperature"], "review_threshold": record["review_threshold"],
        "training": record, "rules_accuracy_on_training_mail": rules_accuracy, "rules": rules}
    report.convert(options.program, options.checkpoint, BUNDLE, settings)
    figures = evaluate(options.program)
    keys = ("emails", "accuracy", "macro_f1", "calibration_error")
    parts = {part: {"validation_sha256": hashlib.sha256(VALIDATION[part].read_bytes()).hexdigest(),
                    **{key: found[key] for key in keys}}
             for part, found in figures.items()}
    evaluation = {**parts["ordinary"], "hard": parts["hard"]}
    settings["evaluation"] = evaluation
    report.convert(options.program, options.checkpoint, BUNDLE, settings)
    (HERE / "default" / "evaluation.json").write_text(json.dumps(figures, indent=1) + "\n")
    (HERE / "samples" / "answers.json").write_text(
        json.dumps(sample_answers(options.program), indent=1) + "\n")
    run(sys.executable, HERE / "reliability.py", options.program, BUNDLE,
        HERE / "default" / "reliability.svg", *VALIDATION.values())
    print(json.dumps({**evaluation, "rules": rules_accuracy}, indent=1))
    for rule in rules:
        print(f"rule {rule['label']}: precision {rule['confidence']}")


if __name__ == "__main__":
    main()
