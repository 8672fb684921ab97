"""The plan: which steps are done, which are to do, which are out of date and why, and how long they may take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from spacelang.report.suggest import some
from spacelang.whole.contents import images, is_as_made
from spacelang.whole.estimate import Estimate, estimate
from spacelang.whole.reading import Reads
from spacelang.whole.record import Done, Images, Whole, read_whole
from spacelang.whole.steps import Step, Way, reads_of, steps_of

SHOWN = 3
"""More changes than these are counted, not named."""


class State(StrEnum):
    """Attributes:
    STOPPED: it was begun and goes on.
    WAITS: it was done; whether it is out of date depends on what earlier steps make.
    """

    DONE = "done"
    TO_DO = "to do"
    STOPPED = "goes on"
    OUT_OF_DATE = "out of date"
    WAITS = "maybe"

    @property
    def runs(self) -> bool:
        """Whether the step is known to run."""
        return self in (State.TO_DO, State.STOPPED, State.OUT_OF_DATE)


class Planned(NamedTuple):
    """Attributes:
    why: empty for what is done.
    changed: what it reads that has changed since.
    reads: what it reads now; None where that is not known yet.
    estimate: None for what is done.
    """

    step: Step
    state: State
    why: str
    changed: frozenset[str] = frozenset()
    reads: Reads | None = None
    estimate: Estimate | None = None


def plan(way: Way, again: str | None = None, until: str | None = None) -> list[Planned]:
    """The steps of a way in their order.

    Args:
        again: this step and what follows are run again, whether or not they are out of date.
        until: the last step.

    Raises:
        SpacelangError: SP2103 if the folder's record is damaged; if what a step reads can't be read.
    """
    whole = read_whole(way.folder)
    now = images(way.choices.data, whole.images if whole else None)
    found: list[Planned] = []
    forced = False
    for step in steps_of(way):
        forced = forced or step.name == again
        open_steps = {each.step.name for each in found if each.state is not State.DONE}
        each = waiting(step, whole, open_steps) if open_steps & set(step.needs) else examine(way, step, whole, now)
        if forced and each.state in (State.DONE, State.WAITS):
            each = each._replace(state=State.OUT_OF_DATE, why=f"--from {again}")
        if each.state is not State.DONE:
            each = each._replace(estimate=estimate(way, each.step, whole, len(each.changed)))
        found.append(each)
        if step.name == until:
            break
    return found


def waiting(step: Step, whole: Whole | None, open_steps: Iterable[str]) -> Planned:
    """A step that reads what earlier steps are still to make."""
    before = " and ".join(each for each in step.needs if each in open_steps)
    if whole is None or step.name not in whole.done:
        return Planned(step, State.TO_DO, "")
    return Planned(step, State.WAITS, f"if {before} makes something else than before")


def examine(way: Way, step: Step, whole: Whole | None, now: Images) -> Planned:
    """A step whose earlier steps are done."""
    reads = reads_of(way, step, now.sha256)
    done = whole.done.get(step.name) if whole else None
    begun = whole.begun.get(step.name) if whole else None
    if begun == reads:
        return Planned(step, State.STOPPED, "it was stopped", reads=reads)
    if done is None and begun is None:
        return Planned(step, State.TO_DO, "", reads=reads)
    if done is None:
        changed = differing(begun or {}, reads)
        return Planned(step, State.OUT_OF_DATE, f"it was begun, then {_why(changed)}", changed, reads)
    changed = differing(done.reads, reads)
    if changed:
        return Planned(step, State.OUT_OF_DATE, _why(changed), changed, reads)
    if damaged := damage(way, done):
        return Planned(step, State.OUT_OF_DATE, damaged, reads=reads)
    return Planned(step, State.DONE, "", reads=reads)


def differing(before: Mapping[str, str], now: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name for name in {**before, **now} if before.get(name) != now.get(name))


def _why(changed: frozenset[str]) -> str:
    return f"{some(sorted(changed), SHOWN)} changed"


def damage(way: Way, done: Done) -> str:
    """What became of the files of a step; empty if they are as it made them."""
    for name, known in done.makes.items():
        path = way.folder / name
        if not is_as_made(path, known):
            return f"{path} {'has been edited' if path.exists() else 'is missing'}"
    return ""
