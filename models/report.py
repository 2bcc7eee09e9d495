# SPDX-License-Identifier: Apache-2.0
"""What the email-classifier program does for training: cleaning, converting, judging."""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = HERE.parent / "build" / "native" / "serverless" / "email-classifier"


def clean(program, emails):
    """The emails with their messages as the core reads them, without quoted mail and the like."""
    lines = "".join(json.dumps({"subject": e["subject"], "message": e["message"]}) + "\n"
                    for e in emails)
    out = subprocess.run([program, "clean", "--input-format", "jsonl", "-"], input=lines,
                         check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout
    return [email | {"message": json.loads(line)["message"]}
            for email, line in zip(emails, out.rstrip("\n").split("\n"), strict=True)]


def convert(program, folder, bundle, settings):
    """Writes the bundle of the directory `folder`, with these settings (FORMAT.md)."""
    path = pathlib.Path(folder) / "email_classifier.json"
    path.write_text(json.dumps(settings, indent=1) + "\n")
    subprocess.run([program, "convert", folder, bundle, "--force"], check=True,
                   stdout=subprocess.DEVNULL)


def write_report(program, folder, settings, emails):
    """Converts, and judges the int8 bundle by labelled emails: report.txt with the figures of each
    class and the confusion matrix, and reliability.svg. Returns the text."""
    folder = pathlib.Path(folder)
    bundle, judged = folder / "email-classifier.ecm", folder / "judged.jsonl"
    convert(program, folder, bundle, settings)
    with judged.open("w", encoding="utf-8") as file:
        for email in emails:
            line = {key: email[key] for key in ("subject", "message", "label")}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    text = subprocess.run([program, "evaluate", "--model", bundle, judged], check=True,
                          capture_output=True, text=True).stdout
    (folder / "report.txt").write_text(text, encoding="utf-8")
    subprocess.run([sys.executable, HERE / "reliability.py", program, bundle,
                    folder / "reliability.svg", judged], check=True)
    return text
