"""Searches that end early: the best space so far is written, and a later full run confirms the gap."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import spacelang
from benchmarks.search_large import made_space, made_table
from spacelang.evolve.table.parquet import write_table
from tests.cli.conftest import ROOT, Cli
from tests.evolve.synthetic import TEXT, random_table

MOMENTS = range(1, 11)
TARGETS = (8, 10, 14, 20)
EVOLUTION = "  evolution { population 50, sample 12, spaces 2000, seed 0 }\n"


class Case(NamedTuple):
    """A hyperspace with its table, and the score of its best space."""

    space: Path
    table: Path
    optimum: float


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Some 60 nodes."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "tiny.space").write_text(TEXT.replace("top 3", "top 20"))
    table = random_table(5, rows=40, decimals=1)
    write_table(table, folder / "t.parquet")
    optimum = spacelang.solve(spacelang.load(folder / "tiny.space"), table).score.total
    return Case(folder / "tiny.space", folder / "t.parquet", optimum)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Some 3 000 nodes, so that a proof takes seconds."""
    folder = tmp_path_factory.mktemp("large")
    space = made_space(7, 4, 3, TARGETS)
    table = made_table(space, 300, 0.02)
    write_table(table, folder / "t.parquet")
    text = spacelang.dumps(space)
    (folder / "made.space").write_text(spacelang.format(text.rstrip()[:-1] + EVOLUTION + "}\n"))
    return Case(folder / "made.space", folder / "t.parquet", spacelang.solve(space, table).score.total)


