#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws how far confidence can be trusted: of the answers with a confidence, how many are right.

  models/reliability.py PROGRAM BUNDLE OUT.svg EMAILS.jsonl...

PROGRAM is email-classifier; each dot is one of ten steps of confidence, its area the emails in it.
"""
import json
import pathlib
import subprocess
import sys

BINS, SIZE, LEFT, TOP = 10, 320, 50, 15


def answers(program, bundle, paths):
    """(confidence, right) of each labelled email."""
    for path in paths:
        out = subprocess.run([program, "batch", "--model", bundle, path], check=True,
                             capture_output=True, text=True, encoding="utf-8").stdout
        with path.open(encoding="utf-8") as emails:
            for email, answer in zip(emails, out.split("\n"), strict=False):
                email, answer = json.loads(email), json.loads(answer)
                if "error" not in answer:
                    yield answer["confidence"], answer["label"] == email["label"]


def bins(pairs):
    """(emails, mean confidence, share right) of each step of confidence that has emails."""
    groups = [[] for _ in range(BINS)]
    for confidence, right in pairs:
        groups[min(BINS - 1, int(confidence * BINS))].append((confidence, right))
    return [(len(g), sum(c for c, _ in g) / len(g), sum(r for _, r in g) / len(g))
            for g in groups if g]


def svg(points):
    total = sum(count for count, _, _ in points)

    def x(share):
        return LEFT + share * SIZE

    def y(share):
        return TOP + (1 - share) * SIZE

    def text(place_x, place_y, what, anchor="middle"):
        return f'<text x="{place_x}" y="{place_y}" text-anchor="{anchor}">{what}</text>'

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + SIZE + 20} '
           f'{TOP + SIZE + 45}" font-family="sans-serif" font-size="12" role="img" '
           f'aria-label="Reliability diagram">',
           '<rect width="100%" height="100%" fill="#fff"/>',
           f'<rect x="{LEFT}" y="{TOP}" width="{SIZE}" height="{SIZE}" fill="none" stroke="#888"/>',
           f'<path d="M{x(0)} {y(0)}L{x(1)} {y(1)}" stroke="#888" stroke-dasharray="4"/>']
    for step in (0, 0.25, 0.5, 0.75, 1):
        out += [text(x(step), y(0) + 16, f"{step:.0%}"),
                text(x(0) - 6, y(step) + 4, f"{step:.0%}", "end")]
    for count, confidence, right in points:
        radius = 3 + 20 * (count / total) ** 0.5
        out.append(f'<circle cx="{x(confidence):.1f}" cy="{y(right):.1f}" r="{radius:.1f}" '
                   f'fill="#1668a7" fill-opacity="0.55"><title>{count} emails, confidence '
                   f'{confidence:.3f}, right {right:.3f}</title></circle>')
    out += [text(x(0.5), y(0) + 36, f"confidence ({total} validation emails)"),
            f'<text transform="translate(14 {y(0.5)}) rotate(-90)" text-anchor="middle">'
            "right</text>",
            "</svg>"]
    return "\n".join(out) + "\n"


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    program, bundle, out, *paths = sys.argv[1:]
    points = bins(answers(program, bundle, [pathlib.Path(path) for path in paths]))
    pathlib.Path(out).write_text(svg(points), encoding="utf-8")


if __name__ == "__main__":
    main()
