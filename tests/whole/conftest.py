"""A hyperspace, and stand-ins for the commands of all steps that make small files of what they would read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path

import pytest

import spacelang
from spacelang import ir
from spacelang.networks.genome import decode, narrow
from spacelang.translate.printer import to_text
from spacelang.whole import Planned, Way, open_way, plan
from spacelang.whole import run as run_steps
from spacelang.whole.commands import Command
from spacelang.whole.execute import Cost, Line
from spacelang.whole.record import Done, Whole
from tests.train.images import image_folder

module = import_module("spacelang.whole.run")

SPACE = """language 1

import "std/blocks.space"

device cpu { runtime onnxruntime, precision int8, threads 1, widths multiple of 8 }

hyperspace tiny on cpu {
  input      3 channels
  resolution {8, 16}
  classes    3

  blocks {
    0 = mbv2      { kernel {3, 5}, expand {1, 2}, act relu6 }
    1 = fused_mb  { kernel 3, expand {1, 2}, act hswish }
  }

  stem  conv  { depth 1, stride 2, width 8, kernel 3, act relu }

  stage stage1  { depth 1, stride 1, width 2 of 8..24 }
  stage stage2  { depth 1, stride 1, width 2 of 16..32 }

  head {
    pool
    linear -> classes
  }

  targets latency {1, 2} ms
  distill { epochs 1, quantised_epochs 1, batch 4, architectures 4, calibration_batches 1 }
}
"""


class Followed:
    """A watch. ran: the steps that were run. why: by step, what was said about it."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.why: dict[str, str] = {}

    def begins(self, each: Planned) -> Line:
        self.ran.append(each.step.name)
        self.why[each.step.name] = each.why
        return lambda line: None

    def ends(self, each: Planned, done: Done) -> None: ...


class Project:
    """A `.space` file, images and a folder, whose steps are stand-ins."""

    def __init__(self, root: Path) -> None:
        self.file, self.folder = root / "tiny.space", root / "out"
        self.images = image_folder(root / "images", train=3, validation=1)
        self.file.write_text(SPACE)
        self.watch = Followed()

    def edit(self, before: str, after: str) -> None:
        text = self.file.read_text()
        assert before in text
        self.file.write_text(text.replace(before, after))

    def way(self, **choices: object) -> Way:
        choices = {"data": str(self.images), **choices}
        return open_way(str(self.file), spacelang.load(self.file), self.folder, **choices)  # type: ignore[arg-type]

    def run(self, again: str | None = None, until: str | None = None, **choices: object) -> list[str]:
        """The steps that ran."""
        self.watch = Followed()
        self.whole: Whole = run_steps(self.way(**choices), self.watch, again, until)
        return self.watch.ran

    def states(self, **choices: object) -> dict[str, str]:
        return {each.step.name: each.state.value for each in plan(self.way(**choices))}


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[Iterable[Command]], None]]:
    """What each step's commands do, by the step's name; others may be put in their place."""
    makers = dict(MAKERS)

    def execute(step: str, commands: Iterable[Command], log: Path, line: Line) -> Cost:
        log.parent.mkdir(exist_ok=True)
        makers[step](commands)
        return Cost(1.5, 100.0)

    monkeypatch.setattr(module, "execute", execute)
    return makers


@pytest.fixture
def project(tmp_path: Path, stand_ins: object) -> Project:
    return Project(tmp_path)


def option(commands: Iterable[Command], name: str) -> Path:
    words = next(iter(commands)).words
    return Path(words[words.index(name) + 1])


def digest(*what: object) -> str:
    return hashlib.sha256(repr(what).encode()).hexdigest()


def contents(folder: Path) -> list[bytes]:
    return [each.read_bytes() for each in sorted(folder.rglob("*")) if each.is_file()]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _compile(commands: Iterable[Command]) -> None:
    commands = list(commands)
    spacelang.compile_to(spacelang.load(commands[0].words[1]), option(commands, "-o"), force=True)


def _distill(commands: Iterable[Command]) -> None:
    build = Path(next(iter(commands)).words[1])
    images = digest(*contents(option(commands, "--data")))
    for each in json.loads((build / "bkd/jobs.json").read_text())["jobs"]:
        _write(build / f"bkd/students/{each['stage']}-{each['block_id']}.json", each["sha256"] + images)


def _table(commands: Iterable[Command]) -> None:
    build = Path(next(iter(commands)).words[2])
    _write(option(commands, "-o"), digest(contents(build / "bkd" / "students"), (build / "bkd/jobs.json").read_text()))


def _attach(commands: Iterable[Command]) -> None:
    words = next(iter(commands)).words
    _write(option(commands, "-o"), digest(Path(words[2]).read_text(), str(option(commands, "--device"))))


def _evolve(commands: Iterable[Command]) -> None:
    command = next(iter(commands))
    history = option(commands, "--history")
    assert ("--resume" in command.words) == history.exists(), "a history of something else is removed before"
    _write(history, "{}\n")
    _found(command, option(commands, "-o"))


def _solve(commands: Iterable[Command]) -> None:
    _found(next(iter(commands)), option(commands, "-o"))


def _found(command: Command, output: Path) -> None:
    space = spacelang.load(command.words[1])
    _write(output, to_text(narrow(space, decode(space, "00-00"), f"{space.name}_found")))
    assert command.output is not None
    _write(command.output, "{}")


def _train(commands: Iterable[Command]) -> None:
    space, run = spacelang.load(next(iter(commands)).words[1]), option(commands, "-o")
    assert not (run / "supernet.safetensors").exists(), "a supernet of something else is put aside before"
    images = digest(*contents(option(commands, "--data")))
    _write(run / "supernet.safetensors", digest(space.sha256, ir.to_data(space.train), images))
    _write(run / "run.json", "{}")


def _search(commands: Iterable[Command]) -> None:
    folder, space = option(commands, "-o"), spacelang.load(next(iter(commands)).words[1])
    assert not folder.exists(), "models of something else are removed before"
    assert space.targets is not None
    supernet = (option(commands, "--run") / "supernet.safetensors").read_text()
    for at, target in enumerate(space.targets.latency_ms, start=1):
        _write(folder / f"m_{at}.space", f"{target}")
        _write(folder / f"m_{at}.safetensors", digest(supernet, target))
    _write(folder / "front.json", "{}")


def _export(commands: Iterable[Command]) -> None:
    for each in commands:
        _write(option([each], "-o"), digest(option([each], "--weights").read_text(), str(option([each], "--to"))))


def _printed(commands: Iterable[Command]) -> None:
    for each in commands:
        assert each.output is not None
        _write(each.output, "{}")


def _report(commands: Iterable[Command]) -> None:
    _write(option(commands, "-o"), "<html></html>")


MAKERS: dict[str, Callable[[Iterable[Command]], None]] = {
    "compile": _compile,
    "distill": _distill,
    "table": _table,
    "attach": _attach,
    "evolve": _evolve,
    "solve": _solve,
    "train": _train,
    "search": _search,
    "export": _export,
    "evaluate": _printed,
    "bench": _printed,
    "report": _report,
}
