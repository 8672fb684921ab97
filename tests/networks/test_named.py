"""The numbers of an architecture by their names, and how spaces are shown."""

from __future__ import annotations

from pathlib import Path

from spacelang import ir
from spacelang.driver import load
from spacelang.evolve.solve import solve
from spacelang.networks.architecture import smallest
from spacelang.networks.named import named
from spacelang.report.html import table
from tests.evolve.synthetic import random_table

SPECS = Path(__file__).parents[2] / "specs"


def test_numbers_have_the_names_of_the_blocks_parameters() -> None:
    space = load(SPECS / "spaceevo_vnni.space")
    found = named(space, smallest(space))
    assert found["resolution"] == 160
    assert [each["stage"] for each in found["stages"]] == [each.name for each in space.stages]
    assert found["stages"][0]["block"] == "mbv2"
    assert found["stages"][0]["layers"][0] == {"width": 32, "kernel": 3, "expand": 4}
    assert found["stem"][0]["layers"] == [{"width": 16, "kernel": 3}]


def test_a_space_is_shown_short_and_as_a_table() -> None:
    space = load(SPECS / "vnni.space")
    assert repr(space) == f"<hyperspace vnni on vnni: 6 stages, {space.short_hash}>"
    html = space._repr_html_()
    assert html.count("<tr>") == 1 + len(space.stem) + len(space.stages)
    assert "<td>{32, 48}, {48, 64}</td>" in html


def test_tables_scores_and_solutions_are_shown_short_and_as_tables() -> None:
    made = random_table(0)
    solution = solve(made.space, made, (4, 6), ir.Quality(estimator="exact", top=1))
    assert (
        repr(made) == f"<table of {made.space.name}: {len(made.rows)} rows, {len(made.cells)} cells, latencies of cpu>"
    )
    assert repr(solution) == f"<solution {solution.score.encoding}: {solution.score.total:.6f}, proved>"
    assert repr(solution.score) == f"<score {solution.score.total:.6f} of {solution.score.encoding}>"
    for shown in (made._repr_html_(), solution._repr_html_(), solution.score._repr_html_()):
        assert shown.startswith("<table>")
        assert shown.endswith("</table>")
    assert solution.score.encoding in solution._repr_html_()


def test_texts_in_tables_are_escaped() -> None:
    assert "<td>a &lt; b</td>" in table("x", ["y"], [["a < b"]])
