"""The commands of each step, as one would type them."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from spacelang.whole.steps import Way

SUFFIXES = {"onnx": ".onnx", "tflite": ".tflite"}
RUNTIMES = {"onnx": "onnxruntime", "tflite": "tflite"}
RUNS = 20
"""Of each model in each sweep of a bench."""


class Means(NamedTuple):
    """What a step may use; none of it changes the result.

    Attributes:
        executor: where students are distilled and models evaluated; Slurm distils only.
        workers: processes on this machine; None for the steps' own defaults.
    """

    executor: Literal["local", "ray", "slurm"] = "local"
    workers: int | None = None


class Command(NamedTuple):
    """`words` after `spacelang`, or of another `program`; `output`: the file that what it prints goes to."""

    words: tuple[str, ...]
    output: Path | None = None
    program: str = "spacelang"

    @property
    def text(self) -> str:
        """As one types it in a shell."""
        printed = shlex.join([self.program, *self.words])
        return f"{printed} > {shlex.quote(str(self.output))}" if self.output else printed


def compile(way: Way) -> list[Command]:
    return [Command(("compile", way.file, "-o", _in(way, "compiled"), "--force"))]


def distill(way: Way) -> list[Command]:
    build, options = _in(way, "compiled"), ["--data", way.choices.data]
    if way.choices.teacher:
        options += ["--teacher", way.choices.teacher]
    made = Command(("distill", build, *options, "--renew", *_executor(way)))
    if way.means.executor != "slurm":
        return [made]
    # The teacher and what the build is distilled with are there before the tasks begin; then nothing is left to train.
    first = Command(("distill", build, *options, "--renew", "--job", "0"))
    script = str(Path(build, "bkd", "slurm_array.sh"))
    return [first, Command(("--wait", script, build, *options), program="sbatch"), made]


def table(way: Way) -> list[Command]:
    return [Command(("table", "build", _in(way, "compiled"), "-o", _in(way, "losses.parquet"), *_workers(way)))]


def attach(way: Way) -> list[Command]:
    from spacelang.whole.reading import device_name

    losses, output = _in(way, "losses.parquet"), _in(way, "table.parquet")
    return [Command(("table", "attach", losses, "--device", device_name(way), "-o", output))]


def evolve(way: Way) -> list[Command]:
    history = way.folder / "history.jsonl"
    words = ["evolve", way.file, "--table", _in(way, "table.parquet"), "-o", _in(way, "best.space")]
    words += ["--history", str(history), *(["--resume"] if history.exists() else []), "--json"]
    return [Command(tuple(words), way.folder / "evolve.json")]


def solve(way: Way) -> list[Command]:
    words = ("solve", way.file, "--table", _in(way, "table.parquet"), "-o", _in(way, "optimum.space"), "--json")
    return [Command(words, way.folder / "solve.json")]


def train(way: Way) -> list[Command]:
    return [Command(("train", way.found, "-o", _in(way, "train"), "--data", way.choices.data))]


def search(way: Way) -> list[Command]:
    words = ["search", way.found, "--run", _in(way, "train"), "-o", _in(way, "models")]
    words += ["--device", way.choices.device] if way.choices.device else []
    words += ["--models", str(way.choices.models)] if way.choices.models else []
    words += ["--data", way.choices.data, *(_executor(way) or ["--workers", str(_cores())])]
    return [Command(tuple(words))]


def export(way: Way) -> list[Command]:
    return [
        Command(
            (
                "export", str(model), "--weights", str(model.with_suffix(".safetensors")), "--to", each,
                "--data", way.choices.data, "-o", _in(way, f"files/{model.stem}{SUFFIXES[each]}"),
            )
        )
        for model in sorted((way.folder / "models").glob("*.space"))
        for each in way.choices.formats
    ]  # fmt: skip


def evaluate(way: Way) -> list[Command]:
    files = [str(each) for format in way.choices.formats for each in _files(way, format)]
    return [Command(("evaluate", *files, "--data", way.choices.data, "--json"), way.folder / "accuracy.json")]


def bench(way: Way) -> list[Command]:
    made = []
    for format in way.choices.formats:
        runtime = RUNTIMES[format]
        words = ["bench", *map(str, _files(way, format)), "--runtime", runtime, "--runs", str(RUNS), "--json"]
        made.append(Command(tuple(words), way.folder / f"latency-{runtime}.json"))
    return made


def report(way: Way) -> list[Command]:
    return [Command(("report", str(way.folder), "-o", _in(way, "report.html")))]


def _in(way: Way, name: str) -> str:
    return str(way.folder / name)


def _files(way: Way, format: str) -> list[Path]:
    return sorted((way.folder / "files").glob(f"*{SUFFIXES[format]}"))


def _executor(way: Way) -> list[str]:
    return ["--executor", "ray"] if way.means.executor == "ray" else _workers(way)


def _cores() -> int:
    """For this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _workers(way: Way) -> list[str]:
    return ["--workers", str(way.means.workers)] if way.means.workers else []
