#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes labelled emails in the shapes that mail programs give them, from training mail that is held
out, to measure cleaning with:

  tests/bench/make_mail_shapes.py SHAPE > build/shape.jsonl
  build/native/serverless/email-classifier evaluate [--whole-messages] build/shape.jsonl

SHAPE is one of
  reply    an email above the quoted mail of another label
  html     the same as HTML, bottom posts among them
  cover    a note such as "please see below" above forwarded mail, whose label counts
  chaser   an answer of a few words above the quoted email, whose label counts
  footers  an email with the banner of a mail gateway, a signature block and a disclaimer
"""
import html
import json
import pathlib
import random
import sys
import textwrap

MODELS = pathlib.Path(__file__).resolve().parents[2] / "models"
sys.path.insert(0, str(MODELS))
import data  # noqa: E402

NAMES = ["Claims Team", "Maureen Doyle", "J. Okafor", "Priya Nair", "Support Desk", "Dan Webb"]
COVERS = [
    "FYI", "Please see below.", "See below, please action.", "Hi,\n\nPlease see the email below "
    "from our client. Can you deal with this please?\n\nThanks\nJo", "Morning,\n\nForwarding this "
    "from the customer, it came to us by mistake.\n\nKind regards,\nPriya Nair\nHarbour Insurance "
    "Brokers\nT: 01632 960 441", "Over to you.", "Hello team, passing this on as it came to the "
    "wrong address. I have told the sender that somebody will get back to them today.\n\nRegards\n"
    "Maureen", "For your attention.\n\nSent from my iPhone", "Hi claims, can you pick this one up? "
    "Our client needs an answer by the end of the week.\n\nMany thanks,\nDan", "Below FYA.", "",
    "Good afternoon,\n\nPlease find below an email we received from our mutual client this morning. "
    "We should be grateful if you would contact them directly and let us know the outcome for our "
    "file.\n\nKind regards,\n\nSusan Ferris\nAccount Handler\nFerris & Lowe Ltd\n01632 960 112",
]
CHASERS = [
    "Any news on this please?", "Hi, did you get my email below? Thanks", "Just chasing this up.",
    "Yes please, go ahead.\n\nThanks\nSam", "Hello, it has been a week now and nobody has answered "
    "me. Please can somebody ring me today.\n\nRegards\nSam Ford", "Thank you, that is all fine with "
    "me.", "Hi, as requested, my number is 07700 900142.", "Sorry, I forgot to say that I am at work "
    "until five. Please ring after that.", "Bump", "Please confirm receipt of the below. Regards, Sam",
]
BANNERS = [
    "CAUTION: This email originated from outside of the organization. Do not click links or open "
    "attachments unless you recognize the sender and know the content is safe.",
    "[EXTERNAL EMAIL] Do not click links unless you trust the sender.",
    "You don't often get email from this address. Learn why this is important",
]
SIGNATURES = [
    "Kind regards,\n\nSusan Ferris\nAccount Handler\nFerris Glass & Recovery Ltd\nT: 01632 960 112\n"
    "E: s.ferris@ferris.example\nwww.ferris.example",
    "-- \nDan Webb | Crash Repair Centre Manager\nWebb Motors, Theft Recovery and Breakdown Services\n"
    "dan@webb.example",
    "Thanks,\nMaureen\n\nSent from my iPhone",
    "Best regards\nJ. Okafor\nRenewals Director, Okafor & Sons\nMobile 07700 900 377",
]
DISCLAIMERS = [
    "This email and any attachments are confidential and intended solely for the use of the "
    "individual to whom they are addressed. If you are not the intended recipient please delete this "
    "email and notify the sender. We accept no liability for any loss or damage caused by viruses.",
    "Confidentiality notice: this message is intended only for the addressee and may be legally "
    "privileged. Any unauthorised use or disclosure is prohibited. Registered in England No. 04412345. "
    "Registered office: 1 High Street, Leeds.",
    "Please consider the environment before printing this email.",
]


def marked(text, width=72):
    lines = [line for part in text.split("\n") for line in textwrap.wrap(part, width) or [""]]
    return "\n".join(("> " + line).rstrip() for line in lines)


def headers(email, rng, date="Sent"):
    name = rng.choice(NAMES)
    return (f"From: {name} <{name.split()[0].lower()}@mail.example>\n{date}: Monday, 3 November 2025 "
            f"10:{rng.randint(10, 59)}\nTo: Motor <motor@insurer.example>\nSubject: {email['subject']}")


def quote(email, rng):
    """The email as Gmail, Outlook (two of its forms), Apple Mail or Thunderbird quote it."""
    name, text = rng.choice(NAMES), email["message"]
    return rng.choice([
        f"On Mon, Nov 3, 2025 at 10:{rng.randint(10, 59)} AM {name} <mail@mail.example>\nwrote:\n\n"
        + marked(text),
        f"________________________________\n{headers(email, rng)}\n\n{text}",
        f"-----Original Message-----\n{headers(email, rng)}\n\n{text}",
        f"On 3 Nov 2025, at 10:14, {name} <mail@mail.example> wrote:\n\n" + marked(text),
        f"On 03/11/2025 10:14, {name} wrote:\n" + marked(text),
    ])


def forwarded(email, rng):
    text = email["message"]
    return rng.choice([
        f"---------- Forwarded message ---------\n{headers(email, rng, 'Date')}\n\n\n{text}",
        f"{headers(email, rng)}\n\n{text}",
        f"Begin forwarded message:\n\n{headers(email, rng, 'Date')}\n\n{text}",
        f"-------- Forwarded Message --------\n{headers(email, rng, 'Date')}\n\n{text}",
    ])


def as_html(text):
    return "".join(f"<div>{html.escape(line) or '<br>'}</div>" for line in text.split("\n"))


def html_reply(email, other, rng):
    own, old, name = as_html(email["message"]), as_html(other["message"]), rng.choice(NAMES)
    said = f"On Mon, Nov 3, 2025 at 10:14 AM {name} &lt;mail@mail.example&gt; wrote:"
    return rng.choice([
        f'<div dir="ltr">{own}</div><br><div class="gmail_quote"><div class="gmail_attr">{said}<br>'
        f'</div><blockquote class="gmail_quote">{old}</blockquote></div>',
        f'<html><body>{own}<hr><p class="MsoNormal"><b>From:</b> {name}<br><b>Sent:</b> Monday<br>'
        f'<b>To:</b> Motor<br><b>Subject:</b> {html.escape(other["subject"])}</p>{old}</body></html>',
        f'<html><body><div class="moz-cite-prefix">{said}<br></div><blockquote type="cite">{old}'
        f"</blockquote>{own}</body></html>",
    ])


def footers(email, rng):
    parts = [rng.choice(BANNERS), email["message"], rng.choice(SIGNATURES), rng.choice(DISCLAIMERS)]
    return "\n\n".join(parts)


def shape(kind, email, others, rng):
    other = rng.choice([e for e in others if e["label"] != email["label"]])
    subject = email["subject"]
    if kind == "reply":
        return "Re: " + subject, email["message"] + "\n\n" + quote(other, rng)
    if kind == "html":
        return "Re: " + subject, html_reply(email, other, rng)
    if kind == "cover":
        prefix = rng.choice(["Fwd: ", "FW: ", ""])
        return prefix + subject, rng.choice(COVERS) + "\n\n" + forwarded(email, rng)
    if kind == "chaser":
        return "Re: " + subject, rng.choice(CHASERS) + "\n\n" + quote(email, rng)
    return subject, footers(email, rng)


def main():
    kinds = ("reply", "html", "cover", "chaser", "footers")
    if len(sys.argv) != 2 or sys.argv[1] not in kinds:
        sys.exit(__doc__)
    rng = random.Random(5)
    paths = sorted((MODELS / "data").glob("train-*.jsonl"))
    emails = data.split([e for path in paths for e in data.read(path)])[1]
    short = [e for e in emails if len(e["message"]) < 1500]
    for email in short[::3]:
        subject, message = shape(sys.argv[1], email, short, rng)
        line = {"label": email["label"], "subject": subject[:200], "message": message}
        if len(message) <= 5000:
            print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    main()
