"""How far a long command is: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from spacelang.cli import console
from spacelang.cli.console import say
from spacelang.report.progress import Update

LOG_SECONDS = 5.0
"""The seconds between two lines where there is no terminal."""
TELLING = 0.01
"""From this share of the work on, its speed says how long the rest takes; before that, preparing was most of it."""


@contextmanager
def progress(what: str, keeps: str = "") -> Iterator[Update]:
    """Shows the progress of what is done inside.

    Args:
        keeps: for commands that continue when they are given again, what is kept. It is said after an interruption.
    """
    shown = _bar if sys.stderr.isatty() and not console.quiet else _lines
    try:
        with shown(what) as update:
            yield update
    except KeyboardInterrupt:
        if keeps:
            say(f"{keeps}; the same command goes on from there")
        raise


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

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"))
    note_column = TextColumn("{task.fields[note]}", markup=False)
    with Progress(*columns, TimeRemainingColumn(), note_column, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None, note="")
        begun = False

        def update(done: int, total: int | None, note: str = "") -> None:
            nonlocal begun
            if not begun:  # what an earlier run did says nothing about how fast this one is
                bar.reset(task, completed=done, total=total)
                begun = True
            bar.update(task, completed=done, total=total, note=note)

        yield update


@contextmanager
def _lines(what: str) -> Iterator[Update]:
    begun = last = time.monotonic()
    before: int | None = None  # what was done when this began, of a work that goes on

    def update(done: int, total: int | None, note: str = "") -> None:
        nonlocal last, before
        now = time.monotonic()
        if before is None:
            before = max(0, done - 1)
        if done and now - last >= LOG_SECONDS:
            last = now
            share = f"of {total} ({done / total:.0%})" if total else ""
            if total and done - before >= max(1, TELLING * (total - before)):
                share += f", {(now - begun) / (done - before) * (total - done):.0f} s left"
            say(", ".join(filter(None, (f"{what}: {done} {share}".rstrip(), note))))

    say(what)
    yield update
