# SPDX-License-Identifier: Apache-2.0
"""Variations of training emails that leave their labels alone: dull subjects, typing errors, and
long mail made of short: the email, and around it what real threads carry along."""
import textwrap

from data import MESSAGE_MAX

DULL_SUBJECTS = ["(no subject)", "Hello", "Question", "Help", "Re:", "Fwd:", "Enquiry", "Urgent",
                 "Email", "Message from website", "Re: your email", "Request", "hi", "Insurance"]
NAMES = ["Claims Team", "Customer Care", "J. Okafor", "Maureen", "Priya Nair", "Support", "Dan"]


def swap_letters(text, rng):
    """Some typing errors: about one in forty letters doubled, dropped or swapped."""
    out = list(text)
    for _ in range(len(text) // 40):
        i = rng.randrange(len(out) - 1)
        kind = rng.randrange(3)
        if not (out[i].isalpha() and out[i + 1].isalpha()):
            continue
        if kind == 0:
            out[i], out[i + 1] = out[i + 1], out[i]
        elif kind == 1:
            out[i] = out[i] * 2
        else:
            del out[i]
    return "".join(out)


def quoted(email, rng):
    """The email as an earlier one in a thread, its lines marked with "> "."""
    name = rng.choice(NAMES)
    head = rng.choice([f"On {rng.randint(1, 28)} May {name} wrote:",
                       f"-----Original Message-----\nFrom: {name}\nSubject: {email['subject']}",
                       f"{name} wrote:"])
    return head + "\n" + textwrap.indent(textwrap.fill(email["message"], 70), "> ")


def lengthen(email, others, rng):
    """A long email with the label of `email`. Quoted mail of any kind follows it; unmarked text,
    before or after it, comes from mail of the same label or of "Other", which decides nothing."""
    parts, goal = [email["message"]], rng.randint(1200, MESSAGE_MAX)
    for _ in range(30):
        other = rng.choice(others)
        harmless = other["label"] in (email["label"], "Other") and email["label"] != "Other"
        if harmless and rng.random() < 0.7:
            parts.insert(rng.randint(0, len(parts)), other["message"])
        elif rng.random() < 0.4 or other["label"] == email["label"]:
            parts.append(quoted(other, rng))
        if sum(map(len, parts)) > goal:
            break
    message = "\n\n".join(parts)
    return message if len(message) <= MESSAGE_MAX else email["message"]


def vary(email, others, rng, long_share):
    """A variation of the email; `others` are the emails that may stand around it."""
    subject, message = email["subject"], email["message"]
    if rng.random() < 0.15:
        subject = rng.choice(DULL_SUBJECTS)
    if rng.random() < 0.15 and len(message) > 60:
        message = swap_letters(message, rng)
    if rng.random() < long_share:
        message = lengthen({**email, "message": message}, others, rng)
    return {"subject": subject, "message": message}
