"""Aging evolution: what it explores, and that a history brings it back."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from spacelang import ir
from spacelang.driver import compile_source
from spacelang.evolve import evolution
from spacelang.evolve.evolution import aging_evolution, evolve
from spacelang.evolve.history import Entry, History, read_history
from spacelang.evolve.quality.quality import Estimator
from spacelang.evolve.solve import Solver, solve
from spacelang.networks.genome import Genome, decode
from spacelang.report.diagnostics import SpacelangError
from spacelang.report.source import Source
from tests.evolve.synthetic import TEXT, TINY, random_table

TABLE = random_table(7, rows=12)
SMALL = ir.Evolution(population=10, sample=4, spaces=60, seed=3)
ROOT = Path(__file__).parents[2]


def entries(path: Path) -> tuple[Entry, ...]:
    return read_history(path)[1]


def test_every_space_is_explored_in_order_and_the_best_is_returned(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    found = evolve(TINY, TABLE, path, evolution=SMALL)
    lines = entries(path)
    assert [each.index for each in lines] == list(range(60))
    assert found.explored == 60
    assert found.different == len({each.encoding for each in lines})
    assert found.score.total == max(each.score for each in lines)
    assert found.score.encoding == max(lines, key=lambda each: each.score).encoding
    assert found.history == path


def sent(number: int) -> int:
    """How many spaces the batch that ends with this one had: the population, then two at a time."""
    return SMALL.population if number < SMALL.population else 2


def test_children_differ_from_their_parent_by_one_gene() -> None:
    batches = aging_evolution(TINY, SMALL)
    genomes: list[Genome] = []
    batch = next(batches)
    for number in range(200):
        proposal, last = batch[0], len(batch) == 1
        genomes.append(proposal.genome)
        if number < SMALL.population:
            assert (proposal.parent, proposal.operation) == (None, "random")
        else:
            assert proposal.parent is not None
            # Two children an iteration, and the two oldest leave before the next.
            oldest = (number - SMALL.population) // 2 * 2
            assert oldest <= proposal.parent < oldest + SMALL.population
            assert proposal.operation == ("block", "width")[(number - SMALL.population) % 2]
            parent, child = genomes[proposal.parent], proposal.genome
            changed = [a != b for a, b in zip(parent.blocks, child.blocks, strict=True)]
            changed += [a != b for a, b in zip(parent.windows, child.windows, strict=True)]
            assert sum(changed) == 1
            assert any(changed[:3]) == (proposal.operation == "block")
        batch = batches.send([float(each) for each in range(number + 1)][-sent(number) :]) if last else batch[1:]


def test_both_children_have_the_best_of_the_sample_as_their_parent() -> None:
    settings = ir.Evolution(population=6, sample=6, spaces=100, seed=0)
    proposals, scores = aging_evolution(TINY, settings), [5.0, 1.0, 9.0, 2.0, 3.0, 4.0]
    assert len(next(proposals)) == 6
    assert [each.parent for each in proposals.send(scores)] == [2, 2]


def test_evolution_finds_the_optimum_of_a_small_hyperspace_and_says_so() -> None:
    found = evolve(TINY, TABLE, evolution=ir.Evolution(population=20, sample=8, spaces=400, seed=0))
    optimum = solve(TINY, TABLE)
    assert found.optimum == optimum
    assert found.score == optimum.score
    assert found.gap == 0


def test_the_gap_is_the_share_that_is_missing() -> None:
    found = evolve(TINY, TABLE, algorithm="random", evolution=ir.Evolution(population=1, sample=1, spaces=1, seed=2))
    assert found.optimum is not None
    assert found.gap is not None
    assert found.gap > 0
    assert found.score.total == pytest.approx(found.optimum.score.total * (1 - found.gap))


def test_without_a_proof_the_gap_is_to_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evolution, "GAP_NODES", 1)
    found = evolve(TINY, TABLE, evolution=SMALL)
    assert found.optimum is not None
    assert not found.optimum.proved
    assert found.optimum.score.total >= found.score.total
    assert found.gap == 1 - found.score.total / found.optimum.bound > 0


def test_a_sampled_search_has_no_optimum_to_compare_with() -> None:
    quality = ir.Quality(estimator="sampled", samples=50, top=2)
    found = evolve(TINY, TABLE, quality=quality, evolution=SMALL)
    assert (found.optimum, found.gap) == (None, None)


def test_random_search_mutates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    evolve(TINY, TABLE, path, algorithm="random", evolution=SMALL)
    assert {(each.parent, each.operation) for each in entries(path)} == {(None, "random")}
    assert len({each.encoding for each in entries(path)}) > 30


def test_stages_without_a_choice_are_left_alone() -> None:
    text = TEXT.replace("2 of 32..64", "2 of 32..48").replace("2 of 48..80", "2 of 48..64")
    (space,) = compile_source(Source("one_window.space", text))
    batches = aging_evolution(space, SMALL)
    following = list(next(batches))
    following += batches.send([1.0] * SMALL.population)
    following += [each for _ in range(60) for each in batches.send([1.0])]
    assert {each.operation for each in following} == {"random", "block"}
    assert {each.genome.windows for each in following} == {(0, 0, 0)}
    # One child an iteration: the population stays as large as it was.
    assert all(a.parent is not None and a.parent >= at for at, a in enumerate(following[SMALL.population :]))


@pytest.mark.parametrize("spaces", [10, 11, 12, 13])
def test_exactly_as_many_spaces_as_asked_for(tmp_path: Path, spaces: int) -> None:
    path = tmp_path / "history.jsonl"
    evolve(TINY, TABLE, path, evolution=ir.replace(SMALL, spaces=spaces))
    assert len(entries(path)) == spaces


def test_the_same_seed_gives_the_same_history_in_any_process(tmp_path: Path) -> None:
    program = (
        "from tests.evolve.test_evolution import *; import sys\n"
        "quality = ir.Quality(estimator='sampled', samples=99, top=2)\n"
        "evolve(TINY, TABLE, sys.argv[1], evolution=SMALL, quality=quality)\n"
    )
    for name, seed in (("one", "1"), ("two", "2")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", program, str(tmp_path / name)], check=True, cwd=ROOT, env=environment)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    evolve(TINY, TABLE, tmp_path / "other", evolution=ir.replace(SMALL, seed=4))
    assert entries(tmp_path / "other") != entries(tmp_path / "one")


@pytest.mark.parametrize("algorithm", ["evolution", "random"])
def test_a_search_that_was_cut_off_anywhere_goes_on_to_the_same_end(tmp_path: Path, algorithm: str) -> None:
    whole, part = tmp_path / "whole.jsonl", tmp_path / "part.jsonl"
    settings = {"algorithm": algorithm, "evolution": SMALL}
    found = evolve(TINY, TABLE, whole, **settings)  # type: ignore[arg-type]
    data = whole.read_bytes()
    header = data.index(b"\n") + 1
    for length in [*range(header, len(data), len(data) // 12), len(data) - 1, len(data)]:
        part.write_bytes(data[:length])
        again = evolve(TINY, TABLE, part, resume=True, **settings)  # type: ignore[arg-type]
        assert part.read_bytes() == data
        assert (again.score, again.different) == (found.score, found.different)


def test_an_interrupted_search_leaves_what_it_explored(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"

    def interrupt(done: int, total: int, best: float, encoding: str) -> None:
        if done == 17:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evolve(TINY, TABLE, path, evolution=SMALL, progress=interrupt)
    assert len(entries(path)) == 17
    evolve(TINY, TABLE, path, evolution=SMALL, resume=True)
    evolve(TINY, TABLE, tmp_path / "whole", evolution=SMALL)
    assert path.read_bytes() == (tmp_path / "whole").read_bytes()


def test_recorded_scores_are_not_computed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "history.jsonl"
    evolve(TINY, TABLE, path, evolution=SMALL)
    monkeypatch.setattr(Estimator, "values", None)
    monkeypatch.setattr(Solver, "run", lambda self, **_: None)
    found = evolve(TINY, TABLE, path, evolution=SMALL, resume=True)
    assert found.explored == 60


def test_a_finished_search_can_go_on_to_more_spaces_but_not_to_fewer(tmp_path: Path) -> None:
    longer, path = ir.replace(SMALL, spaces=80), tmp_path / "history.jsonl"
    evolve(TINY, TABLE, path, evolution=SMALL)
    evolve(TINY, TABLE, path, evolution=longer, resume=True)
    evolve(TINY, TABLE, tmp_path / "whole", evolution=longer)
    assert path.read_bytes() == (tmp_path / "whole").read_bytes()
    with pytest.raises(SpacelangError, match="SP0731.*holds 80 spaces already, and this search explores 60"):
        evolve(TINY, TABLE, path, evolution=SMALL, resume=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"evolution": ir.replace(SMALL, seed=9)}, "seed 3 there, 9 here$"),
        ({"evolution": ir.replace(SMALL, population=12)}, "population 10 there, 12 here$"),
        ({"algorithm": "random"}, "algorithm evolution there, random here; population 10 there, null here; sample"),
        ({"targets_ms": (4.0, 7.0)}, r"targets_ms \[4.0, 6.0\] there, \[4.0, 7.0\] here$"),
        ({"quality": ir.Quality(estimator="exact", top=9)}, 'quality .*"top": 3.* there, .*"top": 9.* here$'),
        ({"table": random_table(8, rows=12)}, r"table \w{8}… there, \w{8}… here$"),
    ],
)
def test_the_history_of_another_search_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "history.jsonl"
    evolve(TINY, TABLE, path, evolution=SMALL)
    before = path.read_bytes()
    arguments = {"evolution": SMALL, "table": TABLE, **change}
    with pytest.raises(SpacelangError, match="SP0731") as caught:
        evolve(TINY, history=path, resume=True, **arguments)  # type: ignore[arg-type]
    (diagnostic,) = caught.value.diagnostics
    assert re.search(message, diagnostic.message)
    assert path.read_bytes() == before


def test_a_history_that_was_changed_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    evolve(TINY, TABLE, path, evolution=SMALL)
    lines = path.read_text().splitlines(keepends=True)
    entry = json.loads(lines[30])
    entry["encoding"] = "111-000" if entry["encoding"] != "111-000" else "111-001"
    path.write_text("".join([*lines[:30], json.dumps(entry) + "\n", *lines[31:]]))
    with pytest.raises(SpacelangError, match=r"SP0731.*the space 29 is 111-00\d there, and would be"):
        evolve(TINY, TABLE, path, evolution=SMALL, resume=True)


def test_a_changed_score_is_named_as_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    evolve(TINY, TABLE, path, evolution=SMALL)
    lines = path.read_text().splitlines(keepends=True)
    entry = json.loads(lines[30])
    entry["score"] += 0.5
    path.write_text("".join([*lines[:30], json.dumps(entry) + "\n", *lines[31:]]))
    with pytest.raises(SpacelangError, match=r"SP0731.*the score of the space 29, .*, is .* there, and would"):
        evolve(TINY, TABLE, path, evolution=SMALL, resume=True)


def test_workers_change_nothing(tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    alone = evolve(TINY, TABLE, one, evolution=SMALL)
    together = evolve(TINY, TABLE, two, evolution=SMALL, workers=2)
    assert one.read_bytes() == two.read_bytes()
    assert (alone.score, alone.different) == (together.score, together.different)


def test_it_ends_at_a_number_of_different_spaces_or_at_the_optimum() -> None:
    few = evolve(TINY, TABLE, evolution=SMALL, different=12)
    assert (few.different, few.stopped) == (12, "different")
    there = evolve(TINY, TABLE, evolution=ir.Evolution(population=20, sample=8, spaces=400, seed=0), gap=0)
    assert (there.gap, there.stopped) == (0, "gap")
    assert there.explored < 400


@pytest.mark.parametrize("moment", range(1, 11))
def test_an_interrupted_evolution_has_the_best_so_far_and_a_gap_that_holds(moment: int) -> None:
    asked = iter([False] * moment + [True])
    found = evolve(TINY, TABLE, evolution=SMALL, stop=lambda: next(asked))
    assert (found.stopped, found.explored) == ("interrupted", moment + 1)
    assert found.gap is not None
    assert solve(TINY, TABLE).score.total * (1 - found.gap) <= found.score.total * (1 + 1e-12)


def test_an_algorithm_that_there_is_not() -> None:
    with pytest.raises(SpacelangError, match="SP0724.*no algorithm 'aging'.*evolution or random"):
        evolve(TINY, TABLE, algorithm="aging")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "SP0732.*can't be read: No such file"),
        (b"", "SP0730.*first line is incomplete"),
        (b"not json\n", "SP0730.*:1: this isn't a line of a history"),
        (b'{"index": 0}\n', "SP0730.*:1: this isn't a line of a history"),
        (b"\xff\xfe\x00\n", "SP0730.*:1: this isn't a line of a history"),
    ],
)
def test_what_is_no_history_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "history.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SpacelangError, match=message):
        evolve(TINY, TABLE, path, evolution=SMALL, resume=True)


def test_lines_that_are_missing_or_damaged_in_between_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    evolve(TINY, TABLE, path, evolution=SMALL)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:5] + lines[6:]))
    with pytest.raises(SpacelangError, match=r"SP0730.*jsonl:6: space 4 should be here, not space 5"):
        evolve(TINY, TABLE, path, evolution=SMALL, resume=True)
    path.write_text("".join([*lines[:5], lines[5][:20] + "\n", *lines[6:]]))
    with pytest.raises(SpacelangError, match=r"SP0730.*jsonl:6: this isn't a line of a history"):
        evolve(TINY, TABLE, path, evolution=SMALL, resume=True)


def test_a_history_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text("precious")
    with pytest.raises(SpacelangError, match="SP0732.*exists already"):
        evolve(TINY, TABLE, path, evolution=SMALL)
    assert path.read_text() == "precious"


class FullDisk(io.BytesIO):
    def write(self, data: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_said_in_words() -> None:
    entry = Entry(index=0, encoding="111-000", score=1.0, values=(1.0,), parent=None, operation="random")
    with pytest.raises(SpacelangError, match="SP0732.*h.jsonl can't be written: No space left"):
        History(Path("h.jsonl"), FullDisk(), ()).append(entry)


def test_progress_counts_up_and_its_best_never_falls() -> None:
    calls: list[tuple[int, int, float, str]] = []
    found = evolve(TINY, TABLE, evolution=SMALL, progress=lambda *call: calls.append(call))
    assert [done for done, *_ in calls] == list(range(1, 61))
    assert all(a[2] <= b[2] for a, b in pairwise(calls))
    assert calls[-1][1:] == (60, found.score.total, found.score.encoding)


def test_what_has_one_space_only_is_not_searched() -> None:
    (space,) = compile_source(
        Source(
            "one.space",
            TEXT.replace("2 of 32..64", "32..64")
            .replace("2 of 48..80", "48..80")
            .replace("    4 = mbv2  { kernel {3, 5}, expand {4, 6}, act relu6 }\n", ""),
        )
    )
    with pytest.raises(SpacelangError, match="SP0723.*holds one space only"):
        evolve(space, random_table(0, space=space), evolution=SMALL)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sample": 11}, "SP0724.*sample 11, population 10, spaces 60"),
        ({"spaces": 9}, "SP0724.*spaces 9"),
        ({"sample": 0}, "SP0724.*sample 0"),
        ({"seed": -1}, "SP0724.*`seed -1` isn't a whole number"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(change: dict[str, int], message: str) -> None:
    with pytest.raises(SpacelangError, match=message):
        evolve(TINY, TABLE, evolution=ir.replace(SMALL, **change))


def test_settings_default_to_those_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    evolve(TINY, TABLE, path)
    header, lines, _ = read_history(path)
    assert (header.targets_ms, header.quality, header.seed) == ((4.0, 6.0), TINY.quality, 0)
    assert len(lines) == 60
    bare = ir.replace(TINY, evolution=None)
    with pytest.raises(SpacelangError, match="SP0720.*says nothing about evolution"):
        evolve(bare, TABLE)


def test_encodings_of_a_history_decode(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    evolve(TINY, TABLE, path)
    assert all(decode(TINY, each.encoding) for each in entries(path))
