"""Run the steps that are out of date, one after the other, and keep a record of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeVar

from spacelang.report.diagnostics import refuse
from spacelang.whole.contents import images, made
from spacelang.whole.execute import Cost, Line, execute
from spacelang.whole.plan import Planned, State, examine
from spacelang.whole.reading import Reads
from spacelang.whole.record import LOCK, LOGS, Done, Whole, read_whole, write_whole
from spacelang.whole.steps import Step, Way, clear, made_by, steps_of

try:
    from filelock import FileLock, Timeout
except ModuleNotFoundError:
    refuse("SP2107", "a run needs filelock", "in spacelang's checkout: pip install '.[train,onnx,tflite,report]'")

T = TypeVar("T")
LOCK_SECONDS = 10.0
"""How long to wait for a folder: what a killed run had started holds it for some seconds more."""


class Watch(Protocol):
    """Is told how the run goes."""

    def begins(self, each: Planned) -> Line:
        """A step begins; returns what is called with each line that it says."""

    def ends(self, each: Planned, done: Done) -> None:
        """A step is done; `each.state` is `done` for one that had nothing to do."""


def run(way: Way, watch: Watch, again: str | None = None, until: str | None = None) -> Whole:
    """Run what is to do. Killed at any moment and called again, it goes on, and ends with the same files.

    Args:
        again, until: as `plan`.

    Raises:
        SpacelangError: SP2102 if another process runs in the folder; SP2103 for a damaged record; SP2104 if a step
            fails: all before it is done.
        OSError: if the record can't be written.
    """
    way.folder.mkdir(parents=True, exist_ok=True)
    with _alone(way.folder):
        whole = _opened(way)
        forced = False
        for step in steps_of(way):
            forced = forced or step.name == again
            whole = _step(way, step, whole, watch, forced)
            if step.name == until:
                break
        return whole


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        held = FileLock(folder / LOCK).acquire(LOCK_SECONDS)
    except Timeout:
        refuse(
            "SP2102", f"another process is running in `{folder}`", "wait for it, or end it; or run into a new folder"
        )
    with held:
        yield


def _opened(way: Way) -> Whole:
    """The folder's record with what is asked for now."""
    before = read_whole(way.folder)
    now = images(way.choices.data, before.images if before else None)
    kind = "hyperspace" if way.space.kind == "hyperspace" else "space"
    whole = before or Whole(file=way.file, name=way.space.name, kind=kind, choices=way.choices)
    whole = whole.model_copy(update={"file": way.file, "choices": way.choices, "images": now})
    if whole != before:
        write_whole(way.folder, whole)
    return whole


def _step(way: Way, step: Step, whole: Whole, watch: Watch, forced: bool) -> Whole:
    """Run one step, unless it is done."""
    assert whole.images is not None
    each = examine(way, step, whole, whole.images)
    if each.state is State.DONE and not forced:
        watch.ends(each, whole.done[step.name])
        return whole
    assert each.reads is not None
    if each.state is not State.STOPPED or forced:
        clear(way, step, set(each.changed))
    whole = _begin(way, whole, step.name, each.reads)
    line = watch.begins(each)
    commands = step.commands(way)
    cost = execute(step.name, commands, way.folder / LOGS / f"{step.name}.log", line)
    done = _done(way, step, each.reads, tuple(command.text for command in commands), cost)
    whole = whole.model_copy(
        update={
            "done": {**whole.done, step.name: done},
            "begun": _without(whole.begun, step.name),
            "seconds": {**whole.seconds, step.name: done.seconds},
        }
    )
    write_whole(way.folder, whole)
    watch.ends(each, done)
    return whole


def _begin(way: Way, whole: Whole, step: str, reads: Reads) -> Whole:
    """A step that is begun is no longer done: its files may be half replaced."""
    done, begun = _without(whole.done, step), {**whole.begun, step: reads}
    whole = whole.model_copy(update={"done": done, "begun": begun})
    write_whole(way.folder, whole)
    return whole


def _without(of: Mapping[str, T], name: str) -> dict[str, T]:
    return {key: each for key, each in of.items() if key != name}


def _done(way: Way, step: Step, reads: dict[str, str], commands: tuple[str, ...], cost: Cost) -> Done:
    files = {path.relative_to(way.folder).as_posix(): made(path) for path in made_by(way, step)}
    if not files:
        refuse("SP2104", f"step `{step.name}` made no files", f"see {way.folder / LOGS / f'{step.name}.log'}")
    return Done(
        commands=commands,
        reads=reads,
        makes=files,
        seconds=round(cost.seconds, 2),
        peak_mb=round(cost.peak_mb, 1),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
    )