def confirm(best: Path, case: Case, document: dict[str, Any] | None = None) -> None:
    """The space that was written has the score that its comment says, and the best there is lies within the gap."""
    (score,) = re.findall(r"score (\d+\.\d+);", best.read_text())
    found = spacelang.score(spacelang.load(best), spacelang.read_table(case.table)).total
    assert f"{found:.6f}" == score
    assert found <= case.optimum
    gaps = re.findall(r"at most ([\d.]+)% below", best.read_text())
    assert all(found >= case.optimum * (1 - (float(each) + 0.0006) / 100) for each in gaps)
    if document and "bound" in document:
        assert document["score"] == pytest.approx(found)
        assert found <= case.optimum <= document["bound"] * (1 + 1e-12)
        assert gaps or document["proved"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", [0, *MOMENTS])
def test_a_signal_at_any_node_leaves_the_best_space_so_far(
    cli: Cli, small: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, moment: int
) -> None:
    module = import_module("spacelang.evolve.solve")
    opened, seen = module._Search._open, []

    def counted(self: object, *arguments: object) -> None:
        seen.append(1)
        if len(seen) == moment:
            signal.raise_signal(number)
        opened(self, *arguments)

    def read(file: Path) -> Any:
        if moment == 0:
            signal.raise_signal(number)
        return table(file)

    parquet = import_module("spacelang.evolve.table.parquet")
    table = parquet.read_table
    monkeypatch.setattr(module._Search, "_open", counted)
    monkeypatch.setattr(parquet, "read_table", read)
    best = tmp_path / "best.space"
    code, out, err = cli("solve", small.space, "--table", small.table, "-o", best, "--json")
    assert code == 128 + number
    assert f"wrote {best}" in err
    document = json.loads(out)
    assert document["stopped"] == "interrupted"
    monkeypatch.undo()
    confirm(best, small, document)


@pytest.mark.parametrize("nodes", MOMENTS)
def test_out_of_nodes_at_any_moment(cli: Cli, small: Case, tmp_path: Path, nodes: int) -> None:
    best = tmp_path / "best.space"
    code, out, _ = cli("solve", small.space, "--table", small.table, "-o", best, "--nodes", str(nodes), "--json")
    assert code == 3
    confirm(best, small, json.loads(out))


def started(command: str, case: Case, folder: Path, *more: str) -> subprocess.Popen[str]:
    """A search in a process of its own, that has just said that it begins."""
    line = [sys.executable, "-m", "spacelang.cli", command, str(case.space), "--table", str(case.table)]
    process = subprocess.Popen(
        [*line, "-o", str(folder / "best.space"), "--json", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stderr is not None
    assert process.stderr.readline().strip() in ("solving", "evolving")
    return process


def duration(command: str, case: Case, folder: Path) -> float:
    process = started(command, case, folder)
    begun = time.monotonic()
    process.communicate()
    assert process.returncode == 0
    return time.monotonic() - begun


@pytest.mark.slow
@pytest.mark.parametrize("command", ["solve", "evolve"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_at_ten_moments(large: Case, tmp_path: Path, command: str, number: signal.Signals) -> None:
    whole, codes = duration(command, large, tmp_path), []
    for moment in range(10):
        (tmp_path / "best.space").unlink(missing_ok=True)
        process = started(command, large, tmp_path)
        time.sleep(whole * moment / 11)
        process.send_signal(number)
        out, _ = process.communicate()
        codes.append(process.returncode)
        confirm(tmp_path / "best.space", large, json.loads(out) if command == "solve" else None)
    assert set(codes) <= {128 + number, 0, -number}, "the last is a signal after everything was written"
    assert codes.count(128 + number) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("command", ["solve", "evolve"])
def test_out_of_time_at_ten_moments(large: Case, tmp_path: Path, command: str) -> None:
    whole, codes = duration(command, large, tmp_path), []
    for moment in range(10):
        (tmp_path / "best.space").unlink(missing_ok=True)
        process = started(command, large, tmp_path, "--seconds", f"{whole * (moment + 0.5) / 10:.4f}")
        out, _ = process.communicate()
        codes.append(process.returncode)
        confirm(tmp_path / "best.space", large, json.loads(out) if command == "solve" else None)
    assert set(codes) <= {3, 0}
    assert codes.count(3) >= 5


@pytest.mark.slow
def test_killed_at_ten_moments_a_whole_file_is_there_and_evolution_goes_on(large: Case, tmp_path: Path) -> None:
    """SIGKILL leaves no time to write: what was written before is whole, and the history is gone on with."""
    whole = duration("evolve", large, tmp_path)
    expected = (tmp_path / "best.space").read_text()
    history, best = tmp_path / "h.jsonl", tmp_path / "best.space"
    best.unlink()
    for moment in range(10):
        more = ("--history", str(history), *(("--resume",) if history.exists() else ()))
        process = started("evolve", large, tmp_path, *more)
        time.sleep(whole * (moment + 1) / 30)
        process.kill()
        process.communicate()
        if best.exists():
            confirm(best, large)
    resume = ("--resume",) if history.exists() else ()
    process = started("evolve", large, tmp_path, "--history", str(history), *resume)
    process.communicate()
    assert process.returncode == 0
    assert best.read_text() == expected


@pytest.mark.parametrize("command", ["solve", "evolve"])
def test_an_edited_space_is_not_written_over(cli: Cli, small: Case, tmp_path: Path, command: str) -> None:
    best = tmp_path / "best.space"
    arguments = (command, small.space, "--table", small.table, "-o", best)
    assert cli(*arguments).code == 0
    assert cli(*arguments).code == 0, "what spacelang wrote may be written over"
    edited = best.read_text().replace("# Table:", "# Mine:")
    best.write_text(edited)
    code, out, err = cli(*arguments)
    assert (code, out) == (1, "")
    assert f"error[SP1011]: {best} isn't as spacelang wrote it" in err
    assert "--force" in err
    assert best.read_text() == edited
    assert cli(*arguments, "--force").code == 0
    assert "# Table:" in best.read_text()
    encoding = cli("encode", best).out.strip()
    assert cli("decode", small.space, encoding, "-o", best).code == 0, "nor does `decode` lose anything"
    best.write_text("# notes of my own\n")
    assert cli(*arguments).code == 1
