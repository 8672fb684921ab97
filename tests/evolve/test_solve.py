"""The proved optimum, against every space of small hyperspaces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacelang import ir
from spacelang.evolve import solve as solve_module
from spacelang.evolve.bounds import Bounds, narrowed, totals, whole_field
from spacelang.evolve.quality.quality import Estimator, total
from spacelang.evolve.solve import solve
from spacelang.evolve.table.table import Table, cells_of
from spacelang.report.diagnostics import SpacelangError
from tests.evolve.synthetic import FIXED, TINY, genomes, plain_values, random_table


def exact(top: int, chain: str = "independent") -> ir.Quality:
    return ir.Quality(estimator="exact", top=top, chain=chain)  # type: ignore[arg-type]


def limited(mflops: float | None, parameters: float | None, memory: float | None) -> ir.Limits | None:
    limits = ir.Limits(mflops=mflops, parameters_mib=parameters, memory_mib=memory)
    return limits if any(value is not None for _, value in ir.items(limits)) else None


CASES = {
    "seed": st.integers(0, 10_000),
    "rows": st.integers(2, 7),
    "decimals": st.integers(1, 4),
    "top": st.integers(1, 12),
    "chain": st.sampled_from(["independent", "strict"]),
    "targets": st.lists(st.sampled_from([3.0, 4.2, 5.0, 20.0]), min_size=1, max_size=3, unique=True),
    "count": st.integers(1, 12),
}
LIMITS = {
    "mflops": st.sampled_from([None, 4.0, 8.0, 16.0]),
    "parameters": st.sampled_from([None, 0.03, 0.06, 0.15]),
    "memory": st.sampled_from([None, 0.04, 0.08, 0.16]),
}


@settings(max_examples=60, deadline=None)
@given(**CASES)
def test_the_best_spaces_are_found_in_order(
    seed: int, rows: int, decimals: int, top: int, chain: str, targets: list[float], count: int
) -> None:
    compare_with_all(random_table(seed, rows, decimals), exact(top, chain), targets, count, None)


@settings(max_examples=40, deadline=None)
@given(**CASES, **LIMITS)
def test_the_best_spaces_within_limits_are_found_in_order(
    seed: int,
    rows: int,
    decimals: int,
    top: int,
    chain: str,
    targets: list[float],
    count: int,
    mflops: float | None,
    parameters: float | None,
    memory: float | None,
) -> None:
    limits = limited(mflops, parameters, memory)
    compare_with_all(random_table(seed, rows, decimals), exact(top, chain), targets, count, limits)


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(**CASES, **LIMITS)
def test_500_random_tables(
    seed: int,
    rows: int,
    decimals: int,
    top: int,
    chain: str,
    targets: list[float],
    count: int,
    mflops: float | None,
    parameters: float | None,
    memory: float | None,
) -> None:
    limits = limited(mflops, parameters, memory)
    compare_with_all(random_table(seed, rows, decimals), exact(top, chain), targets, count, limits)


def compare_with_all(
    table: Table, quality: ir.Quality, targets: list[float], count: int, limits: ir.Limits | None
) -> None:
    """Score every space from the definition, and look at what `solve` makes of the same."""
    scores = [
        (total(plain_values(table, each, tuple(targets), quality.top, quality.chain == "strict", limits)), each)
        for each in genomes(TINY)
    ]
    if not any(value for value, _ in scores):
        with pytest.raises(SpacelangError, match="SP0722"):
            solve(TINY, table, targets, quality, limits=limits, count=count)
        return
    found = solve(TINY, table, targets, quality, limits=limits, count=count)
    possible = sorted(((value, each) for value, each in scores if value), key=lambda pair: -pair[0])
    assert found.proved
    assert found.certain == len(found.scores) == min(count, len(possible))
    for score, (value, _) in zip(found.scores, possible, strict=False):
        assert score.total == pytest.approx(value, rel=1e-12)
    estimator = Estimator(table, targets, quality, limits=limits)
    exactly = {each: total(estimator.values(each)) for _, each in scores}
    order = sorted((each for _, each in possible), key=lambda each: (-exactly[each], cells_of(each)))
    assert [score.genome for score in found.scores] == order[:count]
    others = [exactly[each] for each in order[count:]]
    assert max(others, default=0.0) <= found.runner_up_bound
    assert found.bound == found.score.total


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), chain=st.sampled_from(["independent", "strict"]), share=st.floats(0, 1))
def test_no_cell_that_a_good_space_needs_is_left_out(seed: int, chain: str, share: float) -> None:
    estimator = Estimator(random_table(seed, rows=5), (4.0, 6.0), exact(3, chain))
    scores = {each: total(estimator.values(each)) for each in genomes(TINY)}
    floor = share * max(scores.values())
    whole = Bounds(estimator.landscape, whole_field(estimator.landscape), 0.0)
    assert max(scores.values()) <= totals(whole.root_values)
    field = narrowed(estimator.landscape, floor, whole).field
    for genome, value in scores.items():
        if value >= floor > 0:
            assert all(cell in cells for cell, cells in zip(cells_of(genome), field.cells, strict=True))


def test_fewer_nodes_than_spaces_are_looked_at() -> None:
    assert solve(TINY, random_table(0, rows=20), (4, 6), exact(1)).nodes < 20


@pytest.mark.parametrize("nodes", range(1, 11))
def test_a_search_that_stops_early_says_so_and_keeps_its_bound(nodes: int) -> None:
    table = random_table(5, rows=40, decimals=1)
    proved = solve(TINY, table, (4, 6), exact(20))
    stopped = solve(TINY, table, (4, 6), exact(20), nodes=nodes)
    assert proved.nodes > 10
    assert (proved.stopped, stopped.stopped, stopped.proved) == (None, "nodes", False)
    assert stopped.score.total <= proved.score.total <= stopped.bound
    assert 1 - stopped.score.total / proved.score.total <= stopped.gap


@pytest.mark.parametrize("moment", range(10))
def test_an_interrupted_search_has_a_space_and_a_bound_that_hold(moment: int) -> None:
    table = random_table(5, rows=40, decimals=1)
    proved = solve(TINY, table, (4, 6), exact(20))
    asked = iter([False] * moment + [True])
    stopped = solve(TINY, table, (4, 6), exact(20), stop=lambda: next(asked))
    assert stopped.stopped == "interrupted"
    assert stopped.score.total <= proved.score.total <= stopped.bound


def test_out_of_time_and_near_enough() -> None:
    table = random_table(5, rows=40, decimals=1)
    proved = solve(TINY, table, (4, 6), exact(20))
    late = solve(TINY, table, (4, 6), exact(20), seconds=1e-9)
    near = solve(TINY, table, (4, 6), exact(20), gap=0.2)
    assert (late.stopped, near.stopped) == ("seconds", "gap")
    assert near.nodes <= proved.nodes
    for each in (late, near):
        assert each.score.total <= proved.score.total <= each.bound
    assert near.gap <= 0.2


def test_every_better_space_is_told_while_the_search_goes_on() -> None:
    told: list[float] = []
    found = solve(
        TINY, random_table(5, rows=40), (4, 6), exact(20), improved=lambda genome, value, bound: told.append(value)
    )
    assert told == sorted(told)
    assert told[-1] == found.score.total


def test_progress_tells_score_and_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solve_module, "PROGRESS_SECONDS", 0)
    calls: list[tuple[int, float, float]] = []
    found = solve(TINY, random_table(0), (4, 6), exact(1), lambda *call: calls.append(call))
    assert calls
    assert all(best <= found.score.total <= bound for _, best, bound in calls)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"targets_ms": 8}, "SP0724.*targets_ms is 8, a int.*give numbers, in milliseconds"),
        ({"targets_ms": "8,10"}, "SP0724.*'8,10', a str"),
        ({"targets_ms": ("8",)}, "SP0724.*a tuple"),
        ({"quality": {"top": 3}}, r"SP0725.*`quality` is .*a dict.*spacelang\.Quality"),
        ({"table": "vnni.parquet"}, "SP0725.*the table is 'vnni.parquet', a str.*read_table"),
        ({"space": "111-000"}, "SP0725.*the space is '111-000', a str.*spacelang.load"),
        ({"limits": {"mflops": 3}}, "SP0725.*`limits` is"),
        ({"limits": ir.Limits(mflops=-1)}, "SP0724.*mflops -1"),
        ({"count": 0}, "SP0724.*`count` is 0"),
        ({"nodes": 1.5}, "SP0724.*`nodes` is 1.5"),
        ({"seconds": -1}, "SP0724.*`seconds` is -1"),
        ({"gap": 1}, "SP0724.*`gap` is 1"),
    ],
)
def test_arguments_of_another_kind_are_refused(change: dict[str, object], message: str) -> None:
    arguments: dict[str, object] = {"space": TINY, "table": random_table(0), "quality": exact(1), "targets_ms": (4, 6)}
    with pytest.raises(SpacelangError, match=message):
        solve(**{**arguments, **change})  # type: ignore[arg-type]


def test_targets_may_be_an_array() -> None:
    table = random_table(0)
    assert solve(TINY, table, np.array([4, 6]), exact(1)) == solve(TINY, table, [4.0, 6.0], exact(1))  # type: ignore[arg-type]


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
