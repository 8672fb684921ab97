"""Tables of distilled students: complete, the same however they come about, and refused where they can't be."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor

import spacelang
from spacelang.evolve.table.parquet import read_table
from spacelang.evolve.table.table import Table
from spacelang.report.diagnostics import Diagnostic, SpacelangError
from spacelang.report.progress import Update
from spacelang.train import distill
from spacelang.train.data.folder import ImageSplit
from spacelang.train.distill import begun
from spacelang.train.losses.measure import Losses, measure
from spacelang.train.tables import build as module
from spacelang.train.tables import build_table, prepare
from tests.cli.conftest import Cli, cli
from tests.train.distill.conftest import asked_readers
from tests.train.images import image_folder
from tests.train.test_killed import SPACE, compiled

__all__ = ["asked_readers", "cli"]
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
def measured(distilled: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Table]:
    """With everything measured."""
    copy = Path(shutil.copytree(distilled, tmp_path_factory.mktemp("whole") / "build"))
    return copy, build_table(prepare(copy), accelerator="cpu")


@pytest.fixture(scope="module")
def table(measured: tuple[Path, Table]) -> Table:
    return measured[1]


@pytest.fixture
def whole(measured: tuple[Path, Table], tmp_path: Path) -> Path:
    return Path(shutil.copytree(measured[0], tmp_path / "build"))


def refused(build: Path, **given: str) -> Diagnostic:
    with pytest.raises(SpacelangError) as caught:
        prepare(build, **given)
    (found,) = caught.value.diagnostics
    return found


def text(before: str = "", after: str = "") -> str:
    """Of the space that was distilled, changed."""
    made = SPACE.replace("EPOCHS", "1").replace("STAGES\n", "").replace("ROWS", "6")
    assert before in made
    return made.replace(before, after)


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
    taken: list[int] = []

    def counted(student: object, drawn: tuple[object, ...], *more: object) -> list[Losses]:
        taken.append(len(drawn))
        return measure(student, drawn, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "measure", counted)
    assert_same(build_table(plan, accelerator="cpu"), table, tmp_path)
    assert taken == [6, 6]
    assert_same(build_table(prepare(build), accelerator="cpu"), table, tmp_path)
    assert taken == [6, 6]


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


def test_losses_are_of_training_images(build: Path, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as the space says; nobody looks at the validation part."""
    asked: list[tuple[str, int]] = []
    images = ImageSplit.images

    def counted(self: ImageSplit, indices: Sequence[int], *more: Any) -> Tensor:
        asked.append((self.name, len(indices)))
        return images(self, indices, *more)

    monkeypatch.setattr(ImageSplit, "images", counted)
    spacelang.compile_to(
        spacelang.loads(text("calibration_batches 2", "calibration_batches 2, validation_images 5")), build
    )
    fewer = build_table(prepare(build), accelerator="cpu")
    assert sum(count for _, count in asked) == 2 * 8 + 5
    assert {name for name, _ in asked} == {"train"}
    assert fewer.rows.loss.tolist() != table.rows.loss.tolist()


def test_maps_are_there_only_while_a_table_is_measured(build: Path) -> None:
    maps = build / "bkd/maps"
    with pytest.raises(Killed):
        build_table(prepare(build), accelerator="cpu", update=killer(12))
    assert (maps / "maps.json").exists()
    build_table(prepare(build), accelerator="cpu")
    assert not maps.exists()


def test_missing_students_are_named(build: Path) -> None:
    (build / "bkd/students/stage1-1.json").unlink()
    with pytest.raises(SpacelangError) as caught:
        prepare(build)
    (found,) = caught.value.diagnostics
    assert found.code == "SP1401"
    assert found.message == f"1 of 2 jobs in {build} are not distilled: 1: stage1, block 1 (fused_mb)"
    assert found.help == f"distil them first: `spacelang distill {build}`"
    fresh = compiled(build.parent / "fresh", epochs=1)
    with pytest.raises(SpacelangError, match=r"2 of 2 jobs .*: 0: stage1, block 0 \(mbv2\); 1: stage1, block 1"):
        prepare(fresh)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("act relu6", "act hswish"),
        ("width 8, kernel 3, act relu", "width 8, kernel 5, act relu"),
        ("quantised_epochs 1", "quantised_epochs 2"),
    ],
)
def test_a_space_that_was_compiled_anew(cli: Cli, whole: Path, tmp_path: Path, before: str, after: str) -> None:
    """Though all losses are there, of the students of the old space."""
    spacelang.compile_to(spacelang.loads(text(before, after)), whole)
    found = refused(whole)
    assert found.code == "SP1305"
    assert found.message == (
        f"the distillation of {whole} was begun with something else: other jobs than bkd/jobs.json lists now"
    )
    output = tmp_path / "table.parquet"
    assert cli("table", "build", whole, "-o", output).code == 1
    assert not output.exists()
    spacelang.compile_to(spacelang.loads(text()), whole)
    assert len(prepare(whole).done) == 4


def test_students_of_another_version(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(begun, "__version__", "99.0")
    found = refused(whole)
    assert found.code == "SP1305"
    assert found.message == (
        f"the distillation of {whole} was begun with something else: spacelang {spacelang.__version__}, now 99.0"
    )


def test_images_that_have_moved(cli: Cli, build: Path, table: Table, tmp_path: Path) -> None:
    begun = distill.read_begun(build)
    assert begun is not None
    moved = shutil.copytree(begun.data, tmp_path / "moved")
    output = tmp_path / "table.parquet"
    assert cli("table", "build", build, "-o", output, "--data", moved, "--workers", "1").code == 0
    made = read_table(output)
    assert made.rows.loss.tolist() == table.rows.loss.tolist()
    assert made.origin == table.origin.replace(begun.data, str(moved))
    others = image_folder(tmp_path / "others", train=9)
    found = refused(build, data=str(others))
    assert found.code == "SP1305"
    assert found.message == (
        f"the distillation of {build} was begun with something else: the data {moved}, now {others}"
    )


@pytest.mark.parametrize(("options", "readers"), [([], 0), (["--readers", "3"], 3)])
def test_readers(
    cli: Cli, build: Path, tmp_path: Path, asked_readers: list[int], options: list[str], readers: int
) -> None:
    output = tmp_path / "table.parquet"
    assert cli("table", "build", build, "-o", output, "--workers", "1", *options).code == 0
    assert set(asked_readers) == {readers}


def test_readers_change_nothing(build: Path, table: Table, tmp_path: Path) -> None:
    assert_same(build_table(prepare(build), accelerator="cpu", readers=2), table, tmp_path)


def test_a_student_that_learned_nothing_is_named(tmp_path: Path, distilled: Path) -> None:
    begun = distill.read_begun(distilled)
    assert begun is not None
    build = tmp_path / "build"
    spacelang.compile_to(
        spacelang.loads(text("  distill { epochs 1,", "  distill { epochs 1, learning_rate_ends 100,")), build
    )
    distill.distill(distill.prepare(build, data=begun.data, teacher="trained", accelerator="cpu"))
    with pytest.raises(SpacelangError) as caught:
        build_table(prepare(build), accelerator="cpu")
    (found,) = caught.value.diagnostics
    assert found.code == "SP1402"
    assert re.fullmatch(
        r"the student of job 0 \(stage1, block 0 \(mbv2\)\) gives the loss \d\.\d+e\+\d+; a table holds losses above 0 "
        "and at most 10000",
        found.message,
    )
    assert found.help == (
        "it didn't learn: compile the space with a lower learning rate in its `distill` section, and distil again"
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
