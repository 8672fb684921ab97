"""The published VNNI table: what is known of it comes out. Twins on made tables stand in the other files here."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

import spacelang
from spacelang import ir
from spacelang.evolve.evolution import evolve
from spacelang.evolve.quality.quality import score
from spacelang.evolve.solve import solve
from spacelang.evolve.table.archive import csv_files
from spacelang.evolve.table.doubts import contradictions, doubts
from spacelang.evolve.table.importer import import_table
from spacelang.evolve.table.parquet import fingerprint, read_table, write_table
from spacelang.evolve.table.repeats import repeats
from spacelang.evolve.table.table import Table
from spacelang.networks.genome import decode
from spacelang.report.diagnostics import SpacelangError
from tests.evolve.conftest import FIXED


def exact(top: int, chain: str = "independent") -> ir.Quality:
    return ir.Quality(estimator="exact", top=top, chain=chain)  # type: ignore[arg-type]


def test_flops_and_parameters_of_all_rows_are_those_that_were_published(
    published_archive: Path, vnni_released: ir.SearchSpace
) -> None:
    calls: list[tuple[int, int]] = []
    table = import_table(
        published_archive, vnni_released, FIXED, verify=True, progress=lambda *call: calls.append(call)
    )
    assert len(table.rows) == 132_000
    assert len(table.cells) == 132
    assert table.missing == ()
    assert calls[-1] == (132_000, 132_000)


def test_a_wrong_block_is_found_by_its_costs(
    published_archive: Path, vnni_released: ir.SearchSpace, tmp_path: Path
) -> None:
    """Without its shortcut's projection, mbv1 costs less than the table says."""
    data = next(each.data for each in csv_files(published_archive) if each.name.endswith("stage1_0_0.csv"))
    (tmp_path / "stage1_0_0.csv").write_bytes(data)
    blocks = tuple(
        ir.replace(each, shortcut=ir.Shortcut(kind="identity")) if each.name == "mbv1" else each
        for each in vnni_released.blocks
    )
    wrong = ir.replace(vnni_released, blocks=blocks)
    with pytest.raises(SpacelangError, match=r"(?s)SP0713.*MFLOPs are written.*more findings are not shown") as caught:
        import_table(tmp_path, wrong, FIXED, verify=True)
    assert "stage1_0_0.csv:1:1" in str(caught.value)


def test_the_table_survives_a_file(published: Table, tmp_path: Path) -> None:
    write_table(published, tmp_path / "vnni.parquet")
    assert (tmp_path / "vnni.parquet").stat().st_size < 3_000_000
    assert fingerprint(read_table(tmp_path / "vnni.parquet")) == fingerprint(published)


@pytest.mark.parametrize(
    ("encoding", "top_1", "top_20"),
    [
        ("121122-133330", 2.265798, 2.261598),
        ("121122-133333", 2.261694, 2.257017),
        ("151122-023231", 2.231233, 2.228501),
    ],
)
def test_scores_of_released_spaces(
    published: Table, vnni_released: ir.SearchSpace, encoding: str, top_1: float, top_20: float
) -> None:
    genome, targets = decode(vnni_released, encoding), (8, 10, 15, 20, 25)
    assert score(genome, published, targets, exact(1)).total == pytest.approx(top_1, abs=5e-7)
    assert score(genome, published, targets, exact(20)).total == pytest.approx(top_20, abs=5e-7)


@pytest.mark.parametrize(
    ("top", "chain", "encoding", "total"),
    [
        (1, "independent", "121122-133330", 2.265798),
        (20, "independent", "121122-133331", 2.262127),
        (1, "strict", "121122-033210", 2.236607),
        (20, "strict", "121122-033210", 2.230704),
    ],
)
def test_the_optimum_of_95_million_spaces_is_proved_in_seconds(
    published: Table, vnni_released: ir.SearchSpace, top: int, chain: str, encoding: str, total: float
) -> None:
    begun = time.perf_counter()
    found = solve(vnni_released, published, quality=exact(top, chain))
    assert time.perf_counter() - begun < 30
    assert found.proved
    assert found.score.encoding == encoding
    assert found.score.total == pytest.approx(total, abs=5e-7)
    assert found.runner_up_bound < found.score.total
    assert found.nodes < 1000


def test_evolution_comes_near_the_optimum_in_5000_spaces(published: Table, vnni_released: ir.SearchSpace) -> None:
    begun = time.perf_counter()
    found = evolve(vnni_released, published)
    assert time.perf_counter() - begun < 60
    assert found.explored == 5000
    assert found.gap is not None
    assert 0 <= found.gap < 0.005


def test_sampling_approaches_the_exact_score_from_below(published: Table, vnni_released: ir.SearchSpace) -> None:
    genome = decode(vnni_released, "121122-133330")
    precise = score(genome, published, (20, 25), exact(20)).total
    means = []
    for samples in (2_000, 50_000):
        quality = ir.Quality(estimator="sampled", samples=samples, top=20)
        means.append(np.mean([score(genome, published, (20, 25), quality, seed).total for seed in range(5)]))
    assert means[0] < means[1] < precise


def test_a_space_is_scored_by_where_it_comes_from(published: Table) -> None:
    """Its table was measured with fewer kernels and resolutions than the published space has."""
    space = spacelang.load(Path(__file__).parents[2] / "specs" / "spaceevo_vnni.space")
    found = score(space, published, (8, 10, 15, 20, 25), exact(20))
    assert found.encoding == "151122-023231"
    assert found.total == pytest.approx(2.228501, abs=5e-7)


def test_the_published_table_repeats_architectures_and_is_not_doubted(
    published: Table, vnni_released: ir.SearchSpace
) -> None:
    assert published.latencies is not None
    again, first = repeats(published.rows)
    assert len(again) == 6165
    equal = published.rows.loss[again] == published.rows.loss[first]
    assert 0 < equal.sum() < 150
    assert doubts(published) == doubts(published, (8, 10, 15, 20, 25)) == contradictions(published) == ()
    seconds = published.attach("vnni", published.latencies.rows_ms / 1000, published.latencies.fixed_ms)
    assert [each.code for each in doubts(seconds)] == ["SP0707"]
