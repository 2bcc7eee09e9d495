# SPDX-License-Identifier: Apache-2.0
"""A bar on a terminal; nothing where the output is a file."""
import sys
import time

WIDTH = 24


class Bar:
    def __init__(self, title, total):
        self.title, self.total, self.began = title, total, time.monotonic()

    def show(self, done, text):
        """`done` of the total; the line ends with the last."""
        if not sys.stderr.isatty():
            return
        full = WIDTH * done // self.total
        left = (time.monotonic() - self.began) / max(1, done) * (self.total - done)
        print(f"\r{self.title} [{'#' * full}{'.' * (WIDTH - full)}] "
              f"{100 * done // self.total:3} %, {text}, {left:.0f} s left\x1b[K",
              end="\n" if done == self.total else "", file=sys.stderr, flush=True)
