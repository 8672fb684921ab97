"""The steps: what each reads, the commands it runs, what it makes.

What a step reads decides whether it is out of date, so it names meanings and not texts: the parts of a space, the
settings that the step uses, the content of files that earlier steps made.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from spacelang import __version__, ir
from spacelang.whole import commands, reading
from spacelang.whole.commands import Command, Means
from spacelang.whole.reading import Reads
from spacelang.whole.record import Choices

__all__ = ["STEPS", "Choices", "Command", "Means", "Step", "Way", "clear", "made_by", "reads_of", "steps_of"]

BEFORE, ASIDE = "before", ("train", "best.space", "optimum.space")
"""Where to, and what, is moved before it is made again: hours of training, or what was edited by hand. A change may be
a slip. What is moved next replaces it."""


class Way(NamedTuple):
    """What is run. file: as the command line named it."""

    file: str
    space: ir.SearchSpace
    folder: Path
    choices: Choices
    means: Means = Means()

    @property
    def found(self) -> str:
        """The file with the space that is trained."""
        return str(self.folder / "optimum.space") if self.space.kind == "hyperspace" else self.file


class Step(NamedTuple):
    """Attributes:
    title: what it does, in a few words.
    needs: the steps whose files decide whether it is out of date; all steps before it come first in any case.
    makes: patterns of the files that it makes, within the folder.
    clears: what is removed before it is made again, within the folder.
    """

    name: str
    title: str
    needs: tuple[str, ...]
    reads: Callable[[Way, Mapping[str, str]], Reads]
    commands: Callable[[Way], list[Command]]
    makes: tuple[str, ...]
    clears: tuple[str, ...] = ()


STEPS = (
    Step(
        "compile", "the supernet, the distillation jobs, the kernels", (),
        reading.compile, commands.compile,
        ("compiled/*.*", "compiled/bkd/jobs.json", "compiled/bkd/*.sh", "compiled/bkd/*.py"),
    ),
    Step(
        "distill", "a student for every stage and block, from a teacher", (),
        reading.distill, commands.distill,
        ("compiled/bkd/students/*",),
    ),
    Step(
        "table", "losses of stage architectures, INT8 and FP32", ("distill",),
        reading.table, commands.table,
        ("losses.parquet",),
    ),
    Step(
        "attach", "their latencies on the device", ("table",),
        reading.attach, commands.attach,
        ("table.parquet",),
    ),
    Step(
        "evolve", "aging evolution over all spaces", ("attach",),
        reading.evolve, commands.evolve,
        ("best.space", "history.jsonl", "evolve.json"), ("history.jsonl", "best.space"),
    ),
    Step(
        "solve", "the best space of all, proved", ("attach",),
        reading.solve, commands.solve,
        ("optimum.space", "solve.json"), ("optimum.space",),
    ),
    Step(
        "train", "the supernet, FP32, then with quantisers (QAT)", ("solve",),
        reading.train, commands.train,
        ("train/supernet.safetensors", "train/run.json", "train/space.space"), ("train",),
    ),
    Step(
        "search", "the best models within each latency target", ("train",),
        reading.search, commands.search,
        ("models/*.*",), ("models",),
    ),
    Step(
        "export", "each of them as INT8 files that ship", ("search",),
        reading.export, commands.export,
        ("files/*",), ("files",),
    ),
    Step(
        "evaluate", "accuracy of the files as they ship", ("export",),
        reading.evaluate, commands.evaluate,
        ("accuracy.json",),
    ),
    Step(
        "bench", "latency of the files on this machine", ("export",),
        reading.bench, commands.bench,
        ("latency-*.json",),
    ),
    Step(
        "report", "one page that shows it all", ("evaluate", "bench"),
        reading.report, commands.report,
        ("report.html",),
    ),
)  # fmt: skip
FROM_SPACE = "train"
"""The first step for a file that declares a space: nothing is left to search in it."""


def steps_of(way: Way) -> tuple[Step, ...]:
    """All steps for a hyperspace; those from `train` on for a space."""
    if way.space.kind == "hyperspace":
        return STEPS
    first = next(at for at, each in enumerate(STEPS) if each.name == FROM_SPACE)
    before = {each.name for each in STEPS[:first]}
    return tuple(
        step._replace(needs=tuple(each for each in step.needs if each not in before)) for step in STEPS[first:]
    )


def reads_of(way: Way, step: Step, images: str) -> Reads:
    """A hash of each thing that the step reads. images: the hash of their contents.

    Raises: SpacelangError: if a file that it reads can't be read.
    """
    return {**step.reads(way, {"the images": images}), "spacelang": __version__}


def is_ours(name: str) -> bool:
    """Whether a file or folder in a run's folder is what some step makes."""
    patterns = {Path(each).parts[0] for step in STEPS for each in step.makes}
    return any(fnmatch(name, each) for each in (*patterns, BEFORE))


def made_by(way: Way, step: Step) -> Iterator[Path]:
    """The files of a step that are there, in a fixed order."""
    for pattern in step.makes:
        yield from (each for each in sorted(way.folder.glob(pattern)) if each.is_file() and each.name[0] != ".")


def clear(way: Way, step: Step, changed: set[str]) -> None:
    """Remove what an out-of-date step left, where its command wouldn't go on from it. changed: what it reads."""
    if step.name == "distill" and "the images" in changed:
        # Its own fingerprint of a folder is of paths and sizes; here a content has changed.
        for name in ("students", "checkpoints", "teacher", "run.json"):
            _remove(way.folder / "compiled" / "bkd" / name)
    for name in step.clears:
        if name in ASIDE and (way.folder / name).exists():
            _set_aside(way.folder, name)
        _remove(way.folder / name)


def _set_aside(folder: Path, name: str) -> None:
    _remove(folder / BEFORE / name)
    (folder / BEFORE).mkdir(exist_ok=True)
    (folder / name).rename(folder / BEFORE / name)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
