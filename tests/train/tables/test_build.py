"""Tables of distilled students: complete, the same however they come about, and refused where they can't be."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

import spacelang
from spacelang.diagnostics import SpacelangError
from spacelang.evolve.parquet import read_table
from spacelang.evolve.table import Table
from spacelang.progress import Update
from spacelang.train import distill
from spacelang.train.losses.measure import Losses, measure
from spacelang.train.tables import build as module
from spacelang.train.tables import build_table, prepare
from tests.cli.conftest import Cli, cli
from tests.train.images import image_folder
from tests.train.test_killed import compiled

__all__ = ["cli"]
ROWS = 2 * 2 * 6


@pytest.fixture(scope="module")
def distilled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("builds")
    build = compiled(folder / "build", epochs=1)
    images = image_folder(folder / "images", train=8, validation=3)
    distill.distill(distill.prepare(build, data=str(images), teacher="trained", accelerator="cpu"))
    return build


@pytest.fixture
def build(distilled: Path, tmp_path: Path) -> Path:
    """With nothing measured yet."""
    return Path(shutil.copytree(distilled, tmp_path / "build"))


@pytest.fixture(scope="module")
def table(distilled: Path, tmp_path_factory: pytest.TempPathFactory) -> Table:
    copy = Path(shutil.copytree(distilled, tmp_path_factory.mktemp("whole") / "build"))
    return build_table(prepare(copy), accelerator="cpu")


def assert_same(table: Table, other: Table, tmp_path: Path) -> None:
    for each, name in ((table, "one"), (other, "other")):
        spacelang.write_table(each, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


class Killed(Exception):
    pass


def killer(moment: int) -> Update:
    def update(done: int, total: int | None, note: str = "") -> None:
        assert total == ROWS
        if done == moment:
            raise Killed

    return update


def test_every_cell_has_its_rows_in_both_precisions(table: Table, build: Path) -> None:
    assert not table.missing
    assert {part.stop - part.start for part in table.cells.values()} == {6}
    rows = table.rows
    assert rows.loss_fp32 is not None
    keys = {
        (rows.block[at], rows.window[at], rows.resolution[at], rows.channels_in[at], rows.layers(at))
        for at in range(len(rows))
    }
    assert len(keys) == len(rows) == ROWS
    assert np.isfinite(rows.loss).all()
    assert (rows.loss != rows.loss_fp32).all()
    assert (abs(rows.loss / rows.loss_fp32 - 1) < 0.5).all()
    assert table.latencies is None
    begun = distill.read_begun(build)
    assert begun is not None
    assert table.origin == (
        f"distilled on {begun.data} ({begun.data_fingerprint[:8]}) from the teacher trained "
        f"({begun.teacher_fingerprint[:8]}), 1 epoch in FP32 and 1 in INT8, for small@{table.space.short_hash}"
    )


def test_an_interrupted_build_measures_what_is_left(
    table: Table, build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Killed):
        build_table(prepare(build), accelerator="cpu", update=killer(12))
    plan = prepare(build)
    assert sorted(plan.done) == [0, 1]
    measured: list[int] = []

    def counted(student: object, drawn: tuple[object, ...], *more: object) -> list[Losses]:
        measured.append(len(drawn))
        return measure(student, drawn, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "measure", counted)
    assert_same(build_table(plan, accelerator="cpu"), table, tmp_path)
    assert measured == [6, 6]
    assert_same(build_table(prepare(build), accelerator="cpu"), table, tmp_path)
    assert measured == [6, 6]


def test_the_table_does_not_depend_on_the_parts(
    table: Table, build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PART", 4)
    assert len(prepare(build).parts) == 8
    assert_same(build_table(prepare(build), accelerator="cpu"), table, tmp_path)


def test_what_is_stale_or_damaged_is_measured_again(table: Table, build: Path, tmp_path: Path) -> None:
    build_table(prepare(build), accelerator="cpu")
    files = sorted((build / "bkd/losses").rglob("*.json"))
    assert len(files) == 4
    of_others = json.loads(files[1].read_text())
    of_others["key"] = "0" * 64
    of_others["losses"] = [[0.1, 0.1]] * 6
    for file, text in ((files[0], "{"), (files[1], json.dumps(of_others)), (files[2], "")):
        file.write_text(text)
    plan = prepare(build)
    assert list(plan.done) == [3]
    assert_same(build_table(plan, accelerator="cpu"), table, tmp_path)


def test_more_architectures_need_no_other_students(table: Table, build: Path) -> None:
    compiled(build, epochs=1, architectures=9)
    plan = distill.prepare(build, accelerator="cpu")
    assert plan.left == ()
    more = build_table(prepare(build), accelerator="cpu")
    assert {part.stop - part.start for part in more.cells.values()} == {9}
    assert set(table.rows.loss.tolist()) <= set(more.rows.loss.tolist())


def test_missing_students_are_named(build: Path) -> None:
    (build / "bkd/students/job-001.json").unlink()
    with pytest.raises(SpacelangError) as caught:
        prepare(build)
    (found,) = caught.value.diagnostics
    assert found.code == "SP1401"
    assert found.message == f"1 of 2 jobs in {build} are not distilled: 1: stage1, block 1 (fused_mb)"
    assert found.help == f"distil them first: `spacelang distill {build}`"
    fresh = compiled(build.parent / "fresh", epochs=1)
    with pytest.raises(SpacelangError, match=r"2 of 2 jobs .*: 0: stage1, block 0 \(mbv2\); 1: stage1, block 1"):
        prepare(fresh)


def test_a_student_that_diverged_is_named(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "measure", lambda _, drawn, *more: [Losses(0.5, math.nan)] * len(drawn))
    with pytest.raises(SpacelangError) as caught:
        build_table(prepare(build), accelerator="cpu")
    (found,) = caught.value.diagnostics
    assert found.code == "SP1402"
    assert found.message == (
        "the student of job 0 (stage1, block 0 (mbv2)) gives the loss nan; a table holds losses above 0 and at most "
        "10000"
    )
    assert not prepare(build).done


def test_the_command(cli: Cli, build: Path, tmp_path: Path, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacelang.cli.progress.LOG_SECONDS", math.inf)
    output = tmp_path / "made" / "table.parquet"
    done = cli("table", "build", build, "-o", output, "--workers", "1", "--accelerator", "cpu")
    assert (done.code, done.err) == (0, "measuring\n")
    assert done.out == (
        f"24 rows for 4 cells: {output}\n{table.origin}\n"
        f"next, latencies: spacelang table attach {output} --device NAME -o {output}\n"
    )
    assert_same(read_table(output), table, tmp_path)
    again = cli("table", "build", build, "-o", output, "--workers", "1", "--json")
    assert again.err == "4 of 4 parts are measured already\nmeasuring\n"
    assert json.loads(again.out) == {
        "format_version": 1, "table": str(output), "rows": 24, "cells": 4, "origin": table.origin
    }  # fmt: skip
    shown = cli("table", "info", output)
    assert "FP32 loss" in shown.out
    assert "INT8 adds" in shown.out
    refused = cli("table", "build", tmp_path / "nowhere", "-o", output)
    assert refused.code == 1
    assert "SP0212" in refused.err
