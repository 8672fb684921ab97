"""`table`, `score`, `evolve` and `solve`."""

from __future__ import annotations

import json
import signal
from importlib import import_module
from pathlib import Path

import pytest

import spacelang
from spacelang.cli.scores import distance
from spacelang.evolve.quality.quality import Score
from spacelang.evolve.solve import Solution
from spacelang.evolve.table.parquet import read_table, write_table
from spacelang.networks.genome import Genome
from tests.cli.conftest import ROOT, SPECS, Cli
from tests.evolve.synthetic import TEXT, csv_files, random_table

ARCHIVE = ROOT.parent / "shared" / "data" / "vnni_block_table.tar.xz"
FIXED = "160=1.751,192=2.277,224=2.801"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.space"
    path.write_text(TEXT)
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.parquet"
    write_table(random_table(seed=1, rows=8), path)
    return path


def test_solve_proves_and_writes_the_best_space(cli: Cli, tiny: Path, table: Path, tmp_path: Path) -> None:
    code, out, err = cli("solve", tiny, "--table", table, "-o", tmp_path / "best.space", "--json")
    assert (code, err) == (0, f"solving\nwrote {tmp_path / 'best.space'}\n")
    solution = json.loads(out)
    assert solution["proved"]
    assert cli("fmt", "--check", tmp_path / "best.space").code == 0
    encoding = cli("encode", tmp_path / "best.space").out.strip()
    assert encoding == f"tiny@{spacelang.load(tiny).short_hash}:{solution['encoding']}"
    scored = json.loads(cli("score", tmp_path / "best.space", "--table", table, "--json").out)
    assert scored["score"] == solution["score"]
    assert cli("score", tiny, encoding, "--table", table).out.startswith(f"{solution['encoding']}  score ")


