"""Narrower hyperspaces use the table of the wider one: the paper's fixed operators and fixed widths."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from spacelang import ir
from spacelang.driver import compile_source
from spacelang.evolve.evolution import evolve
from spacelang.evolve.quality.quality import Estimator, score, total
from spacelang.evolve.solve import solve
from spacelang.evolve.table.part import table_for
from spacelang.networks.genome import Genome, decode, narrow
from spacelang.report.diagnostics import SpacelangError
from spacelang.report.source import Source
from tests.evolve.synthetic import TEXT, genomes, random_table

TABLE = random_table(seed=7, rows=12)
TARGETS = (5.0, 8.0)
EXACT = ir.Quality(estimator="exact", top=3)


def compiled(text: str) -> ir.SearchSpace:
    (space,) = compile_source(Source("narrow.space", text))
    return space


def fixed_operators() -> ir.SearchSpace:
    """Each stage names its block, as one writes it; the ids are then 0."""
    text = TEXT[: TEXT.index("  blocks {")] + TEXT[TEXT.index("  stem") :]
    own = r"\1 mbv2 { \2, kernel {3, 5}, expand {4, 6}, act relu6 }"
    return compiled(re.sub(r"(stage stage\d)  \{ (.*) \}", own, text))


def fixed_widths() -> ir.SearchSpace:
    return compiled(TEXT.replace("2 of 32..64", "{48, 64}").replace("2 of 48..80", "{48, 64}"))


def scores(space: ir.SearchSpace) -> dict[Genome, float]:
    estimator = Estimator(table_for(space, TABLE), TARGETS, EXACT)
    return {genome: total(estimator.values(genome)) for genome in genomes(space)}


@pytest.mark.parametrize(
    ("space", "wider"),
    [
        (fixed_operators(), lambda mine: Genome((4, 4, 4), mine.windows)),
        (fixed_widths(), lambda mine: Genome(mine.blocks, (1, 1, 0))),
    ],
    ids=["operators", "widths"],
)
def test_a_space_has_the_score_that_it_has_in_the_wider_hyperspace(
    space: ir.SearchSpace, wider: Callable[[Genome], Genome], tmp_path: Path
) -> None:
    found = scores(space)
    assert len(found) == 8
    whole = Estimator(TABLE, TARGETS, EXACT)
    assert found == {genome: total(whole.values(wider(genome))) for genome in found}
    best = max(found.values())
    solution = solve(space, TABLE, TARGETS, EXACT)
    assert solution.proved
    assert solution.score.total == best
    emitted = narrow(space, solution.score.genome, "emitted")
    assert score(emitted, TABLE, TARGETS, EXACT).genome == wider(solution.score.genome)
    evolved = evolve(space, TABLE, tmp_path / "history.jsonl", targets_ms=TARGETS, quality=EXACT)
    assert evolved.score.total == best
    assert evolved.gap == 0


def test_resolutions_may_be_fewer() -> None:
    space = compiled(TEXT.replace("{32, 64}", "32"))
    part = table_for(space, TABLE)
    assert set(part.rows.resolution.tolist()) == {32}
    assert part.latencies is not None
    assert set(part.latencies.fixed_ms) == {32}
    genome = decode(space, "141-010")
    networks = [net for each in score(genome, part, TARGETS, EXACT).targets for net in each.best]
    assert networks
    assert {net.resolution for net in networks} == {32}


def test_the_whole_table_stays_what_it_is() -> None:
    assert table_for(compiled(TEXT), TABLE) is TABLE


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2 of 48..80", "2 of {48, 80}", r"stage3\.width is 2 of 48\.\.80 in the table, \{48, 80\} in the space"),
        ("2 of 48..80", "3 of 48..80", r"stage3\.width is 2 of 48\.\.80 in the table, 48\.\.80 in the space"),
        ("mbv2  { kernel {3, 5}", "mbv2  { kernel 3", r"mbv2\.kernel 5 is in the table only"),
        ("{32, 64}", "{32, 64, 96}", "resolution 96 is in the space only"),
        ("depth 1..2, stride 1", "depth 1, stride 1", r"stage2\.depth 2 is in the table only"),
        ("width 16..32", "width 16", r"stem1\.width is \{16, 32\} in the table, 16 in the space"),
    ],
)
def test_what_the_table_has_not_measured_is_refused_by_name(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(SpacelangError, match=f"SP0704.*{message}"):
        table_for(compiled(TEXT.replace(old, new)), TABLE)
