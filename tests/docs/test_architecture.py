"""The page on the architecture names every layer, in the order that import-linter enforces."""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8")


def layers() -> list[set[str]]:
    """From the lowest to the highest."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    written = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    return [{each.strip().removeprefix("spacelang.") for each in line.split("|")} for line in reversed(written)]


def test_the_table_lists_every_layer_from_the_bottom_up() -> None:
    rows = [re.findall(r"`(\w+)`", line.split("|")[1]) for line in PAGE.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in row]
    place = {name: at for at, layer in enumerate(layers()) for name in layer}
    assert sorted(named) == sorted(place)
    heights = [{place[name] for name in row} for row in rows]
    assert all(max(low) < min(high) for low, high in pairwise(heights))


def test_what_it_points_to_is_there() -> None:
    for path in re.findall(r"`((?:spacelang|backends|tests|report|check|language)/[\w/.]+)`", PAGE):
        assert (ROOT / path).exists() or (ROOT / "spacelang" / path).exists(), path
