"""How far a long command is: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from spacelang.cli.console import say

LOG_SECONDS = 5.0
"""Between two lines where there is no terminal."""

Update = Callable[[int, int], None]


@contextmanager
def progress(what: str) -> Iterator[Update]:
    """Gives a function to call with how much is done, and how much there is."""
    with (_bar if sys.stderr.isatty() else _lines)(what) as update:
        yield update


@contextmanager
def _bar(what: str) -> Iterator[Update]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("left:"), TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _lines(what: str) -> Iterator[Update]:
    begun = last = time.monotonic()

    def update(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done and now - last >= LOG_SECONDS:
            last = now
            left = (now - begun) / done * (total - done)
            say(f"{what}: {done} of {total} ({done / total:.0%}), about {left:.0f} s left")

    say(what)
    yield update
