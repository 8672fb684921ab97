"""The proved optimum, against every space of small hyperspaces."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacelang import ir
from spacelang.evolve import solve as solve_module
from spacelang.evolve.quality.quality import Estimator, total
from spacelang.evolve.solve import Solver, solve
from spacelang.evolve.table.table import Table, cells_of
from spacelang.report.diagnostics import SpacelangError
from tests.evolve.synthetic import FIXED, TINY, genomes, random_table


def exact(top: int, chain: str = "independent") -> ir.Quality:
    return ir.Quality(estimator="exact", top=top, chain=chain)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(2, 7),
    decimals=st.integers(1, 4),
    top=st.integers(1, 12),
    chain=st.sampled_from(["independent", "strict"]),
    targets=st.lists(st.sampled_from([3.0, 4.2, 5.0, 20.0]), min_size=1, max_size=3, unique=True),
)
def test_no_space_is_better_and_the_first_of_equals_is_found(
    seed: int, rows: int, decimals: int, top: int, chain: str, targets: list[float]
) -> None:
    table, quality = random_table(seed, rows, decimals), exact(top, chain)
    estimator = Estimator(table, targets, quality)
    scores = {genome: total(estimator.values(genome)) for genome in genomes(TINY)}
    if not any(scores.values()):
        return
    found = solve(TINY, table, targets, quality)
    best = max(scores.values())
    assert found.proved
    assert found.score.total == best
    assert found.score.genome == next(genome for genome in genomes(TINY) if scores[genome] == best)
    others = [value for genome, value in scores.items() if genome != found.score.genome]
    assert max(others) <= found.runner_up_bound <= best


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), chain=st.sampled_from(["independent", "strict"]), top=st.integers(1, 4))
def test_every_prefix_bounds_what_begins_with_it(seed: int, chain: str, top: int) -> None:
    estimator = Estimator(random_table(seed, rows=5), (4.0, 6.0), exact(top, chain))
    solver = Solver(estimator)
    for genome in genomes(TINY):
        value, cells = total(estimator.values(genome)), cells_of(genome)
        bounds = [solver.bound(cells[:length]) for length in range(len(cells) + 1)]
        assert bounds == sorted(bounds, reverse=True)
        assert value <= bounds[-1]


def test_fewer_nodes_than_spaces_are_looked_at() -> None:
    assert solve(TINY, random_table(0, rows=20), (4, 6), exact(1)).nodes < 20


def test_a_search_that_stops_early_says_so_and_keeps_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    table = random_table(0, rows=10)
    proved = solve(TINY, table, (4, 6), exact(5))
    monkeypatch.setattr(solve_module, "NODE_LIMIT", 1)
    stopped = solve(TINY, table, (4, 6), exact(5))
    assert (proved.proved, stopped.proved) == (True, False)
    assert stopped.score.total <= proved.score.total <= stopped.runner_up_bound


def test_progress_tells_score_and_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solve_module, "PROGRESS_STEP", 1)
    calls: list[tuple[int, float, float]] = []
    found = solve(TINY, random_table(0), (4, 6), exact(1), lambda *call: calls.append(call))
    assert [nodes for nodes, _, _ in calls] == list(range(1, len(calls) + 1))
    assert all(best <= found.score.total <= bound for _, best, bound in calls)


def test_sampled_scores_have_no_proved_optimum() -> None:
    quality = ir.Quality(estimator="sampled", samples=10, top=1)
    with pytest.raises(SpacelangError, match=r"SP0721.*`estimator sampled`.*spacelang evolve"):
        solve(TINY, random_table(0), (4, 6), quality)


def test_targets_that_nothing_reaches_are_an_error_with_the_fastest_there_is() -> None:
    table = random_table(0, rows=40)
    assert table.latencies is not None
    rows, latency = table.rows, table.latencies.rows_ms
    fastest = min(
        FIXED[size] + sum(latency[(rows.stage == stage) & (rows.resolution == size)].min() for stage in range(3))
        for size in TINY.resolutions
    )
    with pytest.raises(SpacelangError, match=rf"SP0722.*within 0\.6 ms.*fastest rows together take {fastest:g} ms"):
        solve(TINY, table, (0.55, 0.6), exact(1))


def test_an_incomplete_table_is_refused() -> None:
    table = random_table(0)
    assert table.latencies is not None
    partial = Table.of(TINY, table.rows.take(table.rows.stage.nonzero()[0]), None, "")
    with pytest.raises(SpacelangError, match=r"SP0706.*stage1, block 1 \(mbv1\), width list 0.*; .*"):
        solve(TINY, partial, (4, 6), exact(1))
    many = Table.of(TINY, table.rows.take(table.rows.stage.nonzero()[0][:1]), None, "")
    with pytest.raises(SpacelangError, match=r"SP0706.* and 6 more"):
        solve(TINY, many, (4, 6), exact(1))