def test_evolve_reaches_the_optimum_and_says_so(cli: Cli, tiny: Path, table: Path, tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    code, out, err = cli("evolve", tiny, "--table", table, "-o", tmp_path / "best.space", "--history", history)
    assert (code, err) == (0, f"evolving\nwrote {tmp_path / 'best.space'}\n")
    assert "60 spaces explored, " in out
    assert out.endswith("\nthis is the proved optimum\n")
    lines = history.read_text().splitlines()
    assert len(lines) == 61
    best = max(map(json.loads, lines[1:]), key=lambda entry: entry["score"])
    assert out.startswith(f"{best['encoding']}  score {best['score']:.6f}")
    assert spacelang.load(tmp_path / "best.space").kind == "space"


def test_a_history_that_was_cut_off_is_resumed_to_the_same_bytes(
    cli: Cli, tiny: Path, table: Path, tmp_path: Path
) -> None:
    history = tmp_path / "history.jsonl"
    arguments = ("evolve", tiny, "--table", table, "--history", history)
    whole = cli(*arguments).out
    recorded = history.read_bytes()
    history.write_bytes(recorded[: len(recorded) // 2])
    assert cli(*arguments).code == 1
    assert cli(*arguments, "--resume").out == whole
    assert history.read_bytes() == recorded


def test_resume_needs_a_history(cli: Cli, tiny: Path, table: Path) -> None:
    code, _, err = cli("evolve", tiny, "--table", table, "--resume")
    assert code == 1
    assert "--resume needs --history" in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_evolution_writes_its_best_and_says_how_to_go_on(
    cli: Cli, tiny: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    history, best = tmp_path / "history.jsonl", tmp_path / "best.space"
    module = import_module("spacelang.evolve.evolution")
    count = module._Run._count

    def counted(self: object, genome: Genome) -> float:
        if self.explored == 20:  # type: ignore[attr-defined]
            signal.raise_signal(number)
        return float(count(self, genome))

    monkeypatch.setattr(module._Run, "_count", counted)
    code, out, err = cli("evolve", tiny, "--table", table, "--history", history, "-o", best)
    assert code == 128 + number
    assert "21 spaces explored" in out
    assert "the same command with --resume goes on from there" in err
    assert spacelang.load(best).kind == "space"
    monkeypatch.undo()
    assert cli("evolve", tiny, "--table", table, "--history", history, "--resume").code == 0


def test_the_ten_best_are_listed(cli: Cli, tiny: Path, table: Path) -> None:
    code, out, _ = cli("solve", tiny, "--table", table, "-n", "10", "--json")
    assert code == 0
    spaces = json.loads(out)["spaces"]
    assert len({each["encoding"] for each in spaces}) == 10
    assert all(each["proved"] for each in spaces)
    assert [each["score"] for each in spaces] == sorted((each["score"] for each in spaces), reverse=True)
    for each in spaces[:3]:
        scored = json.loads(cli("score", tiny, each["encoding"], "--table", table, "--json").out)
        assert scored["score"] == each["score"]
    assert "rank" in cli("solve", tiny, "--table", table, "-n", "3").out


def test_a_limit_ends_with_a_space_a_gap_and_a_code_of_its_own(
    cli: Cli, tiny: Path, table: Path, tmp_path: Path
) -> None:
    best = tmp_path / "best.space"
    code, out, _ = cli("solve", tiny, "--table", table, "-o", best, "--seconds", "0.000001")
    assert code == 3
    assert "not proved, out of time: at most " in out
    assert "not proved, out of time: at most " in best.read_text()
    assert cli("fmt", "--check", best).code == 0


def test_settings_of_the_command_line_are_used_and_written(cli: Cli, tiny: Path, table: Path, tmp_path: Path) -> None:
    best = tmp_path / "best.space"
    options = ("--top", "2", "--targets", "6,5", "--chain", "strict", "--limits", "mflops=20,memory_mib=0.25")
    code, out, _ = cli("solve", tiny, "--table", table, "-o", best, "--json", *options)
    assert code == 0
    space = spacelang.load(best)
    assert space.targets is not None
    assert space.quality is not None
    assert space.limits is not None
    assert (space.targets.latency_ms, space.quality.top, space.quality.chain) == ((5.0, 6.0), 2, "strict")
    assert (space.limits.mflops, space.limits.parameters_mib, space.limits.memory_mib) == (20, None, 0.25)
    assert json.loads(cli("score", best, "--table", table, "--json").out)["score"] == json.loads(out)["score"]
    sampled = cli("score", best, "--table", table, "--estimator", "sampled", "--samples", "50", "--json")
    assert json.loads(sampled.out)["settings"]["quality"]["samples"] == 50


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--targets", "8;10"), "'8;10' isn't a list of milliseconds"),
        (("--limits", "flops=3"), "'flops=3' isn't NAME=NUMBER; the names are mflops"),
        (("--estimator", "sampled"), "SP0724"),
        (("--gap", "2"), "`gap` is 2"),
    ],
)
def test_options_that_can_not_be(cli: Cli, tiny: Path, table: Path, options: tuple[str, ...], message: str) -> None:
    code, out, err = cli("solve", tiny, "--table", table, *options)
    assert (code, out) == (1, "")
    assert message in err


@pytest.mark.parametrize(
    ("proved", "gap", "said"),
    [
        (True, 0.0, "this is the proved optimum"),
        (True, 0.0123, "1.230% below the proved optimum, 111-000 with 2.500000"),
        (False, 0.0123, "at most 1.230% below the best space there is, whose score could not be proved"),
    ],
)
def test_how_far_the_optimum_is(proved: bool, gap: float, said: str) -> None:
    score = Score(Genome((1, 1, 1), (0, 0, 0)), 2.5, ())
    optimum = Solution((score,), 1, int(proved), 2.6, 2.6, None if proved else "nodes")
    assert distance(optimum, gap) == said


def test_the_seed_and_the_algorithm_matter(cli: Cli, tiny: Path, table: Path, tmp_path: Path) -> None:
    def explored(*options: str) -> list[str]:
        history = tmp_path / f"{len(list(tmp_path.iterdir()))}.jsonl"
        assert cli("evolve", tiny, "--table", table, "--history", history, *options).code == 0
        return [json.loads(line)["encoding"] for line in history.read_text().splitlines()[1:]]

    assert explored("--seed", "1") == explored("--seed", "1") != explored("--seed", "2")
    assert explored("--seed", "1") != explored("--seed", "1", "--algorithm", "random")


def test_missing_settings_are_those_of_the_hyperspace(cli: Cli, tiny: Path, table: Path) -> None:
    tiny.write_text(TEXT.replace("  targets latency {4, 6} ms\n", ""))
    code, _, err = cli("score", tiny, "111-000", "--table", table)
    assert code == 1
    assert "tiny says nothing about targets" in err


def test_a_narrower_hyperspace_uses_the_table_of_the_wider(cli: Cli, tiny: Path, table: Path, tmp_path: Path) -> None:
    narrow = tmp_path / "narrow.space"
    narrow.write_text(TEXT.replace("stage3  { ", "stage3  mbv2 { kernel {3, 5}, expand {4, 6}, act relu6, "))
    wide, fixed = (cli("score", each, "114-010", "--table", table, "--json") for each in (tiny, narrow))
    assert (wide.code, fixed.code) == (0, 0)
    assert json.loads(wide.out)["score"] == json.loads(fixed.out)["score"]
    assert "stage3 has no block '1'" in cli("score", narrow, "111-010", "--table", table).err


def test_a_table_of_another_hyperspace_is_refused_by_name_of_what_differs(cli: Cli, tiny: Path, table: Path) -> None:
    tiny.write_text(TEXT.replace("stage stage2  { depth 1..2", "stage stage2  { depth 1..3"))
    for command in (("solve", tiny), ("evolve", tiny), ("score", tiny, "111-000")):
        code, out, err = cli(*command, "--table", table)
        assert (code, out) == (1, "")
        assert "error[SP0704]" in err
        assert "stage2" in err


def test_no_table(cli: Cli, tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"not parquet")
    for path in (tmp_path / "none.parquet", tmp_path / "x.parquet", tmp_path):
        code, out, err = cli("solve", tiny, "--table", path)
        assert (code, out) == (1, "")
        assert err.startswith("error[SP07")


@pytest.mark.parametrize(
    ("command", "file", "message", "mend"),
    [
        ("evolve", "best", "tiny_best is a space", "a space has nothing left to search; `spacelang score` judges it"),
        ("solve", "best", "tiny_best is a space", "a space has nothing left to search; `spacelang score` judges it"),
        ("score", "tiny", "tiny is a hyperspace", "after a hyperspace, give an ENCODING"),
        ("score 111-000", "best", "tiny_best is a space", "a space needs no ENCODING"),
    ],
)
def test_another_kind_of_space(
    cli: Cli, tiny: Path, table: Path, tmp_path: Path, command: str, file: str, message: str, mend: str
) -> None:
    hyperspace = spacelang.load(tiny)
    best = spacelang.narrow(hyperspace, spacelang.decode(hyperspace, "111-000"), "tiny_best")
    (tmp_path / "best.space").write_text(spacelang.dumps(best))
    name, *encoding = command.split()
    code, out, err = cli(name, tmp_path / f"{file}.space", *encoding, "--table", table)
    wanted = "a hyperspace" if file == "best" else "a space"
    assert (code, out) == (1, "")
    assert err.startswith(f"error[SP1002]: {message}\n = help: this command takes {wanted}; {mend}\n")


def test_what_was_imported_as_json(cli: Cli, tiny: Path, tmp_path: Path) -> None:
    folder, table, made = tmp_path / "tables", random_table(0), tmp_path / "made.parquet"
    folder.mkdir()
    for name, text in csv_files(table).items():
        (folder / name).write_text(text)
    code, out, _ = cli("table", "import", folder, "--space", tiny, "-o", made, "--fixed-latency", "32=1,64=1", "--json")
    assert code == 0
    assert json.loads(out) == {
        "format_version": 1,
        "table": str(made),
        "rows": len(table.rows),
        "cells": 12,
        "origin": read_table(made).origin,
        "device": "cpu",
    }


def test_table_info(cli: Cli, table: Path) -> None:
    code, out, err = cli("table", "info", table)
    assert (code, err) == (0, "")
    assert out.startswith("96 rows of tiny (")
    assert len([line for line in out.splitlines() if line.startswith(" stage")]) == 1 + 12
    content = json.loads(cli("table", "info", table, "--json").out)
    assert content["rows"] == sum(cell["rows"] for cell in content["cells"]) == 96


def test_fixed_latencies_are_checked(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    arguments = ("--space", SPECS / "vnni_released.space", "-o", tmp_path / "t.parquet", "--fixed-latency", "160:1.751")
    code, _, err = cli("table", "import", tmp_path / "tables", *arguments)
    assert code == 1
    assert "'160:1.751' is not RESOLUTION=MILLISECONDS" in err
    assert not (tmp_path / "t.parquet").exists()


@pytest.mark.skipif(not ARCHIVE.exists(), reason="the published table is not at ../shared/data")
def test_the_published_table(cli: Cli, tmp_path: Path) -> None:
    spec, parquet = SPECS / "vnni_released.space", tmp_path / "t.parquet"
    code, _, err = cli("table", "import", ARCHIVE, "--space", spec, "-o", parquet, "--fixed-latency", FIXED)
    assert code == 0
    assert f"132000 rows for 132 cells: {parquet}\n" in err
    solution = json.loads(cli("solve", spec, "--table", parquet, "--json").out)
    assert solution["proved"]
