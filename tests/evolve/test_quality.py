"""Scores of spaces: the definition, written out plainly, against both estimators."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacelang import ir
from spacelang.evolve.quality.quality import Estimator, score
from spacelang.evolve.table.table import Latencies, Table
from spacelang.networks.genome import Genome, decode, narrow
from spacelang.report.diagnostics import SpacelangError
from tests.evolve.synthetic import FIXED, TINY, genomes, plain_values, random_table, sub_networks

ALL = tuple(genomes(TINY))
EXACT = ir.Quality(estimator="exact", top=3)


def exact(top: int, chain: str = "independent") -> ir.Quality:
    return ir.Quality(estimator="exact", top=top, chain=chain)  # type: ignore[arg-type]


def sampled(samples: int, top: int, chain: str = "independent", penalty: ir.Penalty | None = None) -> ir.Quality:
    return ir.Quality(estimator="sampled", samples=samples, top=top, chain=chain, penalty=penalty)  # type: ignore[arg-type]


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    genome=st.sampled_from(ALL),
    rows=st.integers(1, 7),
    decimals=st.integers(1, 4),
    top=st.integers(1, 30),
    chain=st.sampled_from(["independent", "strict"]),
    targets=st.lists(st.sampled_from([1.5, 3.0, 4.2, 5.0, 7.25, 20.0]), min_size=1, max_size=4, unique=True),
)
def test_the_exact_score_is_that_of_the_definition(
    seed: int, genome: Genome, rows: int, decimals: int, top: int, chain: str, targets: list[float]
) -> None:
    table = random_table(seed, rows, decimals)
    values = Estimator(table, targets, exact(top, chain)).values(genome)
    assert values == pytest.approx(plain_values(table, genome, tuple(targets), top, chain == "strict"), rel=1e-12)


def test_what_a_score_is_made_of_adds_up() -> None:
    table = random_table(3, rows=6)
    assert table.latencies is not None
    networks = {rows: (latency, loss) for latency, loss, rows in sub_networks(table, ALL[7], strict=False)}
    found = score(ALL[7], table, (4, 6), exact(10))
    assert found.total == sum(each.value for each in found.targets)
    for target in found.targets:
        assert len(target.best) == len({each.rows for each in target.best}) > 0
        for each in target.best:
            latency, loss = networks[each.rows]
            assert (each.latency_ms, each.loss) == (latency / 1e6, loss / 1e9)
            assert each.latency_ms <= target.target_ms
            assert {int(resolution) for resolution in table.rows.resolution[list(each.rows)]} == {each.resolution}
        assert [each.loss for each in target.best] == sorted(each.loss for each in target.best)
        assert target.mean_loss == pytest.approx(1 / target.value)


def test_a_target_that_nothing_reaches_scores_nothing() -> None:
    found = score(ALL[0], random_table(1), (0.6, 9), EXACT)
    assert found.targets[0].value == 0
    assert found.targets[0].best == ()
    assert found.targets[0].mean_loss is None
    assert found.total == found.targets[1].value > 0


def test_the_mean_is_over_those_there_are() -> None:
    table = random_table(1, rows=6)
    networks = list(sub_networks(table, ALL[0], strict=False))
    found = score(ALL[0], table, (100,), exact(1000))
    assert len(found.targets[0].best) == len(networks)
    assert found.total == pytest.approx(len(networks) * 1e9 / sum(loss for _, loss, _ in networks))


def test_scores_do_not_depend_on_what_was_scored_before() -> None:
    table = random_table(5, rows=6)
    for quality in (exact(5), exact(5, "strict"), sampled(50, 5)):
        forwards, backwards = (Estimator(table, (4, 6), quality, seed=1) for _ in range(2))
        scores = {genome: forwards.values(genome) for genome in ALL}
        assert {genome: backwards.values(genome) for genome in reversed(ALL)} == scores


@pytest.mark.parametrize("chain", ["independent", "strict"])
@pytest.mark.parametrize("top", [1, 8])
def test_sampled_scores_converge_to_the_exact_one(chain: str, top: int) -> None:
    table = random_table(11, rows=16)
    precise = score(ALL[20], table, (4, 6), exact(top, chain)).total
    few, many = (
        [score(ALL[20], table, (4, 6), sampled(samples, top, chain), seed).total for seed in range(10)]
        for samples in (20, 50_000)
    )
    assert precise > 0
    assert many == pytest.approx([precise] * 10, rel=1e-9)
    assert np.mean(np.array(few)) < precise * 0.99


def test_samples_are_drawn_evenly() -> None:
    """Of the strict sub-networks at a resolution, each is equally likely; so the share under a target is theirs."""
    table = random_table(2, rows=7)
    for genome in ALL[::9]:
        networks = list(sub_networks(table, genome, strict=True))
        fits: dict[int, list[bool]] = {}
        for latency, _, rows in networks:
            fits.setdefault(int(table.rows.resolution[rows[0]]), []).append(latency <= 5_000_000)
        share = float(np.mean([np.mean(each) for each in fits.values()]))
        found = score(genome, table, (5,), sampled(40_000, 1, "strict")).targets[0].share
        assert found == pytest.approx(share, abs=0.01)


def test_the_penalty_is_for_spaces_of_which_few_samples_fit() -> None:
    table, penalty = random_table(4, rows=7), ir.Penalty(threshold=0.9, exponent=0.5)
    plain, punished = (score(ALL[3], table, (4, 50), sampled(500, 2, penalty=each)) for each in (None, penalty))
    share = punished.targets[0].share
    assert share is not None
    assert 0 < share < 0.9
    assert punished.targets[0].value == pytest.approx(plain.targets[0].value * (share / 0.9) ** 0.5)
    assert punished.targets[1].value == plain.targets[1].value


def test_a_space_is_scored_by_its_place_in_the_hyperspace() -> None:
    table, genome = random_table(1), decode(TINY, "414-101")
    space = narrow(TINY, genome, "found")
    assert score(space, table) == score(genome, table, (4, 6), EXACT)


def test_a_foreign_space_is_refused_by_what_differs() -> None:
    space = narrow(TINY, decode(TINY, "414-101"), "found")
    first = space.stages[0]
    foreign = ir.replace(space, stages=(ir.replace(first, depth=(1, 2, 3)), *space.stages[1:]))
    with pytest.raises(
        SpacelangError, match=r"SP0704.*tiny@.* doesn't hold found@.*stage1\.depth 3 is in the space only"
    ):
        score(foreign, random_table(1))


def test_a_hyperspace_has_no_score() -> None:
    with pytest.raises(SpacelangError, match="SP0723.*tiny is a hyperspace"):
        score(TINY, random_table(1))


def test_a_table_without_latencies_is_refused_with_how_to_attach_them() -> None:
    table = random_table(1)
    bare = Table(table.space, table.rows, None, "")
    with pytest.raises(SpacelangError, match=r"SP0705.*`spacelang table attach"):
        score(ALL[0], bare, (4, 6), EXACT)
    assert table.latencies is not None
    attached = bare.attach("cpu", table.latencies.rows_ms, FIXED)
    assert score(ALL[0], attached, (4, 6), EXACT) == score(ALL[0], table, (4, 6), EXACT)


def test_a_cell_without_rows_is_named() -> None:
    table = random_table(1)
    assert table.latencies is not None
    keep = np.flatnonzero((table.rows.stage != 1) | (table.rows.block != 4) | (table.rows.window != 0))
    partial = Table.of(TINY, table.rows.take(keep), Latencies("cpu", FIXED, table.latencies.rows_ms[keep]), "")
    assert score(Genome((1, 1, 1), (0, 0, 0)), partial, (4, 6), EXACT).total > 0
    with pytest.raises(SpacelangError, match=r"SP0706.*stage2, block 4 \(mbv2\), width list 0 \(32 and 48\)"):
        score(Genome((1, 4, 1), (0, 0, 0)), partial, (4, 6), EXACT)


@pytest.mark.parametrize(
    ("targets", "quality", "message"),
    [
        (None, EXACT, "SP0720.*says nothing about targets"),
        ((4,), None, "SP0720.*says nothing about quality"),
        ((), EXACT, "SP0724.*at least one target"),
        ((4, 4), EXACT, "SP0724.*given twice"),
        ((-1,), EXACT, "SP0724.*-1 ms isn't a latency"),
        ((float("nan"),), EXACT, "SP0724.*nan ms isn't a latency"),
        ((4,), exact(0), "SP0724.*`top 0` isn't legal"),
        ((4,), ir.replace(EXACT, samples=5), "SP0724.*draws no samples"),
        ((4,), sampled(0, 1), "SP0724.*number of samples"),
        ((4,), sampled(5, 1, penalty=ir.Penalty(threshold=2, exponent=1)), "SP0724.*penalty isn't legal"),
    ],
)
def test_settings_are_never_guessed(
    targets: tuple[float, ...] | None, quality: ir.Quality | None, message: str
) -> None:
    with pytest.raises(SpacelangError, match=message):
        score(ALL[0], random_table(1), targets, quality)
