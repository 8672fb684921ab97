"""How a whole way goes: one screen on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from spacelang.cli import console
from spacelang.cli.console import say

if TYPE_CHECKING:
    from rich.table import Table

    from spacelang.whole import Planned
    from spacelang.whole.execute import Line
    from spacelang.whole.record import Done

MARKS = {"done": "✓", "to do": "·", "goes on": "·", "out of date": "↻", "maybe": "?"}
"""By `State`, which isn't loaded here: it brings what only a run needs."""
REFRESHED = 4
"""Times a second."""


def duration(seconds: float) -> str:
    """
    >>> duration(4.2), duration(75), duration(7260)
    ('4 s', '1:15 min', '2:01 h')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{max(1, whole)} s"
    small, unit = (whole, "min") if whole < 3600 else (whole // 60, "h")
    return f"{small // 60}:{small % 60:02} {unit}"


class Lines:
    """Plain lines. `ran`: the steps that were run."""

    def __init__(self, planned: Sequence[Planned]) -> None:
        self.planned, self.ran = planned, list[str]()

    def begins(self, each: Planned) -> Line:
        self.ran.append(each.step.name)
        why = f" ({each.why})" if each.why else ""
        say(f"{self._place(each)} {each.step.name}: {each.step.title}{why}")
        return lambda line: say(f"    {line}")

    def ends(self, each: Planned, done: Done) -> None:
        if each.step.name in self.ran:
            say(f"{self._place(each)} {each.step.name}: {duration(done.seconds)}, {done.peak_mb / 1000:.1f} GB")
        else:
            say(f"{self._place(each)} {each.step.name}: done already")

    def _place(self, each: Planned) -> str:
        names = [planned.step.name for planned in self.planned]
        return f"[{names.index(each.step.name) + 1}/{len(names)}]"


class Screen(Lines):
    """A table of all steps, drawn again while they run."""

    def __init__(self, planned: Sequence[Planned]) -> None:
        super().__init__(planned)
        self.took: dict[str, float] = {}
        self.now, self.begun, self.line = "", 0.0, ""

    def begins(self, each: Planned) -> Line:
        self.ran.append(each.step.name)
        self.now, self.begun, self.line = each.step.name, time.monotonic(), ""
        return self._say

    def ends(self, each: Planned, done: Done) -> None:
        self.took[each.step.name], self.now = done.seconds, ""

    def _say(self, line: str) -> None:
        self.line = line or self.line

    def __rich__(self) -> Table:
        from spacelang.cli.show import simple_table

        shown = simple_table("", ("", "step", "what", "time", ""), ("time",))
        for each in self.planned:
            shown.add_row(*self._row(each), style="bold" if each.step.name == self.now else None)
        return shown

    def _row(self, each: Planned) -> tuple[str, ...]:
        name = each.step.name
        if name == self.now:
            return "▶", name, each.step.title, duration(time.monotonic() - self.begun), self.line
        if name in self.took:
            return "✓", name, each.step.title, duration(self.took[name]), "" if name in self.ran else "done already"
        takes = f"about {duration(each.estimate.seconds)}" if each.estimate else ""
        return MARKS[each.state], name, each.step.title, takes, each.why


@contextmanager
def watching(planned: Sequence[Planned]) -> Iterator[Lines]:
    """What shows how the steps go that are run inside."""
    if not sys.stderr.isatty() or console.quiet:
        yield Lines(planned)
        return
    from rich.console import Console
    from rich.live import Live

    screen = Screen(planned)
    with Live(screen, console=Console(stderr=True, markup=False), refresh_per_second=REFRESHED):
        yield screen
