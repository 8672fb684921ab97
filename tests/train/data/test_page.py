"""The examples in docs/data.md give what the page says; the slow ones run in a folder of their own."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "data.md"


def test_the_examples_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    failed, attempted = doctest.testfile(str(PAGE), module_relative=False)
    assert attempted > 8
    assert failed == 0


@pytest.mark.slow
def test_the_slow_examples_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "data.md"
    page.write_text(PAGE.read_text().replace("  # doctest: +SKIP", ""))
    failed, attempted = doctest.testfile(str(page), module_relative=False)
    assert attempted > 8
    assert failed == 0
