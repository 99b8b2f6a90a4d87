"""What the person sees: plain lines, and for a download how far it is."""

from __future__ import annotations

import sys
import time

from .disk import text_of


def say(text: str) -> None:
    print(f"epichat: {text}", file=sys.stderr, flush=True)


class Progress:
    """Download progress: one line that rewrites itself on a terminal, a line every quarter of the way elsewhere."""

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = max(total, 1)
        self._terminal = sys.stderr.isatty()
        self._shown = 0
        self._started = time.monotonic()

    def show(self, count: int) -> None:
        percent = min(100, count * 100 // self._total)
        step = percent if self._terminal else percent // 25 * 25
        if step <= self._shown:
            return
        self._shown = step
        rate = count / 1e6 / max(time.monotonic() - self._started, 0.1)
        line = f"epichat: {self._what}: {text_of(count)} of {text_of(self._total)}, {percent} %, {rate:.0f} MB/s"
        shown = f"\r{line}\033[K" if self._terminal else f"{line}\n"
        print(shown, end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._terminal and self._shown > 0:
            print(file=sys.stderr, flush=True)
