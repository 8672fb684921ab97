"""The folder of a run that was never run: a real search over a made-up table, and made-up measurements of files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from spacelang.cli.scores import solution_json
from spacelang.evolve.evolution import evolve
from spacelang.evolve.solve import solve
from spacelang.evolve.table.parquet import write_table
from spacelang.networks.architecture import model_of
from spacelang.networks.genome import narrow
from spacelang.networks.sample import sample
from spacelang.translate.printer import to_text
from spacelang.whole import STEPS
from spacelang.whole.record import Choices, Done, Whole, write_whole
from tests.evolve.synthetic import TEXT, TINY, random_table

MODELS = 3
TOP1 = (0.91, 0.95, 0.972)
MS = (0.031, 0.062, 0.105)


def finished(folder: Path, name: str = "tiny", faster: float = 1.0) -> Path:
    """A run of a hyperspace of this name, whose files take so many times less."""
    folder.mkdir(parents=True)
    file = folder / f"{name}.space"
    file.write_text(TEXT.replace("hyperspace tiny", f"hyperspace {name}"))
    table = random_table(3, rows=12)
    assert table.rows.loss_fp32 is None
    table = replace(table, rows=replace(table.rows, loss_fp32=table.rows.loss * 0.9))
    write_table(table, folder / "table.parquet")
    evolve(TINY, table, folder / "history.jsonl")
    solution = solve(TINY, table)
    _json(folder / "solve.json", solution_json(solution))
    best = narrow(TINY, solution.score.genome, f"{name}_optimum")
    (folder / "optimum.space").write_text(to_text(best))
    _models(folder, name, best, faster)
    done = {each.name: _done(each.name) for each in STEPS[:-1]}
    write_whole(folder, Whole(file=str(file), name=name, kind="hyperspace", choices=Choices(), done=done))
    return folder


def _models(folder: Path, name: str, best: object, faster: float) -> None:
    names = [f"{name}_{at}" for at in range(1, MODELS + 1)]
    (folder / "models").mkdir()
    (folder / "files").mkdir()
    for each, architecture in zip(names, sample(best, MODELS, seed=1), strict=True):  # type: ignore[arg-type]
        (folder / "models" / f"{each}.space").write_text(to_text(model_of(best, architecture, each)))  # type: ignore[arg-type]
    front = [{"name": each, "latency_ms": ms, "targets_ms": [ms]} for each, ms in zip(names, MS, strict=True)]
    _json(folder / "models" / "front.json", {"front": front, "runtime": "onnxruntime"})
    accuracy = []
    for format, suffix, runtime in (("onnx", ".onnx", "onnxruntime"), ("tflite", ".tflite", "tflite")):
        models = []
        for each, top1, ms in zip(names, TOP1, MS, strict=True):
            (folder / "files" / f"{each}{suffix}").write_bytes(bytes(5000))
            accuracy.append({"name": f"{each}{suffix}", "accuracy": {"top1": top1}, "format": format})
            took = ms * (1.2 if format == "tflite" else 1.05) / faster
            models.append({"name": each, "int8_ms": took, "fp32_ms": took * 2})
        _json(folder / f"latency-{runtime}.json", {"models": models})
    _json(folder / "accuracy.json", {"files": accuracy})


def _json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content))


def _done(step: str) -> Done:
    return Done(
        commands=(f"spacelang {step} <&> \"quoted\"",), reads={}, makes={}, seconds=2.5, peak_mb=640.0,
        finished="2026-01-01T00:00:00+00:00",
    )  # fmt: skip


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("runs") / "out")


@pytest.fixture(scope="session")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("runs") / "base", "baseline", faster=0.8)
