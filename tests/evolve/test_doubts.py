"""What looks like a mistake in a table: copies, contradictions, another unit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spacelang import ir
from spacelang.evolve.quality.quality import score
from spacelang.evolve.table.doubts import contradictions, doubts
from spacelang.evolve.table.parquet import fingerprint, read_table, write_table
from spacelang.evolve.table.repeats import architectures, repeats
from spacelang.evolve.table.table import Latencies, Table
from spacelang.networks.genome import decode
from tests.evolve.synthetic import FIXED, TINY, random_table

TABLE = random_table(1, rows=6)
TARGETS = (4.0, 6.0)


def taken(table: Table, index: list[int], loss: float = 0.0) -> Table:
    """Rows of a table once more, after the others, with greater losses."""
    assert table.latencies is not None
    which = np.concatenate((np.arange(len(table.rows)), np.array(index, np.int64)))
    rows = table.rows.take(which)
    rows.loss[len(table.rows) :] += loss
    return Table.of(TINY, rows, Latencies("cpu", FIXED, table.latencies.rows_ms[which]), table.origin)


@pytest.mark.parametrize("index", [[3], [0, 0, 0], list(range(len(TABLE.rows)))])
def test_copies_count_once(index: list[int], tmp_path: Path) -> None:
    table = taken(TABLE, index)
    assert fingerprint(table) == fingerprint(TABLE)
    quality = ir.Quality(estimator="exact", top=5)
    genome = decode(TINY, "141-101")
    assert score(genome, table, TARGETS, quality) == score(genome, TABLE, TARGETS, quality)


def test_copies_in_a_file_count_once(tmp_path: Path) -> None:
    assert TABLE.latencies is not None
    twice = np.repeat(np.arange(len(TABLE.rows)), 2)
    latencies = Latencies("cpu", FIXED, TABLE.latencies.rows_ms[twice])
    write_table(replace(TABLE, rows=TABLE.rows.take(twice), latencies=latencies), tmp_path / "twice.parquet")
    assert fingerprint(read_table(tmp_path / "twice.parquet")) == fingerprint(TABLE)


def test_measurements_count_each() -> None:
    table = taken(TABLE, [3, 3], loss=0.001)
    assert len(table.rows) == len(TABLE.rows) + 1, "two equal ones are one, and another than the row that they repeat"
    scattered = taken(TABLE, list(range(40)), loss=0.001)
    by_chance = taken(scattered, [5])
    assert len(by_chance.rows) == len(scattered.rows) + 1


def test_repeats_are_those_of_the_same_layers() -> None:
    keys = [
        (*(int(getattr(TABLE.rows, name)[row]) for name in NAMES), TABLE.rows.layers(row))
        for row in range(len(TABLE.rows))
    ]
    found = architectures(TABLE.rows)
    assert len(set(keys)) == len(np.unique(found)) < len(keys)
    again, first = repeats(TABLE.rows)
    assert [keys[each] for each in again] == [keys[each] for each in first]
    assert again.tolist() == [at for at, key in enumerate(keys) if key in keys[:at]]


NAMES = ("stage", "block", "window", "resolution", "channels_in")


def with_latencies(factor: float, fixed: float = 1.0) -> Table:
    assert TABLE.latencies is not None
    return TABLE.attach("cpu", TABLE.latencies.rows_ms * factor, {size: each * fixed for size, each in FIXED.items()})


@pytest.mark.parametrize(
    ("factor", "fixed", "targets", "unit"),
    [
        (1e-3, 1, None, "seconds"),
        (1e-3, 1e-3, TARGETS, "seconds"),
        (1e3, 1, None, "microseconds"),
        (1e3, 1e3, TARGETS, "microseconds"),
        (1e-6, 1e-6, None, "seconds"),
    ],
)
def test_another_unit_is_suspected(factor: float, fixed: float, targets: tuple[float, ...], unit: str) -> None:
    (found,) = doubts(with_latencies(factor, fixed), targets)
    assert found.code == "SP0707"
    assert f"look like {unit}" in found.message


@pytest.mark.parametrize("factor", [0.01, 0.1, 1, 10])
def test_fast_and_slow_devices_are_not_suspected(factor: float) -> None:
    """A stage of the fastest takes a few microseconds, and the targets are as small."""
    table = with_latencies(factor, factor)
    assert doubts(table) == doubts(table, [each * factor for each in TARGETS]) == ()
    assert doubts(Table.of(TINY, TABLE.rows, None, "")) == ()


def test_two_latencies_of_an_architecture_are_said() -> None:
    table = taken(TABLE, [3], loss=0.001)
    assert table.latencies is not None
    again, _ = repeats(table.rows)
    same = table.attach("cpu", np.ones(len(table.rows)), FIXED)
    other = table.attach("cpu", np.where(np.arange(len(table.rows)) == again[0], 2.0, 1.0), FIXED)
    assert contradictions(same) == ()
    (found,) = contradictions(other)
    assert found.code == "SP0708"
    assert f"and {again[0]}, with 1 and 2 ms" in found.message
