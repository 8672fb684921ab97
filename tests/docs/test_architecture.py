"""The page on the architecture names every folder, in the order that import-linter enforces."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8")


def layers() -> list[set[str]]:
    """From the lowest to the highest."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    written = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    return [{each.strip().removeprefix("spacelang.") for each in line.split("|")} for line in reversed(written)]


def test_the_table_numbers_every_folder_as_the_layers_do() -> None:
    written = [
        (int(found[1]), name)
        for line in PAGE.splitlines()
        if (found := re.match(r"\| (\d+) \| (.*?) \|", line))
        for name in re.findall(r"`(\w+)`", found[2])
    ]
    assert [number for number, _ in written] == sorted(number for number, _ in written)
    assert sorted(written) == sorted((number, name) for number, layer in enumerate(layers(), 1) for name in layer)


def test_the_pipeline_fits_in_fifteen_layers() -> None:
    assert len(layers()) <= 15


def test_what_it_points_to_is_there() -> None:
    for path in re.findall(r"`((?:spacelang|backends|tests|report|check|language)/[\w/.]+)`", PAGE):
        assert (ROOT / path).exists() or (ROOT / "spacelang" / path).exists(), path
