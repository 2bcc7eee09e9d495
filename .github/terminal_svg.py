#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws text from standard input as a terminal window, the picture of the README.

  (echo '$ ./dev run models/samples/*.txt'; ./dev run models/samples/*.txt 2>/dev/null) |
      .github/terminal_svg.py > .github/terminal.svg
"""
import html
import sys

CHARACTER, LINE, MARGIN = 8.4, 20, 20


def main():
    lines = sys.stdin.read().rstrip("\n").expandtabs().split("\n")
    width = round(max(map(len, lines)) * CHARACTER + 2 * MARGIN)
    height = len(lines) * LINE + 2 * MARGIN + 14
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
          f'height="{height}" role="img" aria-label="./dev run classifies the sample emails">')
    print(f'<rect width="{width}" height="{height}" rx="8" fill="#16181d"/>')
    for number, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        print(f'<circle cx="{MARGIN + 18 * number}" cy="18" r="5" fill="{colour}"/>')
    print('<g font-family="ui-monospace,Menlo,Consolas,monospace" font-size="14" fill="#d6d9e0" '
          'xml:space="preserve">')
    for number, line in enumerate(lines):
        y = MARGIN + 28 + number * LINE
        style = ' fill="#8be9a8"' if line.startswith("$") else ""
        print(f'<text x="{MARGIN}" y="{y}"{style}>{html.escape(line)}</text>')
    print("</g>\n</svg>")


if __name__ == "__main__":
    main()
