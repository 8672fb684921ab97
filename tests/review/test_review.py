"""What a reviewer is told of a change: pairs of files with all that `diff` says of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import spacelang
from spacelang.review import Unfit, review
from tests.cli.conftest import Cli
from tests.conftest import Golden

PAIRS = Path(__file__).parent / "pairs"
NAMES = sorted({path.name.partition(".")[0] for path in PAIRS.glob("*.space")})


def sides(name: str) -> tuple[Path, Path]:
    return PAIRS / f"{name}.before.space", PAIRS / f"{name}.after.space"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("format", ["text", "markdown", "json"])
def test_what_is_said_of_a_pair(
    name: str, format: str, cli: Cli, golden: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PAIRS)
    code, out, err = cli("diff", *(path.name for path in sides(name)), "--format", format)
    assert err == ""
    assert code == (0 if "No difference" in out or '"changes": []' in out else 2)
    golden(out, f"{name}.{ {'text': 'txt', 'markdown': 'md', 'json': 'json'}[format] }")


def test_the_corpus_is_whole(golden: Golden) -> None:
    assert len(NAMES) >= 40
    golden.holds_exactly(f"{name}.{suffix}" for name in NAMES for suffix in ("txt", "md", "json"))


BREAKING = {
    "same": [],
    "comment_only": [],
    "hyperspace_renamed": [],
    "targets_changed": [],
    "resolution_removed": ["encodings", "distilled builds"],
    "kernel_removed": ["encodings", "tables", "distilled builds"],
    "stage_renamed": ["encodings", "tables", "distilled builds"],
    "distill_changed": ["distilled builds"],
    "space_stage_renamed": ["distilled builds", "trained weights"],
    "space_train_settings": [],
    "model_deeper": ["trained weights"],
    "two_spaces_of_one_hyperspace": ["encodings", "distilled builds", "trained weights"],
}


@pytest.mark.parametrize("name", BREAKING)
def test_breaking_exits_2_only_for_what_no_longer_fits(name: str, cli: Cli) -> None:
    before, after = sides(name)
    unfit = review(spacelang.load(before), spacelang.load(after)).unfit
    assert [each.what for each in unfit] == BREAKING[name]
    assert cli("diff", before, after, "--breaking").code == (2 if unfit else 0)


def test_a_device_predicts_both_sides(cli: Cli) -> None:
    before, after = sides("stride_changed")
    found = json.loads(cli("diff", before, after, "--device", "cost-model", "--json").out)
    (smallest,) = [each for each in found["consequences"] if each["what"] == "predicted ms, smallest"]
    assert 0 < float(smallest["after"]) < float(smallest["before"])


def test_a_table_serves_a_narrower_hyperspace() -> None:
    """As `solve` would have it: fewer resolutions and blocks take no new table."""
    wide, narrow = (spacelang.load(f"specs/{name}.space") for name in ("vnni", "vnni_released"))
    assert Unfit("tables", "their rows were measured with other stages, blocks or widths") in review(wide, narrow).unfit
    fewer = spacelang.load(sides("block_removed")[0]), spacelang.load(sides("block_removed")[1])
    assert "tables" not in [each.what for each in review(*fewer).unfit]
