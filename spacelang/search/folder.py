"""The folder of a search: what it was begun with, and what it found.

search.json          the settings, and hashes of the space, the run and the images
NAME.space           a model of the front, with where it is from and how good it is in its comments
NAME.safetensors     its weights: a cut network, with batch norms of its own
models.parquet, .csv every model that was evaluated
front.json           the front, target by target; written last
search.lock          held by the process that searches
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Literal, NamedTuple

import pyarrow as pa
from pyarrow import csv, parquet
from safetensors.torch import save
from torch import Tensor

from spacelang import __version__, ir
from spacelang.files import is_temporary, write_atomic
from spacelang.records import Record, read_record
from spacelang.report.diagnostics import refuse
from spacelang.search.evaluator import Evaluation
from spacelang.search.problem import Model
from spacelang.train.shared.locks import locked
from spacelang.translate.printer import to_text

BEGUN, FRONT, LOCK = "search.json", "front.json", "search.lock"
PARQUET, CSV = "models.parquet", "models.csv"
OTHER = "go on with what it was begun with, or search into a new folder"


class Begun(Record):
    """What a search was begun with.

    Attributes:
        supernet_sha256: of the run's weights; None for a search without a run.
        device: what latencies are predicted with, in words.
        table_sha256: of the table that losses are from; None for a search in a supernet.
    """

    format_version: Literal[1] = 1
    spacelang: str = __version__
    space: str
    space_sha256: str
    supernet_sha256: str | None
    data_fingerprint: str | None
    images: int | None
    device: str
    targets_ms: tuple[float, ...]
    algorithm: str
    models: int
    seed: int
    table_sha256: str | None = None


@contextmanager
def begun(folder: Path, wanted: Begun) -> Iterator[None]:
    """No other process searches into the folder meanwhile, and it is of this search.

    Raises:
        SpacelangError: SP2002 if it holds something else, SP2006 if another process searches into it.
    """
    if folder.exists() and not (folder.is_dir() and _own(folder)):
        refuse("SP2002", f"`{folder}` exists already and doesn't hold a search", "search into a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    message, mend = f"another process is searching into `{folder}`", "wait for it, or end it and run the command again"
    with locked(folder / LOCK, "SP2006", message, mend):
        path = folder / BEGUN
        if path.exists():
            _require_same(read_record(Begun, path, "SP2002", help=OTHER), wanted, folder)
        else:
            write_atomic(path, wanted.model_dump_json(indent=2) + "\n")
        yield


def _own(folder: Path) -> bool:
    names = os.listdir(folder)
    return BEGUN in names or all(each == LOCK or is_temporary(each, of=BEGUN) for each in names)


def _require_same(there: Begun, wanted: Begun, folder: Path) -> None:
    before, now = there.model_dump(), wanted.model_dump()
    differing = [f"{name} {_shown(before[name])}, now {_shown(now[name])}" for name in now if before[name] != now[name]]
    if differing:
        refuse("SP2002", f"the search in `{folder}` was begun with something else: {'; '.join(differing)}", OTHER)


def _shown(value: object) -> str:
    text = str(value)
    return f"{text[:8]}…" if len(text) == 64 else text


class Candidate(NamedTuple):
    """A model that was looked at.

    Attributes:
        evaluation: None where there is no supernet to evaluate it in.
        table_loss: the sum of its stages' losses, where it is from a table.
    """

    model: Model
    evaluation: Evaluation | None = None
    table_loss: float | None = None


class Member(NamedTuple):
    """A model of the front. `targets_ms`: those that no other model is better within."""

    name: str
    candidate: Candidate
    targets_ms: tuple[float, ...]


def write_model(folder: Path, space: ir.SearchSpace, comments: Sequence[str]) -> None:
    """A `.space` file of one model, with comments at its top."""
    head = "".join(f"# {' '.join(each.split())}\n" for each in comments)
    write_atomic(folder / f"{space.name}.space", f"{head}\n{to_text(space)}")


def write_weights(folder: Path, space: ir.SearchSpace, weights: Mapping[str, Tensor]) -> None:
    data = save({name: each.contiguous() for name, each in weights.items()}, {"model_sha256": space.sha256})
    write_atomic(folder / f"{space.name}.safetensors", data)


def write_table(folder: Path, candidates: Sequence[Candidate], front: Sequence[Member]) -> None:
    """Every candidate in the order that they were found in; `pareto`: no other is as fast and better."""
    names = {each.candidate.model.genes: each.name for each in front}
    evaluations = [each.evaluation for each in candidates]
    table = pa.table(
        {
            "model": pa.array([names.get(each.model.genes) for each in candidates], pa.string()),
            "resolution": [each.model.architecture.resolution for each in candidates],
            "latency_ms": [each.model.latency_ms for each in candidates],
            "cross_entropy": pa.array([each.cross_entropy if each else None for each in evaluations], pa.float64()),
            "top1": pa.array([each.top1 if each else None for each in evaluations], pa.float64()),
            "table_loss": pa.array([each.table_loss for each in candidates], pa.float64()),
            "pareto": pareto(candidates),
            "architecture": [json.dumps(each.model.architecture) for each in candidates],
        }
    )
    for name, write in ((PARQUET, parquet.write_table), (CSV, csv.write_csv)):
        file = BytesIO()
        write(table, file)
        write_atomic(folder / name, file.getvalue())


def loss_of(candidate: Candidate) -> float:
    """What a search minimises: cross entropy, or the table's loss where there is no supernet."""
    if candidate.evaluation is not None:
        return candidate.evaluation.cross_entropy
    assert candidate.table_loss is not None
    return candidate.table_loss


def pareto(candidates: Sequence[Candidate]) -> list[bool]:
    """Whether each has no other that is as fast and as good, and better in one of the two."""
    order = sorted(
        range(len(candidates)), key=lambda at: (candidates[at].model.latency_ms, loss_of(candidates[at]), at)
    )
    kept, best = [False] * len(candidates), float("inf")
    for at in order:
        if loss_of(candidates[at]) < best:
            kept[at], best = True, loss_of(candidates[at])
    return kept


def front_of(space: str, candidates: Sequence[Candidate], targets_ms: Sequence[float]) -> tuple[Member, ...]:
    """The best candidate within each target, named in the order of their latencies; of equal ones, the first."""
    best: dict[int, list[float]] = {}
    for target in targets_ms:
        within = [at for at, each in enumerate(candidates) if each.model.latency_ms <= target]
        if within:
            best.setdefault(min(within, key=lambda at: (loss_of(candidates[at]), at)), []).append(target)
    order = sorted(best, key=lambda at: (candidates[at].model.latency_ms, at))
    return tuple(
        Member(f"{space}_{number}", candidates[at], tuple(best[at])) for number, at in enumerate(order, start=1)
    )
