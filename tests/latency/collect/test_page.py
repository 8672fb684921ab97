"""The examples in docs/latency.md give what the page says."""

from __future__ import annotations

import doctest
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_examples_run() -> None:
    failed, attempted = doctest.testfile(str(ROOT / "docs" / "latency.md"), module_relative=False)
    assert attempted > 5
    assert failed == 0
