"""Models picked by a table of losses, without a supernet."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import spacelang
from spacelang import Genome, SpacelangError
from spacelang.evolve.table.parquet import write_table
from spacelang.networks.architecture import architecture_of
from spacelang.search.by_table import pick_models
from tests.cli.conftest import Cli, cli
from tests.evolve.synthetic import TINY, random_table
from tests.search.spaces import small

__all__ = ["cli"]

SPACE = spacelang.narrow(TINY, Genome((1, 4, 1), (0, 1, 0)), "picked")
TABLE = random_table(0, rows=6)
TARGETS = [0.1, 1.0]


def test_the_models_of_the_least_loss_are_picked(tmp_path: Path) -> None:
    found = pick_models(SPACE, TABLE, tmp_path / "found", device="cost-model", targets_ms=TARGETS, models=20)
    assert (found.images, found.rank, found.unmet_ms) == (0, None, ())
    rows = pq.read_table(tmp_path / "found" / "models.parquet").to_pylist()
    for target in TARGETS:
        (best,) = (each for each in found.front if target in each.targets_ms)
        assert best.latency_ms <= target
        assert best.table_loss == min(each["table_loss"] for each in rows if each["latency_ms"] <= target)
        model = spacelang.load(tmp_path / "found" / f"{best.name}.space")
        assert model.sha256 == best.sha256
        assert architecture_of(model).resolution in SPACE.resolutions
    assert not list((tmp_path / "found").glob("*.safetensors"))


def test_the_command(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "picked.space").write_text(spacelang.dumps(SPACE))
    write_table(TABLE, tmp_path / "table.parquet")
    said = cli(
        "search", tmp_path / "picked.space", "--table", tmp_path / "table.parquet", "-o", tmp_path / "found",
        "--device", "cost-model", "--target", "1", "--json",
    )  # fmt: skip
    assert said.code == 0, said.err
    (best,) = json.loads(said.out)["front"]
    assert best["cross_entropy"] is None
    text = (tmp_path / "found" / f"{best['name']}.space").read_text()
    assert f"Loss of its stages by the table: {best['table_loss']:.4f}; it wasn't evaluated." in text


def test_a_table_of_another_space(tmp_path: Path) -> None:
    with pytest.raises(SpacelangError) as caught:
        pick_models(small(), TABLE, tmp_path / "found", device="cost-model", targets_ms=TARGETS)
    assert caught.value.diagnostics[0].code == "SP0704"
    assert not (tmp_path / "found").exists()
